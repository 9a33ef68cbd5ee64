namespace Duplex;

/// <summary>
/// Keeps time in which this process stood still from counting against the peer. A call much later than asked for
/// reveals it; the deadline is postponed, because the peer's bytes may lie unread.
/// </summary>
/// <remarks>
/// Under its owner's lock. A deadline is checked at its end and two tolerances before: a stop that ends just after it
/// must not pass for a timely call.
/// </remarks>
internal struct LateTick(TimeProvider time)
{
    // The most that a timely call may be late, and the most that is granted. A busy machine's timers are tens of
    // milliseconds late; a thousand sockets are read in less time.
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(1);

    // Only touched by the owner: when the next call was asked for, and in what time.
    private (long At, TimeSpan In)? _asked;

    // Only touched by the owner: the last grant, and whether another needs proof that this one was of use.
    private long _grantedAt;
    private TimeSpan _granted;
    private bool _isSpent;

    public LateTick(TimeProvider time, long now, TimeSpan next) : this(time) => Ask(now, next);

    public static TimeSpan Tolerance(TimeSpan timeout) => Min(Most, timeout / 4);

    /// <summary>When to look at a deadline next; <see cref="TimeSpan.MaxValue"/> if none runs.</summary>
    public static TimeSpan NextLook(TimeSpan left, TimeSpan timeout)
    {
        if (left == TimeSpan.MaxValue)
            return left;
        TimeSpan margin = 2 * Tolerance(timeout);
        return left > margin ? left - margin : left;
    }

    /// <summary>Whether this process must have stood still.</summary>
    public readonly bool IsLate(long now, TimeSpan timeout) =>
        _asked is { } asked && time.GetElapsedTime(asked.At, now) - asked.In > Tolerance(timeout);

    /// <summary>More than the clock says if the call is late. A peer heard after a grant earns another.</summary>
    public TimeSpan Left(long now, TimeSpan left, TimeSpan timeout, long lastInbound = long.MinValue)
    {
        if (IsLate(now, timeout))
        {
            // Once until a timely call: a dead peer must be noticed even if every call is late.
            if (left < Tolerance(timeout) && (!_isSpent || lastInbound >= _grantedAt))
                (_grantedAt, _granted, _isSpent) = (now, Min(Most, timeout), true);
        }
        else if (_asked is { } asked && time.GetElapsedTime(asked.At, now) >= asked.In)
        {
            _isSpent = false;
        }

        TimeSpan granted = _granted - time.GetElapsedTime(_grantedAt, now);
        return left > granted ? left : granted;
    }

    public void Ask(long now, TimeSpan next) => _asked = next == Timeout.InfiniteTimeSpan ? null : (now, next);

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
