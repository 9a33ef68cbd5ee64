namespace Duplex;

/// <summary>
/// The timeout of a handshake with all its attempts, without time in which this process was suspended.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class HandshakeDeadline : IDisposable
{
    // An exhausted pool adds a thread about every half second; a busy one runs a work item sooner than this.
    private static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _source = new(); // no timer, so no disposal needed
    private readonly TimeLimit _limit;
    private readonly TimeProvider _time;
    private readonly Action<Action> _queue;
    private readonly long _begun;

    private long _fired; // set by the token's callback

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

    public static HandshakeDeadline Over { get; } = Ended();

    public TimeSpan Timeout { get; }

    /// <summary>Stays usable after disposal.</summary>
    public CancellationToken Token { get; }

    public void End() => _source.Cancel();

    /// <summary>A lower bound of this process's lateness, measured within a second; null if below one.</summary>
    public async Task<TimeSpan?> LatenessAsync()
    {
        // Use the time of firing: a handler above may retry much later. Zero: our callback has not run yet.
        long fired = Volatile.Read(ref _fired);
        TimeSpan late = _time.GetElapsedTime(_begun, fired == 0 ? _time.GetTimestamp() : fired) - Timeout;
        if (Timeout != System.Threading.Timeout.InfiniteTimeSpan && late >= Noticeable)
            return late;

        // Test with an ordinary work item, like a socket's: the pool runs timers first.
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
