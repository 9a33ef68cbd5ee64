namespace Duplex.Testing;

/// <summary>What the thread pool has to do at one moment.</summary>
/// <param name="Pending">The work items in its queues.</param>
/// <param name="Working">The threads that run a work item, or look for one; a thread that blocks counts.</param>
/// <param name="Completed">The work items that have ended since the process began.</param>
internal readonly record struct PoolSnapshot(long Pending, int Working, long Completed)
{
    /// <summary>
    /// Takes one. The order matters: a work item that runs after the queues were seen empty keeps its thread working
    /// until the queues are empty again, so work cannot pass unseen from one count to the other.
    /// </summary>
    public static PoolSnapshot Take()
    {
        long pending = ThreadPool.PendingWorkItemCount;
        ThreadPool.GetMaxThreads(out int most, out _);
        ThreadPool.GetAvailableThreads(out int available, out _);
        return new PoolSnapshot(pending, most - available, ThreadPool.CompletedWorkItemCount);
    }
}
