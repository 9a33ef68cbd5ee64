namespace Duplex.Tests;

public sealed class AmbientFlowTests
{
    private static readonly AsyncLocal<string?> Ambient = new();

    [Fact]
    public async Task What_is_made_meanwhile_keeps_no_ambient_values()
    {
        Ambient.Value = "the caller's";
        var seen = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        ITimer timer;
        using (AmbientFlow.Suppress())
            timer = TimeProvider.System.CreateTimer(_ => seen.TrySetResult(Ambient.Value), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);

        Assert.Null(await seen.Task.Soon());
        Assert.False(ExecutionContext.IsFlowSuppressed());
        await timer.DisposeAsync();
    }

    [Fact]
    public void Within_a_suppressed_flow_it_does_nothing()
    {
        using AsyncFlowControl? outer = AmbientFlow.Suppress();

        Assert.Null(AmbientFlow.Suppress());

        Assert.True(ExecutionContext.IsFlowSuppressed());
    }
}
