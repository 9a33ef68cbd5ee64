using System.Runtime.CompilerServices;

namespace Duplex.Testing;

/// <summary>Waits until the process's thread pool has nothing left to do.</summary>
/// <remarks>Thread-safe. One caller looks at a time: two would take each other for work.</remarks>
internal static class Quiescence
{
    /// <summary>So many looks are made without a pause; what a test does within a step rarely takes longer.</summary>
    private const int EagerLooks = 200;

    /// <summary>
    /// How often work may go from a synchronization context to the pool and back within one step. Such work is seen
    /// only by running behind it.
    /// </summary>
    private const int ContextRounds = 8;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1); // the shortest of a timer
    private static readonly SemaphoreSlim Looking = new(1, 1);
    private static readonly QuietJudge Judge = new();

    /// <summary>Waits.</summary>
    /// <param name="limit">The most real time.</param>
    /// <param name="context">Where the caller's code runs, too; null for the pool alone.</param>
    /// <param name="token">Cancels the wait.</param>
    /// <exception cref="TimeoutException">The pool stayed busy.</exception>
    public static async Task WaitAsync(TimeSpan limit, SynchronizationContext? context, CancellationToken token)
    {
        await Looking.WaitAsync(token).ConfigureAwait(false);
        try
        {
            long began = TimeProvider.System.GetTimestamp();
            await LookAsync(limit, began, token).ConfigureAwait(false);
            for (int i = 0; context is not null && i < ContextRounds; i++)
            {
                await BehindAsync(context, limit, began, token).ConfigureAwait(false);
                await LookAsync(limit, began, token).ConfigureAwait(false);
            }
        }
        finally
        {
            Looking.Release();
        }
    }

    private static async Task LookAsync(TimeSpan limit, long began, CancellationToken token)
    {
        if (!Thread.CurrentThread.IsThreadPoolThread)
            await default(PoolHop);
        Judge.Begin();
        for (int looks = 1; ; looks++)
        {
            token.ThrowIfCancellationRequested();
            TimeSpan elapsed = TimeProvider.System.GetElapsedTime(began);
            PoolSnapshot pool = PoolSnapshot.Take();
            QuietJudge.Verdict verdict = Judge.Judge(pool, elapsed);
            if (verdict == QuietJudge.Verdict.Quiet)
                return;
            if (elapsed > limit)
                throw Busy(limit, pool);
            if (looks > EagerLooks && verdict != QuietJudge.Verdict.LookAgain)
                await Task.Delay(Pause, token).ConfigureAwait(false);
            else if (verdict == QuietJudge.Verdict.GiveWay)
                await default(PoolHop);
            else
                Thread.Yield();
        }
    }

    private static async Task BehindAsync(
        SynchronizationContext context, TimeSpan limit, long began, CancellationToken token)
    {
        var ran = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        context.Post(static state => ((TaskCompletionSource)state!).TrySetResult(), ran);
        TimeSpan left = limit - TimeProvider.System.GetElapsedTime(began);
        try
        {
            await ran.Task.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, token).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw Busy(limit, PoolSnapshot.Take());
        }
    }

    private static TimeoutException Busy(TimeSpan limit, PoolSnapshot pool) => new(
        $"Virtual time stands still: the process was busy for {limit.TotalSeconds:0.###} s of real time " +
        $"({pool.Pending} work items pending, {Math.Max(pool.Working - 1, 0)} threads working), and time passes only " +
        "when all work is done. Look for a loop that never waits, a blocked synchronization context, or tests that " +
        "run in parallel. VirtualTime.RealTimeLimit is the limit.");

    /// <summary>Continues on the pool, after what is queued there.</summary>
    private readonly struct PoolHop : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public PoolHop GetAwaiter() => this;

        public void GetResult() { }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) =>
            ThreadPool.UnsafeQueueUserWorkItem(static run => run(), continuation, preferLocal: false);
    }
}
