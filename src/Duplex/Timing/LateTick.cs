namespace Duplex;

/// <summary>
/// Keeps time in which this process stood still (stopped, suspended, without a free thread) from counting against the
/// peer. A call that comes much later than it was asked for reveals such a stop. What the peer sent meanwhile may lie
/// unread in the socket, so the deadline is postponed by the time that reading it takes.
/// </summary>
/// <remarks>
/// <para>
/// Pure, and not thread-safe: its owner holds a lock around it. Times are timestamps of <paramref name="time"/>.
/// </para>
/// <para>
/// A deadline is checked twice: at its end, and two tolerances before. Without the first check, a long stop that ends
/// just after the deadline would pass for a timely call.
/// </para>
/// </remarks>
/// <param name="time">Whose timestamps are compared.</param>
internal struct LateTick(TimeProvider time)
{
    // The most that a timely call may be late, and the most that is granted. Timers of a busy machine are tens of
    // milliseconds late, and a thousand sockets are read in less than a second. A dead peer is noticed one second
    // later, not one timeout.
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(1);

    // Only touched by the owner: when the next call was asked for, and in what time; null if none was.
    private (long At, TimeSpan In)? _asked;

    // Only touched by the owner: when time was last granted, how much, and whether another grant needs proof that this
    // one was of use.
    private long _grantedAt;
    private TimeSpan _granted;
    private bool _isSpent;

    /// <summary>With a first call that is asked for already.</summary>
    /// <param name="time">Whose timestamps are compared.</param>
    /// <param name="now">Since when.</param>
    /// <param name="next">In what time.</param>
    public LateTick(TimeProvider time, long now, TimeSpan next) : this(time) => Ask(now, next);

    /// <summary>How late a call may come and still be timely.</summary>
    public static TimeSpan Tolerance(TimeSpan timeout) => Min(Most, timeout / 4);

    /// <summary>When to look at a deadline next.</summary>
    /// <param name="left">What is left of it; <see cref="TimeSpan.MaxValue"/> if none runs.</param>
    /// <param name="timeout">How long it is in all.</param>
    public static TimeSpan NextLook(TimeSpan left, TimeSpan timeout)
    {
        if (left == TimeSpan.MaxValue)
            return left;
        TimeSpan margin = 2 * Tolerance(timeout);
        return left > margin ? left - margin : left;
    }

    /// <summary>Whether a call comes so late that this process must have stood still.</summary>
    public readonly bool IsLate(long now, TimeSpan timeout) =>
        _asked is { } asked && time.GetElapsedTime(asked.At, now) - asked.In > Tolerance(timeout);

    /// <summary>
    /// The owner is called: what is left of its deadline, which is more than the clock says if the call is late.
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="left">What is left by the clock; <see cref="TimeSpan.MaxValue"/> if no deadline runs.</param>
    /// <param name="timeout">How long the deadline is in all.</param>
    /// <param name="lastInbound">
    /// When the peer was last heard: if that was after a grant, the grant was of use, and a further stop gets one, too.
    /// </param>
    public TimeSpan Left(long now, TimeSpan left, TimeSpan timeout, long lastInbound = long.MinValue)
    {
        if (IsLate(now, timeout))
        {
            // Once until a timely call: a dead peer must be noticed even where every call is late.
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

    /// <summary>The owner asks to be called again; <see cref="Timeout.InfiniteTimeSpan"/> for never.</summary>
    public void Ask(long now, TimeSpan next) => _asked = next == Timeout.InfiniteTimeSpan ? null : (now, next);

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
