namespace Duplex;

/// <summary>A continuation on its way from the thread pool to the synchronization context or task scheduler that whoever awaits wants to go on in.</summary>
internal sealed class ContextPost
{
    private readonly Action<object?> _continuation;
    private readonly object? _state;
    private readonly SynchronizationContext? _context;
    private readonly TaskScheduler? _scheduler;

    private ContextPost(Action<object?> continuation, object? state, SynchronizationContext? context, TaskScheduler? scheduler)
    {
        _continuation = continuation;
        _state = state;
        _context = context;
        _scheduler = scheduler;
    }

    /// <summary>The second half of the way: called on the pool with a <see cref="ContextPost"/>.</summary>
    public static Action<object?> Run { get; } = static hop => ((ContextPost)hop!).Post();

    /// <summary>The hop to where the caller runs; null if that is the pool anyway.</summary>
    public static ContextPost? Capture(Action<object?> continuation, object? state)
    {
        // As await itself has it: a context that is no more than the base class, and the default scheduler, are the pool.
        if (SynchronizationContext.Current is { } context && context.GetType() != typeof(SynchronizationContext))
            return new ContextPost(continuation, state, context, scheduler: null);
        return TaskScheduler.Current != TaskScheduler.Default ? new ContextPost(continuation, state, context: null, TaskScheduler.Current) : null;
    }

    private void Post()
    {
        try
        {
            if (_context is not null)
                _context.Post(static hop => ((ContextPost)hop!).Continue(), this);
            else
                _ = Task.Factory.StartNew(static hop => ((ContextPost)hop!).Continue(), this, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler!);
        }
        catch (Exception) // its loop has ended, say: whoever awaits shall still learn what happened, and not wait for ever
        {
            Continue();
        }
    }

    private void Continue() => _continuation(_state);
}
