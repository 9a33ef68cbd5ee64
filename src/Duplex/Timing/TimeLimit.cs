namespace Duplex;

/// <summary>
/// A time limit, from now on, for something that the peer must do. Time in which this process stood still does not
/// count: see <see cref="LateTick"/>. Thread-safe.
/// </summary>
internal sealed class TimeLimit : IDisposable
{
    private readonly Lock _sync = new();
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;
    private readonly TimeSpan _limit;
    private readonly Action? _onOver;
    private readonly long _began;
    private readonly ITimer? _look; // two tolerances before the end
    private readonly ITimer? _end;

    // Under _sync.
    private LateTick _late;
    private bool _isDisposed;
    private bool _isMissed; // a timer fired while it was created, as some clocks' do

    /// <summary>Calls <paramref name="onOver"/> once, on the timer's thread.</summary>
    public TimeLimit(TimeProvider time, TimeSpan limit, Action? onOver = null)
    {
        _time = time;
        _limit = limit;
        _onOver = onOver;
        _began = time.GetTimestamp();
        if (limit == Timeout.InfiniteTimeSpan)
            return;
        lock (_sync) // timers may fire before both are there
        {
            TimeSpan look = LateTick.NextLook(limit, limit);
            _late = new LateTick(time, _began, look);
            _look = CreateTimer(look);
            _end = CreateTimer(limit);
        }

        if (_isMissed)
            Look();
    }

    public async Task<bool> CompletesAsync(Task task, CancellationToken token = default)
    {
        if (!task.IsCompleted)
            await Task.WhenAny(task, _over.Task).WaitAsync(token).ConfigureAwait(false);
        return task.IsCompleted;
    }

    public void Dispose()
    {
        lock (_sync) // no timer is changed while it is disposed: not every TimeProvider's timers bear that
        {
            _isDisposed = true;
            _look?.Dispose();
            _end?.Dispose();
        }
    }

    private ITimer CreateTimer(TimeSpan due) =>
        _time.CreateTimer(static limit => ((TimeLimit)limit!).Look(), this, due, Timeout.InfiniteTimeSpan);

    private void Look()
    {
        lock (_sync)
        {
            if (_isDisposed)
                return;
            if (_end is null)
            {
                _isMissed = true;
                return;
            }

            long now = _time.GetTimestamp();
            TimeSpan left = _late.Left(now, _limit - _time.GetElapsedTime(_began, now), _limit);
            if (left > TimeSpan.Zero)
            {
                // Rounded up to whole milliseconds: the timer never fires early.
                left = TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds));
                _late.Ask(now, left);
                _end.Change(left, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        if (_over.TrySetResult())
            _onOver?.Invoke();
    }
}
