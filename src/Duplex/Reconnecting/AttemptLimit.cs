namespace Duplex;

/// <summary>The time of one attempt, which can be paused. Used by one thread at a time.</summary>
internal sealed class AttemptLimit : IDisposable
{
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenSource _any;

    // Only touched by the attempt.
    private TimeSpan _left;
    private long _since;

    public AttemptLimit(TimeProvider time, TimeSpan limit, CancellationToken stop)
    {
        _time = time;
        _left = limit;
        _since = time.GetTimestamp();
        _over = new CancellationTokenSource(limit, time);
        _any = CancellationTokenSource.CreateLinkedTokenSource(stop, _over.Token);
    }

    public CancellationToken Token => _any.Token;

    public bool IsOver => _over.IsCancellationRequested;

    /// <summary>Does not wait for a function that ignores its token.</summary>
    public async Task RunAsync(Func<CancellationToken, ValueTask> code)
    {
        Task running = code(Token).AsTask();
        Abandoned.Observe(running);
        await running.WaitAsync(Token).ConfigureAwait(false);
    }

    public void Pause()
    {
        if (_left == Timeout.InfiniteTimeSpan)
            return;
        _left -= _time.GetElapsedTime(_since);
        _over.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    public void Resume()
    {
        if (_left == Timeout.InfiniteTimeSpan)
            return;
        _since = _time.GetTimestamp();
        _over.CancelAfter(_left > TimeSpan.Zero ? _left : TimeSpan.Zero);
    }

    public void Dispose()
    {
        _any.Dispose();
        _over.Dispose();
    }
}
