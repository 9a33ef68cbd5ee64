namespace Duplex.Tests;

public class WebSocketClosedExceptionTests
{
    [Fact]
    public void It_always_has_a_result()
    {
        var inner = new IOException();
        var result = new CloseResult { WasClean = true };

        Assert.NotNull(new WebSocketClosedException().Result);
        Assert.Same(inner, new WebSocketClosedException("x", inner).Result.Error);
        Assert.Same(result, new WebSocketClosedException("x", result, inner).Result);
        Assert.Throws<ArgumentNullException>(() => new WebSocketClosedException("x", result: null!));
    }
}
