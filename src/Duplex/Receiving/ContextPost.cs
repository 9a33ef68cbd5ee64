namespace Duplex;

/// <summary>
/// Posts a continuation from the thread pool to the synchronization context or task scheduler of the awaiting code.
/// </summary>
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

    /// <summary>The continuation for the pool; its state is a <see cref="ContextPost"/>.</summary>
    public static Action<object?> Run { get; } = static post => ((ContextPost)post!).Post();

    /// <summary>Captures the caller's context; null if the caller runs on the thread pool.</summary>
    public static ContextPost? Capture(Action<object?> continuation, object? state)
    {
        // As await does: the base class of contexts and the default scheduler stand for the thread pool.
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
        catch (Exception) // the context's loop has ended, for example: the awaiting code must continue all the same
        {
            Continue();
        }
    }

    private void Continue() => _continuation(_state);
}
