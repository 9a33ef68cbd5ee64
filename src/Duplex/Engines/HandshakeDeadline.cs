namespace Duplex;

/// <summary>
/// The timeout of a handshake with all its attempts. Time during which this process was suspended does not count. It
/// can also measure whether this process was late.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class HandshakeDeadline : IDisposable
{
    // An exhausted pool adds a thread about every half second; a pool that is only busy runs a work item sooner than
    // this.
    private static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _source = new(); // no timer, so no disposal needed
    private readonly TimeLimit _limit;
    private readonly TimeProvider _time;
    private readonly Action<Action> _queue;
    private readonly long _begun;

    private long _fired; // set by the token's callback, read by any thread

    /// <summary>Starts the timeout.</summary>
    /// <param name="timeout">The timeout, or <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="queue">Queues a work item to the thread pool; replaced in tests.</param>
    public HandshakeDeadline(TimeSpan timeout, TimeProvider time, Action<Action>? queue = null)
    {
        Timeout = timeout;
        _time = time;
        _queue = queue
            ?? (static act => ThreadPool.UnsafeQueueUserWorkItem(static act => act(), act, preferLocal: false));
        _begun = time.GetTimestamp();
        Token = _source.Token;
        Token.UnsafeRegister(static deadline => ((HandshakeDeadline)deadline!).Fired(), this);
        _limit = new TimeLimit(time, timeout, _source.Cancel);
    }

    /// <summary>A deadline that has ended.</summary>
    public static HandshakeDeadline Over { get; } = Ended();

    public TimeSpan Timeout { get; }

    /// <summary>Fires on timeout or when the deadline is ended. It stays usable after disposal.</summary>
    public CancellationToken Token { get; }

    public void End() => _source.Cancel();

    /// <summary>Measures how late this process is, after a timeout has fired. Takes at most one second.</summary>
    /// <returns>
    /// A lower bound of how late the deadline fired or a thread-pool work item ran; null if neither was late by a
    /// second.
    /// </returns>
    public async Task<TimeSpan?> LatenessAsync()
    {
        // Use the time of firing, not the current time: a handler above may retry much later. Zero means that our
        // callback has not run yet.
        long fired = Volatile.Read(ref _fired);
        TimeSpan late = _time.GetElapsedTime(_begun, fired == 0 ? _time.GetTimestamp() : fired) - Timeout;
        if (Timeout != System.Threading.Timeout.InfiniteTimeSpan && late >= Noticeable)
            return late;

        // Test with an ordinary work item, like a socket's. The pool runs timers first, so a timely timer proves
        // nothing.
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

    /// <summary>Ends the deadline and releases its timers. Call it once.</summary>
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
