namespace Duplex;

/// <summary>
/// A time limit for something that the peer must do. It starts when this object is made. Time in which this process
/// stood still does not count: see <see cref="LateTick"/>.
/// </summary>
/// <remarks>Thread-safe. An infinite limit has no timer.</remarks>
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

    /// <summary>The time begins to run.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="limit">How long it runs; infinite for no limit.</param>
    /// <param name="onOver">Called once, when it is over, on the timer's thread.</param>
    public TimeLimit(TimeProvider time, TimeSpan limit, Action? onOver = null)
    {
        _time = time;
        _limit = limit;
        _onOver = onOver;
        _began = time.GetTimestamp();
        if (limit == Timeout.InfiniteTimeSpan)
            return;
        lock (_sync) // the timers may fire before both are there
        {
            TimeSpan look = LateTick.NextLook(limit, limit);
            _late = new LateTick(time, _began, look);
            _look = CreateTimer(look);
            _end = CreateTimer(limit);
        }
    }

    /// <summary>Whether a task completes before the time is over.</summary>
    /// <param name="task">The task; its outcome does not matter.</param>
    /// <param name="token">Ends the wait, with an <see cref="OperationCanceledException"/>.</param>
    public async Task<bool> CompletesAsync(Task task, CancellationToken token = default)
    {
        if (!task.IsCompleted)
            await Task.WhenAny(task, _over.Task).WaitAsync(token).ConfigureAwait(false);
        return task.IsCompleted;
    }

    /// <summary>It will not be over any more.</summary>
    public void Dispose()
    {
        _look?.Dispose();
        _end?.Dispose();
    }

    private ITimer CreateTimer(TimeSpan due) =>
        _time.CreateTimer(static limit => ((TimeLimit)limit!).Look(), this, due, Timeout.InfiniteTimeSpan);

    private void Look()
    {
        lock (_sync)
        {
            long now = _time.GetTimestamp();
            TimeSpan left = _late.Left(now, _limit - _time.GetElapsedTime(_began, now), _limit);
            if (left > TimeSpan.Zero)
            {
                // A timer counts whole milliseconds, downwards: rounded up, it never fires before its time.
                left = TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds));
                _late.Ask(now, left);
                _end!.Change(left, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        if (_over.TrySetResult())
            _onOver?.Invoke();
    }
}
