namespace Duplex;

/// <summary>
/// The synchronization context or task scheduler of a method's caller. Only the caller's own code runs there.
/// </summary>
internal readonly struct CallersContext
{
    private readonly TaskScheduler? _scheduler; // null for the thread pool
    private readonly TaskCreationOptions _options;

    private CallersContext(TaskScheduler scheduler, TaskCreationOptions options)
    {
        _scheduler = scheduler;
        _options = options;
    }

    public static CallersContext Capture()
    {
        // As await does: a plain SynchronizationContext and the default scheduler mean the thread pool.
        if (SynchronizationContext.Current is { } context && context.GetType() != typeof(SynchronizationContext))
        {
            return new CallersContext(
                TaskScheduler.FromCurrentSynchronizationContext(),
                TaskCreationOptions.DenyChildAttach | TaskCreationOptions.HideScheduler);
        }

        return TaskScheduler.Current == TaskScheduler.Default
            ? default
            : new CallersContext(TaskScheduler.Current, TaskCreationOptions.DenyChildAttach);
    }

    /// <summary>Runs the caller's code in that context.</summary>
    public Task<TResult> RunAsync<TResult>(Func<Task<TResult>> code) =>
        _scheduler is null
            ? code()
            : Task.Factory.StartNew(code, CancellationToken.None, _options, _scheduler).Unwrap();
}
