namespace Duplex;

/// <summary>Notices that the receive loop has waited for room for long, once for each time that it does.</summary>
/// <remarks>Pure, and not thread-safe: its owner holds a lock around it.</remarks>
/// <param name="time">Whose timestamps are compared.</param>
internal struct PauseWatch(TimeProvider time)
{
    // Only touched by the owner: the pause that was seen last, and since when; null if the loop was not pausing.
    private (long Since, long LastResume)? _pause;
    private bool _isTold;

    /// <summary>For how long the loop has been seen to wait, if that is worth telling and was not told; else null.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isPaused">Whether the loop waits for room.</param>
    /// <param name="lastResume">When it last went on, which tells one pause from the next.</param>
    /// <param name="most">How long it may wait; infinite for any time.</param>
    public TimeSpan? Notice(long now, bool isPaused, long lastResume, TimeSpan most)
    {
        if (!isPaused)
        {
            _pause = null;
            return null;
        }

        if (_pause is not { } pause || pause.LastResume != lastResume)
        {
            (_pause, _isTold) = ((now, lastResume), false);
            return null;
        }

        TimeSpan waited = time.GetElapsedTime(pause.Since, now);
        if (_isTold || most == Timeout.InfiniteTimeSpan || waited < most)
            return null;
        _isTold = true;
        return waited;
    }
}
