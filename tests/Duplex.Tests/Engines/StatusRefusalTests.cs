using System.Net;

namespace Duplex.Tests;

public sealed class StatusRefusalTests
{
    [Theory]
    [InlineData(302, "Redirects")]
    [InlineData(401, "credentials")]
    [InlineData(404, "path")]
    [InlineData(503, "later")]
    public async Task A_rejection_has_the_status_a_cure_the_headers_and_the_body_but_not_in_its_message(int status, string cure)
    {
        var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent("secret body") };
        response.Headers.TryAddWithoutValidation("X-Why", "secret header");

        WebSocketHandshakeException error = await StatusRefusal.OfAsync(response, CancellationToken.None);

        Assert.Equal(HandshakeCheck.Status, error.Check);
        Assert.Equal((HttpStatusCode)status, error.StatusCode);
        Assert.Equal("secret header", Assert.Single(error.Headers!.GetValues("X-Why")));
        Assert.Equal("secret body", error.BodyPreview);
        Assert.Contains($"{status}", error.Message, StringComparison.Ordinal);
        Assert.Contains(cure, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("120", "120 s")]
    [InlineData("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT")]
    public async Task It_says_when_the_server_may_be_asked_again(string header, string words)
    {
        var response = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        response.Headers.TryAddWithoutValidation("Retry-After", header);

        WebSocketHandshakeException error = await StatusRefusal.OfAsync(response, CancellationToken.None);

        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }
}
