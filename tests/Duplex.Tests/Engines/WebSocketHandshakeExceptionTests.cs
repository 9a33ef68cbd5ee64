namespace Duplex.Tests;

public sealed class WebSocketHandshakeExceptionTests
{
    [Fact]
    public void A_log_may_repeat_the_tables_words() =>
        Assert.StartsWith("The server cannot be reached (ConnectionError)", new WebSocketHandshakeException(HandshakeRefusals.Unreachable.Failure(("kind", "ConnectionError"))).Words, StringComparison.Ordinal);

    [Fact]
    public void It_may_not_repeat_those_of_an_extension()
    {
        HandshakeFailure failure = HandshakeRefusals.ExtensionParameters.Failure(("extension", "toy"), ("error", "It said s3cret."));

        var error = new WebSocketHandshakeException(failure);

        Assert.Contains("s3cret", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error.Words, StringComparison.Ordinal);
    }

    [Fact]
    public void It_may_not_repeat_those_that_others_made() => Assert.All(
        [new("s3cret"), new("s3cret", new IOException()), new WebSocketHandshakeException(HandshakeCheck.Status, "s3cret")],
        error => Assert.DoesNotContain("s3cret", error.Words, StringComparison.Ordinal));
}
