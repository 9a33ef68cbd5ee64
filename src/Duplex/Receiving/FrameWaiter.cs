using System.Threading.Tasks.Sources;

namespace Duplex;

/// <summary>A consumer that waits for a queue; reused once its result was fetched.</summary>
internal sealed class FrameWaiter(FrameWaiter.Line line) : IValueTaskSource<bool>, IThreadPoolWorkItem
{
    // A mutable struct: its methods say when they may be called.
    private ManualResetValueTaskSourceCore<bool> _core;

    // Set by the waiting caller, disposed with the result.
    private CancellationTokenRegistration _registration;

    // Set by the thread that took it out of the line.
    private CancellationToken _cancelled;

    /// <summary>Under the queue's lock while in line, then owned by the thread that took it out.</summary>
    public FrameWaiter? Next { get; private set; }

    /// <summary>Set under the queue's lock, as is <see cref="Error"/>.</summary>
    public bool IsAtEnd { get; set; }

    public Exception? Error { get; set; }

    public static void QueueAll(FrameWaiter? waiter)
    {
        while (waiter is not null)
        {
            FrameWaiter? next = waiter.TakeNext();
            ThreadPool.UnsafeQueueUserWorkItem(waiter, preferLocal: false);
            waiter = next;
        }
    }

    /// <summary>Once executed, this one may serve the next wait.</summary>
    public FrameWaiter? TakeNext()
    {
        FrameWaiter? next = Next;
        Next = null;
        return next;
    }

    /// <summary>Called outside the lock: a cancelled token calls back at once.</summary>
    public ValueTask<bool> AsTask(CancellationToken token)
    {
        var result = new ValueTask<bool>(this, _core.Version);
        if (token.CanBeCanceled)
            _registration = token.UnsafeRegister(static (state, token) => ((FrameWaiter)state!).Cancel(token), this);
        return result;
    }

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
        // A second await must not disturb the wait that this serves by now.
        if (_core.GetStatus(token) == ValueTaskSourceStatus.Pending)
            throw new InvalidOperationException(
                "The wait has no result yet. Await a ValueTask once, and only await it.");

        // Waits for a callback in progress: then no other thread uses this waiter.
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
        // A context's Post is user code, which may throw or block: not on the loop's stack.
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

    /// <summary>
    /// The waiting consumers, in call order. All but <see cref="TryRemove"/> and <see cref="Reuse"/> are called under
    /// the lock, which is the line itself, to save an object.
    /// </summary>
    public sealed class Line
    {
        // All under the lock.
        private FrameWaiter? _first;
        private FrameWaiter? _last;
        private FrameWaiter? _spare;

        public bool Any => _first is not null;

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

        public FrameWaiter? TakeAll()
        {
            FrameWaiter? waiters = _first;
            (_first, _last) = (null, null);
            return waiters;
        }

        public bool TryRemove(FrameWaiter waiter)
        {
            lock (this)
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

        public void Reuse(FrameWaiter waiter)
        {
            lock (this)
                _spare = waiter;
        }
    }
}
