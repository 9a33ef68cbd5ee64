namespace Duplex.Testing;

/// <summary>Where one direction waits while it is stalled.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class FaultGate(TimeProvider time) : IDisposable
{
    private readonly Lock _sync = new();

    // Under _sync. Without a timer, a closed gate stays closed until Open.
    private TaskCompletionSource? _closed;
    private ITimer? _timer;
    private long _since;
    private TimeSpan _duration;
    private int _closing;
    private bool _isDisposed;

    /// <summary>Completes when the gate is open.</summary>
    public Task Opened
    {
        get
        {
            lock (_sync)
                return _closed?.Task ?? Task.CompletedTask;
        }
    }

    /// <summary>Closes the gate; of two times, the one that ends later counts.</summary>
    /// <param name="duration">For how long; null until <see cref="Open"/>.</param>
    public void Close(TimeSpan? duration)
    {
        lock (_sync)
        {
            bool isIndefinite = _closed is not null && _timer is null;
            if (_isDisposed || isIndefinite || duration <= Rest())
                return;
            _closed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _timer?.Dispose();
            _timer = null;
            if (duration is not { } limit)
                return;
            _since = time.GetTimestamp();
            _duration = limit;
            int closing = ++_closing;
            _timer = time.CreateTimer(_ => Elapse(closing), null, limit, Timeout.InfiniteTimeSpan);
        }
    }

    public void Open()
    {
        lock (_sync)
        {
            _timer?.Dispose();
            _timer = null;
            _closed?.SetResult();
            _closed = null;
        }
    }

    /// <summary>Stops the timer. What waits is ended otherwise.</summary>
    public void Dispose()
    {
        lock (_sync)
        {
            _isDisposed = true;
            _timer?.Dispose();
            _timer = null;
        }
    }

    // The callback of a timer that was replaced may come late.
    private void Elapse(int closing)
    {
        lock (_sync)
        {
            if (_timer is not null && _closing == closing)
                Open();
        }
    }

    // Under _sync.
    private TimeSpan Rest() => _timer is null ? TimeSpan.Zero : _duration - time.GetElapsedTime(_since);
}
