namespace Duplex;

/// <summary>
/// Decides how long a close handshake may take, from its creation on, and when a consumer that takes nothing no longer
/// delays it. Pure: it gets the time and what was observed.
/// </summary>
/// <remarks>Not thread-safe. Times are timestamps of <paramref name="time"/>.</remarks>
/// <param name="time">Whose timestamps are compared.</param>
/// <param name="timeout">
/// How long the handshake may take; infinite for no limit. Each frame taken from a full queue restarts it: while we do
/// not read, the peer's Close cannot arrive.
/// </param>
/// <param name="watchesConsumer">Whether received frames are kept for a consumer.</param>
internal sealed class CloseWait(TimeProvider time, TimeSpan timeout, bool watchesConsumer)
{
    /// <summary>The period where the close timeout is infinite: that of the default close timeout of 5 s.</summary>
    private static readonly TimeSpan DefaultPeriod = TimeSpan.FromSeconds(1.25);

    // A quarter of the timeout: a consumer is given up after one or two of these, so that two are left for the peer's
    // Close.
    private readonly TimeSpan _period = timeout == Timeout.InfiniteTimeSpan ? DefaultPeriod : timeout / 4;

    // Only touched by the owner: when the time began, and what was seen then; what was seen last, and since when.
    private long _began = time.GetTimestamp();
    private Sighting _seenAtBegin;
    private Sighting _seen;
    private long _seenAt;
    private LateTick _late = new(time, time.GetTimestamp(), TimeSpan.Zero);

    /// <summary>What is to be done now.</summary>
    public enum Action
    {
        /// <summary>Nothing: look again later.</summary>
        Wait,

        /// <summary>Nothing was taken from a full queue for one or two periods: discard what does not fit.</summary>
        Discard,

        /// <summary>The time is up.</summary>
        GiveUp,
    }

    /// <summary>What was seen of the queue of received frames.</summary>
    /// <param name="IsFull">Whether the receive loop waits for room in it.</param>
    /// <param name="Taken">How many frames were ever taken from it.</param>
    /// <param name="Pauses">How often the receive loop has waited for room.</param>
    public readonly record struct Sighting(bool IsFull, long Taken, long Pauses);

    /// <summary>
    /// Returns what to do, and in what time to look again. Time in which this process stood still counts against
    /// neither peer nor consumer: see <see cref="LateTick"/>.
    /// </summary>
    public (Action Action, TimeSpan Next) Look(long now, in Sighting seen)
    {
        (Action Action, TimeSpan Next) todo = Judge(now, seen);
        _late.Ask(now, todo.Next);
        return todo;
    }

    private (Action Action, TimeSpan Next) Judge(long now, in Sighting seen)
    {
        // Compared with the begin, not with the last look: a frame is seen to be taken before the loop is seen to wait
        // again.
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
