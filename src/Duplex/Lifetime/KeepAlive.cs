namespace Duplex;

/// <summary>Decides when a ping, or a heartbeat, is due and when the peer is dead. Pure.</summary>
/// <remarks>Its owner holds a lock around it.</remarks>
internal sealed class KeepAlive(TimeProvider time, TimeSpan interval, TimeSpan timeout, bool onlyWhenIdle = false)
{
    // Under the owner's lock.
    private TimeSpan _interval = interval;
    private long _lastPing = time.GetTimestamp();
    private ulong _sent; // the last ping's number
    private ulong _answered; // up to this number all are
    private long? _accepted; // when the transport accepted the first unanswered ping
    private LateTick _late = new(time);

    public enum Action
    {
        Wait,

        Ping,

        GiveUp,
    }

    /// <summary>Setting it begins a new period.</summary>
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

    /// <summary>How long the peer may be silent after an accepted ping.</summary>
    public TimeSpan Timeout { get; set; } = timeout;

    private bool IsOn => _interval != System.Threading.Timeout.InfiniteTimeSpan;

    public void OnPingSent(ulong number) => _sent = number;

    public void OnPingAccepted(ulong number, long now)
    {
        if (number > _answered)
            _accepted ??= now;
    }

    /// <summary>Answers all earlier pings, too.</summary>
    public void OnPong(ulong number)
    {
        _answered = Math.Max(_answered, number);
        if (number >= _sent)
            _accepted = null; // otherwise a later ping still waits, from now on
    }

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

        long last = onlyWhenIdle ? Math.Max(_lastPing, seen.LastInbound) : _lastPing;
        TimeSpan toPing = _interval - time.GetElapsedTime(last, now);
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

        // One deadline for an accepted ping, one for a write that is not accepted. Bytes from the peer renew both.
        long? since = (_accepted, seen.WriteBegan) switch
        {
            ({ } accepted, { } write) => Math.Min(accepted, write),
            ({ } accepted, null) => accepted,
            (null, { } write) => write,
            _ => null,
        };

        // A paused loop reads nothing: the deadline restarts after the pause.
        TimeSpan left = since is not { } start ? TimeSpan.MaxValue
            : seen.IsPaused ? Timeout
            : Timeout - time.GetElapsedTime(Math.Max(start, Math.Max(seen.LastInbound, seen.LastResume)), now);
        return _late.Left(now, left, Timeout, seen.LastInbound);
    }

    /// <summary>What was observed. <paramref name="IsPaused"/>: the loop reads nothing for now.</summary>
    public readonly record struct Sighting(long LastInbound, long LastResume, bool IsPaused, long? WriteBegan);
}
