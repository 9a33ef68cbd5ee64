using System.Security.Authentication;

namespace Duplex.Tests;

public class ErrorChainTests
{
    [Fact]
    public void All_exceptions_inside_are_found_outermost_first()
    {
        var deepest = new FormatException();
        var error = new InvalidDataException("", new AggregateException(new IOException("", deepest), new TimeoutException()));

        Assert.Equal([typeof(InvalidDataException), typeof(AggregateException), typeof(IOException), typeof(FormatException), typeof(TimeoutException)], ErrorChain.All(error).Select(found => found.GetType()));
        Assert.Same(deepest, ErrorChain.Find<FormatException>(error));
        Assert.Null(ErrorChain.Find<ArgumentException>(error));
        Assert.Empty(ErrorChain.All(null));
    }

    public static TheoryData<Exception> OfTransports => new()
    {
        new IOException("", new ObjectDisposedException("")),
        new HttpRequestException("", new InvalidOperationException()),
        new AuthenticationException("", new NotSupportedException()),
        new OperationCanceledException("", new ObjectDisposedException("")),
    };

    [Theory, MemberData(nameof(OfTransports))]
    public void What_a_transports_exception_contains_is_not_codes(Exception error)
    {
        Assert.Equal([error], ErrorChain.OfCode(error));
        Assert.Equal(2, ErrorChain.OfCode(new AggregateException(error)).Count());
    }

    [Fact]
    public void What_other_exceptions_contain_is_codes() =>
        Assert.Contains(ErrorChain.OfCode(new WebSocketHandshakeException("", new AggregateException(new ArgumentException()))), found => found is ArgumentException);
}
