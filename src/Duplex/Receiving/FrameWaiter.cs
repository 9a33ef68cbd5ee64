using System.Threading.Tasks.Sources;

namespace Duplex;

/// <summary>
/// A consumer that waits for a queue's next frame. It is reused for the next wait once its result was fetched.
/// </summary>
/// <param name="line">Where it waits.</param>
internal sealed class FrameWaiter(FrameWaiter.Line line) : IValueTaskSource<bool>, IThreadPoolWorkItem
{
    // A mutable struct, whose methods say when they may be called.
    private ManualResetValueTaskSourceCore<bool> _core;

    // Set by the waiting caller, disposed by it when it fetches the result.
    private CancellationTokenRegistration _registration;

    // Set by the thread that took it out of the line, before it is executed.
    private CancellationToken _cancelled;

    /// <summary>
    /// The next one in line: under the queue's lock while it is in line, then owned by the thread that took it out.
    /// </summary>
    public FrameWaiter? Next { get; private set; }

    /// <summary>
    /// Whether the queue has ended, and holds nothing: set under the queue's lock, before it is executed.
    /// </summary>
    public bool IsAtEnd { get; set; }

    /// <summary>What the end is, where it is not a normal one: set likewise.</summary>
    public Exception? Error { get; set; }

    /// <summary>Has consumers executed on the thread pool.</summary>
    /// <param name="waiter">The first; null for none.</param>
    public static void QueueAll(FrameWaiter? waiter)
    {
        while (waiter is not null)
        {
            FrameWaiter? next = waiter.TakeNext();
            ThreadPool.UnsafeQueueUserWorkItem(waiter, preferLocal: false);
            waiter = next;
        }
    }

    /// <summary>Cuts the others off, and returns them: once it is executed, the next wait may use it.</summary>
    public FrameWaiter? TakeNext()
    {
        FrameWaiter? next = Next;
        Next = null;
        return next;
    }

    /// <summary>
    /// True when there is a frame, false at a normal end; throws at any other. Called outside the lock: a token that
    /// was cancelled meanwhile calls back at once.
    /// </summary>
    /// <param name="token">Cancels the wait.</param>
    public ValueTask<bool> AsTask(CancellationToken token)
    {
        var result = new ValueTask<bool>(this, _core.Version);
        if (token.CanBeCanceled)
            _registration = token.UnsafeRegister(static (state, token) => ((FrameWaiter)state!).Cancel(token), this);
        return result;
    }

    /// <summary>Runs the consumer.</summary>
    public void Execute()
    {
        if (_cancelled.IsCancellationRequested)
            _core.SetException(new OperationCanceledException(_cancelled));
        else if (!IsAtEnd)
            _core.SetResult(true);
        else if (Error is { } error)
            _core.SetException(error);
        else
            _core.SetResult(false);
    }

    bool IValueTaskSource<bool>.GetResult(short token)
    {
        // A value task that is awaited a second time must not disturb the wait that this serves by now.
        if (_core.GetStatus(token) == ValueTaskSourceStatus.Pending)
            throw new InvalidOperationException(
                "The wait has no result yet. Await a ValueTask once, and only await it.");

        // Waits for a callback in progress: afterwards no other thread uses this waiter.
        _registration.Dispose();
        _registration = default;
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _core.Reset();
            _cancelled = default;
            IsAtEnd = false;
            Error = null;
            line.Reuse(this);
        }
    }

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        // A context's Post is user code, too, which may throw or take its time: it is called from the pool, never from
        // the loop's stack.
        if ((flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0
            && ContextPost.Capture(continuation, state) is { } post)
            _core.OnCompleted(
                ContextPost.Run, post, token, flags & ~ValueTaskSourceOnCompletedFlags.UseSchedulingContext);
        else
            _core.OnCompleted(continuation, state, token, flags);
    }

    private void Cancel(CancellationToken token)
    {
        if (!line.TryRemove(this))
            return;
        _cancelled = token;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>The consumers that wait for a queue, in the order of their calls.</summary>
    /// <param name="sync">
    /// The queue's lock, under which all but <see cref="TryRemove"/> and <see cref="Reuse"/> are called.
    /// </param>
    public sealed class Line(Lock sync)
    {
        // All under sync.
        private FrameWaiter? _first;
        private FrameWaiter? _last;
        private FrameWaiter? _spare;

        /// <summary>Adds a waiter, the last in line.</summary>
        public FrameWaiter Add()
        {
            FrameWaiter waiter = _spare ?? new FrameWaiter(this);
            _spare = null;
            if (_last is null)
                _first = waiter;
            else
                _last.Next = waiter;
            return _last = waiter;
        }

        /// <summary>
        /// Takes all out of the line, and returns the first; the others follow by <see cref="Next"/>.
        /// </summary>
        public FrameWaiter? TakeAll()
        {
            FrameWaiter? waiters = _first;
            (_first, _last) = (null, null);
            return waiters;
        }

        /// <summary>Takes one out of the line whose token was cancelled; false if it was taken out before.</summary>
        public bool TryRemove(FrameWaiter waiter)
        {
            lock (sync)
            {
                FrameWaiter? previous = null;
                for (FrameWaiter? other = _first; other is not null; previous = other, other = other.Next)
                {
                    if (other != waiter)
                        continue;
                    if (previous is null)
                        _first = waiter.Next;
                    else
                        previous.Next = waiter.Next;
                    if (_last == waiter)
                        _last = previous;
                    waiter.Next = null;
                    return true;
                }

                return false;
            }
        }

        /// <summary>Takes a waiter back, whose result was fetched: the next wait uses it.</summary>
        public void Reuse(FrameWaiter waiter)
        {
            lock (sync)
                _spare = waiter;
        }
    }
}
