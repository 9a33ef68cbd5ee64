namespace Duplex.Testing;

/// <summary>A timer of <see cref="VirtualTime"/>, which knows when it is due.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class VirtualTimer : ITimer
{
    private readonly Lock _sync = new();
    private readonly TimeProvider _clock;
    private readonly TimerSet _timers;
    private readonly TimerCallback _callback;
    private readonly ITimer _inner;
    private readonly long _number;

    // Under _sync.
    private DateTimeOffset? _due;
    private TimeSpan _period = Timeout.InfiniteTimeSpan;
    private bool _isDisposed;

    /// <summary>Creates a timer that is not armed.</summary>
    /// <param name="clock">The clock.</param>
    /// <param name="timers">The clock's timers.</param>
    /// <param name="callback">What it calls.</param>
    /// <param name="create">Creates the timer of the clock beneath, which is not armed either.</param>
    public VirtualTimer(
        TimeProvider clock, TimerSet timers, TimerCallback callback, Func<TimerCallback, ITimer> create)
    {
        _clock = clock;
        _timers = timers;
        _callback = callback;
        _number = timers.Add();
        _inner = create(Fire);
    }

    /// <inheritdoc/>
    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        lock (_sync)
        {
            if (_isDisposed)
                return false;

            // Zero means no period, as for the platform's timers.
            _period = period == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : period;
            Show(dueTime == Timeout.InfiniteTimeSpan ? null : _clock.GetUtcNow() + dueTime);
        }

        // Outside the lock and afterwards: one that is due at once fires within the call.
        return _inner.Change(dueTime, period);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_sync)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            _timers.Remove(_number, _due);
            _due = null;
        }

        _inner.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }

    private void Fire(object? state)
    {
        lock (_sync)
        {
            if (!_isDisposed)
                Show(_period == Timeout.InfiniteTimeSpan ? null : _due + _period);
        }

        _callback(state);
    }

    // Under _sync.
    private void Show(DateTimeOffset? due)
    {
        _timers.Move(_number, _due, due);
        _due = due;
    }
}
