namespace Duplex;

/// <summary>Notices that the receive loop waits for room for too long, once for each pause.</summary>
/// <remarks>Pure, and not thread-safe: its owner holds a lock around it.</remarks>
/// <param name="time">Whose timestamps are compared.</param>
internal struct PauseWatch(TimeProvider time)
{
    // Only touched by the owner: the pause seen last, and since when; null for none.
    private (long Since, long LastResume)? _pause;
    private bool _isReported;

    /// <summary>
    /// Returns how long the pause has lasted, if that is over the limit and was not reported yet; otherwise null.
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="isPaused">Whether the loop waits for room.</param>
    /// <param name="lastResume">When it last continued, which distinguishes one pause from the next.</param>
    /// <param name="most">The limit; infinite for none.</param>
    public TimeSpan? Notice(long now, bool isPaused, long lastResume, TimeSpan most)
    {
        if (!isPaused)
        {
            _pause = null;
            return null;
        }

        if (_pause is not { } pause || pause.LastResume != lastResume)
        {
            (_pause, _isReported) = ((now, lastResume), false);
            return null;
        }

        TimeSpan waited = time.GetElapsedTime(pause.Since, now);
        if (_isReported || most == Timeout.InfiniteTimeSpan || waited < most)
            return null;
        _isReported = true;
        return waited;
    }
}
