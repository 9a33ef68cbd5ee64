namespace Duplex;

/// <summary>Posts a continuation to the synchronization context or task scheduler of the awaiting code.</summary>
internal sealed class ContextPost
{
    private readonly Action<object?> _continuation;
    private readonly object? _state;
    private readonly SynchronizationContext? _context;
    private readonly TaskScheduler? _scheduler;

    private ContextPost(
        Action<object?> continuation, object? state, SynchronizationContext? context, TaskScheduler? scheduler)
    {
        _continuation = continuation;
        _state = state;
        _context = context;
        _scheduler = scheduler;
    }

    public static Action<object?> Run { get; } = static post => ((ContextPost)post!).Post();

    /// <summary>Null if the caller runs on the thread pool.</summary>
    public static ContextPost? Capture(Action<object?> continuation, object? state)
    {
        // As await does: the base class and the default scheduler mean the pool.
        if (SynchronizationContext.Current is { } context && context.GetType() != typeof(SynchronizationContext))
            return new ContextPost(continuation, state, context, scheduler: null);
        return TaskScheduler.Current != TaskScheduler.Default
            ? new ContextPost(continuation, state, context: null, TaskScheduler.Current)
            : null;
    }

    private void Post()
    {
        try
        {
            if (_context is not null)
                _context.Post(static post => ((ContextPost)post!).Continue(), this);
            else
                _ = Task.Factory.StartNew(
                    static post => ((ContextPost)post!).Continue(), this, CancellationToken.None,
                    TaskCreationOptions.DenyChildAttach, _scheduler!);
        }
        catch (Exception) // the context's loop has ended, for example
        {
            Continue();
        }
    }

    private void Continue() => _continuation(_state);
}
