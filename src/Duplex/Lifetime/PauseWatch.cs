namespace Duplex;

/// <summary>Notices, once a pause, that the receive loop waits too long for room. Under its owner's lock.</summary>
internal struct PauseWatch(TimeProvider time)
{
    // Only touched by the owner: the last pause, and since when.
    private (long Since, long LastResume)? _pause;
    private bool _isReported;

    /// <summary>
    /// The length of a pause over the limit; otherwise null. <paramref name="lastResume"/> distinguishes pauses.
    /// </summary>
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
