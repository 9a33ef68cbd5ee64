namespace Duplex.Tests;

public sealed class PoolSnapshotTests
{
    [Fact]
    public async Task A_work_item_counts_as_long_as_it_runs_and_once_it_has_ended()
    {
        long before = PoolSnapshot.Take().Completed;
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var end = new ManualResetEventSlim();
        Task item = Task.Run(() =>
        {
            begun.SetResult();
            end.Wait(Patience.Limit);
        });
        await begun.Task.Soon();

        Assert.True(PoolSnapshot.Take().Working >= 1);
        end.Set();
        await item.Soon();
        await Patience.Until(() => PoolSnapshot.Take().Completed > before);
    }
}
