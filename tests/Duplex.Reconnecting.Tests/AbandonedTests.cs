namespace Duplex.Tests;

public sealed class AbandonedTests
{
    [Fact]
    public async Task A_failure_that_comes_late_is_observed()
    {
        var late = new TaskCompletionSource();
        Abandoned.Observe(late.Task);
        late.SetException(new FormatException());
        await Assert.ThrowsAsync<FormatException>(() => late.Task); // who awaits it still sees it
    }

    [Fact]
    public async Task A_callback_that_throws_does_not_reach_the_one_that_cancels()
    {
        using var source = new CancellationTokenSource();
        var called = new TaskCompletionSource();
        source.Token.Register(() =>
        {
            called.SetResult();
            throw new FormatException();
        });
        Abandoned.Cancel(source);
        Assert.True(source.IsCancellationRequested);
        await called.Task.Soon();
    }
}
