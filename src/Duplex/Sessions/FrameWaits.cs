using System.Threading.Tasks.Sources;

namespace Duplex;

/// <summary>The consumers that wait for a queue's next frame: a list, the first to be woken first.</summary>
/// <remarks>Thread-safe where a member does not say that it is called under the queue's lock.</remarks>
/// <param name="sync">The queue's lock.</param>
internal sealed class FrameWaits(Lock sync)
{
    // All under sync.
    private Wait? _first;
    private Wait? _last;
    private Wait? _spare;

    /// <summary>Under the lock: a new wait, the last in line. Its task is asked for outside: a token that was cancelled meanwhile calls back at once.</summary>
    public Wait Add()
    {
        Wait wait = _spare ?? new Wait(this);
        _spare = null;
        if (_last is null)
            _first = wait;
        else
            _last.Next = wait;
        _last = wait;
        return wait;
    }

    /// <summary>Under the lock: takes all off the list, and gives the first; the others follow by <see cref="Wait.Next"/>. The caller says how they ended, and has them executed.</summary>
    public Wait? TakeAll()
    {
        Wait? waits = _first;
        (_first, _last) = (null, null);
        return waits;
    }

    // False if somebody else has taken it off the list.
    private bool TryRemove(Wait wait)
    {
        lock (sync)
        {
            Wait? previous = null;
            for (Wait? other = _first; other is not null; previous = other, other = other.Next)
            {
                if (other != wait)
                    continue;
                if (previous is null)
                    _first = wait.Next;
                else
                    previous.Next = wait.Next;
                if (_last == wait)
                    _last = previous;
                wait.Next = null;
                return true;
            }

            return false;
        }
    }

    private void GiveBack(Wait wait)
    {
        lock (sync)
            _spare = wait;
    }

    /// <summary>One wait. It is reused by the next when its result was fetched.</summary>
    /// <param name="waits">Where it stands in line.</param>
    public sealed class Wait(FrameWaits waits) : IValueTaskSource<bool>, IThreadPoolWorkItem
    {
        // A mutable struct, whose methods say when they may be called.
        private ManualResetValueTaskSourceCore<bool> _core;

        // Set by the waiting caller, disposed by it when it fetches the result.
        private CancellationTokenRegistration _registration;

        // Set by whoever took it off the list, before it is executed.
        private CancellationToken _cancelled;

        /// <summary>The one behind it: under the queue's lock while it is in the list; by whoever wakes it afterwards.</summary>
        public Wait? Next { get; set; }

        /// <summary>Whether the queue has ended, and holds nothing: set by whoever took it off the list, before it is executed.</summary>
        public bool IsAtEnd { get; set; }

        /// <summary>What the end is, where it is not a normal one: set likewise.</summary>
        public Exception? Error { get; set; }

        /// <summary>True when there is a frame, false at a normal end; throws at any other.</summary>
        /// <param name="token">Ends the wait.</param>
        public ValueTask<bool> AsTask(CancellationToken token)
        {
            var result = new ValueTask<bool>(this, _core.Version);
            if (token.CanBeCanceled)
                _registration = token.UnsafeRegister(static (state, token) => ((Wait)state!).Cancel(token), this);
            return result;
        }

        /// <summary>Runs whoever waits.</summary>
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
            // Whoever awaits a value task a second time must not disturb the wait that this serves by now.
            if (_core.GetStatus(token) == ValueTaskSourceStatus.Pending)
                throw new InvalidOperationException("The wait has no result yet. Await a ValueTask once, and only await it.");

            // Waits for a callback in progress: afterwards nobody else knows this wait.
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
                waits.GiveBack(this);
            }
        }

        ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _core.GetStatus(token);

        void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        {
            // A context's Post is user code, too, which may throw or take its time: it is called from the pool, never from the loop's stack.
            if ((flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0 && ContextHop.Capture(continuation, state) is { } hop)
                _core.OnCompleted(ContextHop.Run, hop, token, flags & ~ValueTaskSourceOnCompletedFlags.UseSchedulingContext);
            else
                _core.OnCompleted(continuation, state, token, flags);
        }

        private void Cancel(CancellationToken token)
        {
            if (!waits.TryRemove(this))
                return;
            _cancelled = token;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }
}
