namespace Duplex;

/// <summary>Where a caller's code runs: a synchronization context or task scheduler.</summary>
internal readonly struct CallersContext
{
    private readonly TaskScheduler? _scheduler; // null: the thread pool
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

    public Task<TResult> RunAsync<TResult>(Func<Task<TResult>> code) =>
        _scheduler is null
            ? code()
            : Task.Factory.StartNew(code, CancellationToken.None, _options, _scheduler).Unwrap();
}
