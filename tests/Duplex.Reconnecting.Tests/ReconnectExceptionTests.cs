namespace Duplex.Tests;

public sealed class ReconnectExceptionTests
{
    [Theory]
    [InlineData(1, "after 1 attempt: a rule.")]
    [InlineData(3, "after 3 attempts: a rule.")]
    public void It_says_how_many_attempts_and_why_and_has_the_verdict(int attempts, string words)
    {
        var error = new FormatException("secret");
        DisconnectVerdict verdict = Ended.Failed(error) with { Why = "a rule" };
        var thrown = new ReconnectException(verdict, attempts);
        Assert.Contains(words, thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", thrown.Message, StringComparison.Ordinal);
        Assert.Equal((verdict, attempts, (Exception)error), (thrown.Verdict, thrown.Attempts, thrown.InnerException));
    }

    [Fact]
    public void The_usual_constructors_have_no_verdict()
    {
        var inner = new FormatException();
        foreach (ReconnectException one in (ReconnectException[])[new(), new("x"), new("x", inner)])
            Assert.Equal((null, 0), (one.Verdict, one.Attempts));
        Assert.Same(inner, new ReconnectException("x", inner).InnerException);
        Assert.Equal("The connection was given up.", new ReconnectException().Message);
    }
}
