namespace Duplex.Testing;

/// <summary>A list that grows, and in which a test waits for an entry.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class AwaitableLog<T>
{
    private readonly Lock _sync = new();
    private readonly Queue<T> _items = new(); // under _sync

    // Under _sync.
    private int _capacity = int.MaxValue;
    private long _dropped;
    private TaskCompletionSource? _changed;
    private bool _isComplete;
    private Exception? _failure;

    /// <summary>How many entries are kept, the newest.</summary>
    public int Capacity
    {
        get
        {
            lock (_sync)
                return _capacity;
        }

        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            lock (_sync)
            {
                _capacity = value;
                Trim();
            }
        }
    }

    /// <summary>What is in it now.</summary>
    public IReadOnlyList<T> Items
    {
        get
        {
            lock (_sync)
                return [.. _items];
        }
    }

    public void Add(T item) => Change(() =>
    {
        _items.Enqueue(item);
        Trim();
    });

    /// <summary>Nothing will be added: a wait for what is missing ends.</summary>
    public void Complete() => Change(() => _isComplete = true);

    /// <summary>A wait for what is missing fails.</summary>
    public void Fail(Exception failure) => Change(() => _failure ??= failure);

    /// <summary>Waits for the first entry that fits, which may be there already.</summary>
    /// <param name="fits">Whether an entry fits.</param>
    /// <param name="limit">The most real time.</param>
    /// <param name="missing">Creates the exception if the time is over, or nothing will be added.</param>
    /// <param name="token">Cancels the wait.</param>
    public async Task<T> FindAsync(
        Func<T, bool> fits, TimeSpan limit, Func<IReadOnlyList<T>, bool, Exception> missing, CancellationToken token)
    {
        long began = TimeProvider.System.GetTimestamp();
        long seen = 0;
        while (true)
        {
            T[] items;
            Task changed;
            bool isComplete;
            Exception? failure;
            lock (_sync)
            {
                items = [.. _items.Skip((int)Math.Max(seen - _dropped, 0))];
                seen = _dropped + _items.Count;
                isComplete = _isComplete;
                failure = _failure;
                _changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                changed = _changed.Task;
            }

            foreach (T item in items)
            {
                if (fits(item))
                    return item;
            }

            TimeSpan left = limit - TimeProvider.System.GetElapsedTime(began);
            if (failure is not null)
                throw new WebSocketTestException(failure.Message, failure);
            if (isComplete || left <= TimeSpan.Zero)
                throw missing(Items, isComplete);
            await changed.WaitAsync(left, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            token.ThrowIfCancellationRequested();
        }
    }

    private void Change(Action change)
    {
        TaskCompletionSource? changed;
        lock (_sync)
        {
            change();
            (changed, _changed) = (_changed, null);
        }

        changed?.SetResult();
    }

    // Under _sync.
    private void Trim()
    {
        while (_items.Count > _capacity)
        {
            _items.Dequeue();
            _dropped++;
        }
    }
}
