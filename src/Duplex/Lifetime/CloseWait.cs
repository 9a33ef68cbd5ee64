namespace Duplex;

/// <summary>
/// Decides how long a close handshake may take, and when an idle consumer no longer delays it. Pure, not thread-safe.
/// </summary>
/// <remarks>
/// Each frame taken from a full queue restarts <paramref name="timeout"/>: while we do not read, no Close can arrive.
/// </remarks>
internal sealed class CloseWait(TimeProvider time, TimeSpan timeout, bool watchesConsumer)
{
    /// <summary>For an infinite timeout: that of the default of 5 s.</summary>
    private static readonly TimeSpan DefaultPeriod = TimeSpan.FromSeconds(1.25);

    // A quarter: a consumer is given up after one or two, so that two are left for the peer's Close.
    private readonly TimeSpan _period = timeout == Timeout.InfiniteTimeSpan ? DefaultPeriod : timeout / 4;

    // Only touched by the owner: when the time began, and what was seen then and last.
    private long _began = time.GetTimestamp();
    private Sighting _seenAtBegin;
    private Sighting _seen;
    private long _seenAt;
    private LateTick _late = new(time, time.GetTimestamp(), TimeSpan.Zero);

    public enum Action
    {
        Wait,

        /// <summary>Nothing was taken for one or two periods: discard what does not fit.</summary>
        Discard,

        GiveUp,
    }

    /// <summary>What was seen of the incoming queue.</summary>
    public readonly record struct Sighting(bool IsFull, long Taken, long Pauses);

    public (Action Action, TimeSpan Next) Look(long now, in Sighting seen)
    {
        (Action Action, TimeSpan Next) todo = Judge(now, seen);
        _late.Ask(now, todo.Next);
        return todo;
    }

    private (Action Action, TimeSpan Next) Judge(long now, in Sighting seen)
    {
        // Compared with the begin: a frame is seen to be taken before the loop is seen to wait again.
        if (seen.Taken != _seenAtBegin.Taken && (seen.IsFull || seen.Pauses != _seenAtBegin.Pauses))
            (_began, _seenAtBegin) = (now, seen);

        Action action = Action.Wait;
        if (!seen.IsFull || !_seen.IsFull || seen.Taken != _seen.Taken || _late.IsLate(now, 4 * _period))
            _seenAt = now;
        else if (watchesConsumer && time.GetElapsedTime(_seenAt, now) >= _period)
            action = Action.Discard;
        _seen = seen;

        TimeSpan rest = timeout == Timeout.InfiniteTimeSpan
            ? TimeSpan.MaxValue
            : _late.Left(now, timeout - time.GetElapsedTime(_began, now), timeout);
        if (rest <= TimeSpan.Zero)
            return (Action.GiveUp, TimeSpan.Zero);
        TimeSpan look = !watchesConsumer ? TimeSpan.MaxValue
            : action == Action.Discard ? _period
            : _period - time.GetElapsedTime(_seenAt, now);
        rest = LateTick.NextLook(rest, timeout);
        TimeSpan next = look < rest ? look : rest;
        return (action, next == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : next);
    }
}
