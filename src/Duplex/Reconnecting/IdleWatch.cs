namespace Duplex;

/// <summary>
/// Ends a session that gets no message for too long, as lost. Time in which it reads nothing does not count.
/// Thread-safe.
/// </summary>
internal sealed class IdleWatch : IDisposable
{
    private readonly Lock _sync = new();
    private readonly WebSocketSession _session;
    private readonly TimeProvider _time;
    private readonly TimeSpan _limit;

    // Under _sync.
    private LateTick _late;
    private ITimer? _timer;
    private bool _isHeld;
    private long _since; // the start, or the end of the last hold
    private bool _isDisposed;

    public IdleWatch(WebSocketSession session, TimeProvider time, TimeSpan limit)
    {
        _session = session;
        _time = time;
        _limit = limit;
        _late = new LateTick(time);
    }

    public void Start()
    {
        if (_limit == Timeout.InfiniteTimeSpan)
            return;
        lock (_sync)
            _since = _time.GetTimestamp();
        Look();
    }

    /// <summary>The time does not run while held, and starts anew after that.</summary>
    public void Hold(bool isHeld)
    {
        lock (_sync)
            (_isHeld, _since) = (isHeld, _time.GetTimestamp());
    }

    public void Dispose()
    {
        lock (_sync)
        {
            _isDisposed = true;
            _timer?.Dispose();
            _timer = null;
        }
    }

    private void Look()
    {
        lock (_sync)
        {
            if (_isDisposed)
                return;
            (long lastMessage, long lastResume, bool isPaused) = _session.SightReceiving();
            long now = _time.GetTimestamp();
            isPaused |= _isHeld;
            TimeSpan left = isPaused
                ? _limit
                : _limit - _time.GetElapsedTime(Math.Max(_since, Math.Max(lastMessage, lastResume)), now);
            left = _late.Left(now, left, _limit, lastMessage);
            if (left > TimeSpan.Zero)
            {
                TimeSpan next = isPaused ? left : LateTick.NextLook(left, _limit);

                // Rounded up to whole milliseconds: the timer never fires early.
                next = TimeSpan.FromMilliseconds(Math.Ceiling(next.TotalMilliseconds));
                _late.Ask(now, next);
                Arm(next);
                return;
            }
        }

        _session.Lose(new TimeoutException(
            $"The connection is idle: no message came for {_limit.TotalSeconds:0.###} s (IdleTimeout)."));
    }

    // Under _sync.
    private void Arm(TimeSpan next)
    {
        if (_timer is not null)
        {
            _timer.Change(next, Timeout.InfiniteTimeSpan);
            return;
        }

        using (AmbientFlow.Suppress())
        {
            _timer = _time.CreateTimer(
                static watch => ((IdleWatch)watch!).Look(), this, next, Timeout.InfiniteTimeSpan);
        }
    }
}
