namespace Duplex;

/// <summary>
/// The time limit of a handshake with all its attempts. Time in which this process stood still does not count. When the limit is
/// reached, it measures whether this process was late.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class HandshakeDeadline : IDisposable
{
    // The pool adds a thread about every half second while all of them block: a busy pool is quicker than this, an exhausted one is not.
    private static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _source = new(); // without a timer: nothing to dispose
    private readonly TimeLimit _limit;
    private readonly TimeProvider _time;
    private readonly Action<Action> _queue;
    private readonly long _begun;

    private long _fired; // set by the token's callback, read by any thread

    /// <summary>Starts the time.</summary>
    /// <param name="timeout">How long it is, or <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="queue">Queues a work item to the thread pool; tests replace it.</param>
    public HandshakeDeadline(TimeSpan timeout, TimeProvider time, Action<Action>? queue = null)
    {
        Timeout = timeout;
        _time = time;
        _queue = queue ?? (static act => ThreadPool.UnsafeQueueUserWorkItem(static act => act(), act, preferLocal: false));
        _begun = time.GetTimestamp();
        Token = _source.Token;
        Token.UnsafeRegister(static deadline => ((HandshakeDeadline)deadline!).Fired(), this);
        _limit = new TimeLimit(time, timeout, _source.Cancel);
    }

    /// <summary>The deadline of an attempt that is over.</summary>
    public static HandshakeDeadline Over { get; } = Ended();

    /// <summary>How long it is.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>Fires when the time is over or the deadline is ended. It outlives this object.</summary>
    public CancellationToken Token { get; }

    /// <summary>Ends it now.</summary>
    public void End() => _source.Cancel();

    /// <summary>Measures how late this process is, now that some time limit has been reached.</summary>
    /// <returns>By how much the deadline fired late, or a work item of the thread pool ran late, at least; null if neither is noticeable. It takes at most a second.</returns>
    public async Task<TimeSpan?> LatenessAsync()
    {
        // Not the time since: a handler above may try again long after the deadline fired. Zero means that it fires just now, and our callback has not run yet.
        long fired = Volatile.Read(ref _fired);
        TimeSpan late = _time.GetElapsedTime(_begun, fired == 0 ? _time.GetTimestamp() : fired) - Timeout;
        if (Timeout != System.Threading.Timeout.InfiniteTimeSpan && late >= Noticeable)
            return late;

        // An ordinary work item, like those that read from a socket. The pool serves timers before them, so a timely timer proves nothing.
        var ran = new TaskCompletionSource();
        _queue(ran.SetResult);
        try
        {
            await ran.Task.WaitAsync(Noticeable, _time).ConfigureAwait(false);
            return null;
        }
        catch (TimeoutException)
        {
            return Noticeable;
        }
    }

    /// <summary>Ends it, and releases its timers. Once.</summary>
    public void Dispose()
    {
        _limit.Dispose();
        _source.Cancel();
    }

    private void Fired() => Volatile.Write(ref _fired, _time.GetTimestamp());

    private static HandshakeDeadline Ended()
    {
        var deadline = new HandshakeDeadline(System.Threading.Timeout.InfiniteTimeSpan, TimeProvider.System);
        deadline.Dispose();
        return deadline;
    }
}
