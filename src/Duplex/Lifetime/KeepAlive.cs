namespace Duplex;

/// <summary>
/// Decides when a ping is due and when the peer counts as dead. Pure: it gets the time and what was observed, and
/// returns what to do.
/// </summary>
/// <remarks>
/// Not thread-safe: its owner holds a lock around it. Times are timestamps of <paramref name="time"/>. No peer is given
/// up because this process stood still: see <see cref="LateTick"/>.
/// </remarks>
/// <param name="time">Whose timestamps are compared.</param>
/// <param name="interval">How long after a ping the next one is due; infinite for never.</param>
/// <param name="timeout">
/// How long the peer may be silent once the transport has accepted a ping; infinite for no limit.
/// </param>
internal sealed class KeepAlive(TimeProvider time, TimeSpan interval, TimeSpan timeout)
{
    // Under the owner's lock.
    private TimeSpan _interval = interval;
    private long _lastPing = time.GetTimestamp();
    private ulong _sent; // the number of the last ping
    private ulong _answered; // up to this number all are
    private long? _accepted; // when the transport accepted the first unanswered ping; null for none
    private LateTick _late = new(time);

    /// <summary>What to do.</summary>
    public enum Action
    {
        /// <summary>Nothing yet.</summary>
        Wait,

        /// <summary>Send a ping.</summary>
        Ping,

        /// <summary>The peer is dead: abort.</summary>
        GiveUp,
    }

    /// <summary>How long after a ping the next one is due. Setting it begins a new period.</summary>
    public TimeSpan Interval
    {
        get => _interval;
        set
        {
            _interval = value;
            _lastPing = time.GetTimestamp();
            if (!IsOn)
                OnPong(_sent);
        }
    }

    /// <summary>How long the peer may be silent.</summary>
    public TimeSpan Timeout { get; set; } = timeout;

    private bool IsOn => _interval != System.Threading.Timeout.InfiniteTimeSpan;

    /// <summary>The ping that was due is sent under this number; numbers grow.</summary>
    public void OnPingSent(ulong number) => _sent = number;

    /// <summary>The transport accepted a ping.</summary>
    public void OnPingAccepted(ulong number, long now)
    {
        if (number > _answered)
            _accepted ??= now;
    }

    /// <summary>A pong answered the ping of this number and all before it.</summary>
    public void OnPong(ulong number)
    {
        _answered = Math.Max(_answered, number);
        if (number >= _sent)
            _accepted = null; // otherwise a later ping still waits, from now on, since something was received
    }

    /// <summary>Returns what to do now, and in what time to ask again.</summary>
    public (Action Action, TimeSpan Next) Advance(long now, in Sighting seen)
    {
        (Action Action, TimeSpan Next) todo = Judge(now, seen);
        _late.Ask(now, todo.Next);
        return todo;
    }

    private (Action Action, TimeSpan Next) Judge(long now, in Sighting seen)
    {
        if (!IsOn)
            return (Action.Wait, System.Threading.Timeout.InfiniteTimeSpan);

        TimeSpan toDeath = UntilDeath(now, seen);
        if (toDeath <= TimeSpan.Zero)
            return (Action.GiveUp, System.Threading.Timeout.InfiniteTimeSpan);
        TimeSpan toLook = seen.IsPaused ? toDeath : LateTick.NextLook(toDeath, Timeout);

        TimeSpan toPing = _interval - time.GetElapsedTime(_lastPing, now);
        if (toPing > TimeSpan.Zero)
            return (Action.Wait, Min(toPing, toLook));

        _lastPing = now;
        return (Action.Ping, Min(_interval, toLook));
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private TimeSpan UntilDeath(long now, in Sighting seen)
    {
        if (Timeout == System.Threading.Timeout.InfiniteTimeSpan)
            return TimeSpan.MaxValue;

        // One deadline for a ping that the transport has accepted, one for a write that it does not accept. Bytes from
        // the peer renew both.
        long? since = (_accepted, seen.WriteBegan) switch
        {
            ({ } accepted, { } write) => Math.Min(accepted, write),
            ({ } accepted, null) => accepted,
            (null, { } write) => write,
            _ => null,
        };

        // While the loop waits for room it reads nothing, so the peer's silence means nothing. The deadline restarts
        // after it.
        TimeSpan left = since is not { } start ? TimeSpan.MaxValue
            : seen.IsPaused ? Timeout
            : Timeout - time.GetElapsedTime(Math.Max(start, Math.Max(seen.LastInbound, seen.LastResume)), now);
        return _late.Left(now, left, Timeout, seen.LastInbound);
    }

    /// <summary>What was observed of the connection.</summary>
    /// <param name="LastInbound">When bytes were last received.</param>
    /// <param name="LastResume">When the receive loop last continued after a pause.</param>
    /// <param name="IsPaused">Whether the receive loop waits for room.</param>
    /// <param name="WriteBegan">When the write in progress began; null for none.</param>
    public readonly record struct Sighting(long LastInbound, long LastResume, bool IsPaused, long? WriteBegan);
}
