namespace Duplex.Tests;

public sealed class ScriptBookTests
{
    private readonly ScriptBook _book = new();

    [Fact]
    public void Scripts_are_given_in_order_and_then_that_of_the_others()
    {
        ConnectionScript others = _book.ReplaceOthers(), first = _book.AddNext(), second = _book.AddNext();
        Assert.Equal(["Connection 1: did not come", "Connection 2: did not come"], _book.Unmet);
        Assert.Equal((first, true), _book.Take());
        Assert.Equal(["Connection 2: did not come"], _book.Unmet);
        Assert.Equal((second, true), _book.Take());
        Assert.Equal((others, false), _book.Take());
        Assert.Empty(_book.Unmet);
    }

    [Fact]
    public void Failures_are_thrown_once_and_together()
    {
        _book.Fail(new WebSocketTestException("one."));
        _book.Fail(new WebSocketTestException("two."));
        Assert.Equal("one. two.", Assert.Throws<WebSocketTestException>(_book.ThrowIfFailed).Message);
        _book.ThrowIfFailed();
    }

    [Fact]
    public async Task A_run_is_forgotten_at_its_end()
    {
        var end = new TaskCompletionSource();
        var connection = new TestConnection(1, new TestRequest(new HttpRequestMessage(HttpMethod.Get, "ws://any.test/")), default, () => Patience.Limit);
        _book.Begin(connection, new ScriptRun([], null!), isOwn: true, () => end.Task);
        (TestConnection running, Task run) = Assert.Single(_book.Running);
        Assert.Same(connection, running);
        end.SetResult();
        await run.Soon();
        Assert.Empty(_book.Running);
    }
}
