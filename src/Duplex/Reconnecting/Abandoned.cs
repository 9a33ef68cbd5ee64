namespace Duplex;

/// <summary>What is no longer waited for.</summary>
internal static class Abandoned
{
    /// <summary>Keeps a failure, whenever it comes, from being reported as unobserved.</summary>
    public static void Observe(Task task) => _ = task.ContinueWith(
        static late => late.Exception, CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    /// <summary>Cancels on the pool: callbacks that throw, or block, do not reach the caller.</summary>
    public static void Cancel(CancellationTokenSource source) => Observe(source.CancelAsync());
}
