using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>
/// The last changes of a connection that is kept. Any number of readers get the current state and what follows; a
/// slow one misses the oldest. Nothing waits for a reader. Thread-safe.
/// </summary>
internal sealed class ChangeLog
{
    /// <summary>Enough for minutes of failing attempts; a reader that is further behind needs the end only.</summary>
    public const int Kept = 64;

    private readonly Lock _sync = new();

    // Under _sync.
    private readonly Queue<ConnectionChange> _kept = new();
    private long _count; // of all changes
    private bool _isComplete;
    private TaskCompletionSource? _next;

    public ChangeLog() => Add(new ConnectionChange(ConnectionPhase.NotStarted, 0, null, null, 0));

    public ConnectionChange Current { get; private set; } = null!;

    public void Add(ConnectionChange change)
    {
        TaskCompletionSource? next;
        lock (_sync)
        {
            if (_isComplete)
                return;
            Current = change;
            _count++;
            _kept.Enqueue(change);
            if (_kept.Count > Kept)
                _kept.Dequeue();
            _isComplete = change.Phase == ConnectionPhase.Stopped;
            (next, _next) = (_next, null);
        }

        next?.SetResult();
    }

    public async IAsyncEnumerable<ConnectionChange> ReadAsync(
        [EnumeratorCancellation] CancellationToken token = default)
    {
        long position;
        lock (_sync)
            position = _count - 1; // the current state first
        while (true)
        {
            Task? wait = null;
            ConnectionChange? change = null;
            lock (_sync)
            {
                if (position < _count)
                {
                    long oldest = _count - _kept.Count;
                    int missed = (int)Math.Max(0, oldest - position);
                    position += missed;
                    change = _kept.ElementAt((int)(position - oldest)) with { Missed = missed };
                    position++;
                }
                else if (_isComplete)
                {
                    yield break;
                }
                else
                {
                    _next ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    wait = _next.Task;
                }
            }

            if (wait is not null)
                await wait.WaitAsync(token).ConfigureAwait(false);
            else
                yield return change!;
        }
    }
}
