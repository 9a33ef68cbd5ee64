namespace Duplex;

/// <summary>
/// The messages of all connections on their way to the one consumer, bounded in number and bytes. One producer, one
/// consumer that waits; the rest is thread-safe.
/// </summary>
internal sealed class FeedQueue(ChannelConfig bounds)
{
    private readonly Lock _sync = new();

    // Under _sync.
    private readonly Queue<FeedItem> _items = new();
    private long _bytes;
    private bool _isComplete;
    private Exception? _error;
    private TaskCompletionSource<bool>? _consumer;
    private TaskCompletionSource? _producer;

    public int Count
    {
        get
        {
            lock (_sync)
                return _items.Count(item => item.Frame is not null);
        }
    }

    public bool IsFull
    {
        get
        {
            lock (_sync)
                return !Fits(0);
        }
    }

    /// <summary>False if there is no room. One message always fits an empty queue.</summary>
    public bool TryAdd(FeedItem item)
    {
        TaskCompletionSource<bool>? consumer;
        lock (_sync)
        {
            if (!_isComplete && !Fits(item.Frame?.Data.Length ?? 0))
                return false;
            consumer = Add(item);
        }

        consumer?.TrySetResult(true);
        return true;
    }

    /// <summary>Adds what must not wait for room: a gap, or the rest of a connection that was closed.</summary>
    public void AddAnyway(FeedItem item)
    {
        TaskCompletionSource<bool>? consumer;
        lock (_sync)
            consumer = Add(item);
        consumer?.TrySetResult(true);
    }

    /// <summary>Completes when something was taken, or nothing more can be added.</summary>
    public Task WaitForRoomAsync(int bytes)
    {
        lock (_sync)
        {
            if (_isComplete || Fits(bytes))
                return Task.CompletedTask;
            _producer ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _producer.Task;
        }
    }

    /// <summary>What was added can still be taken; then comes the end.</summary>
    public void Complete(Exception? error) => Complete(error, drops: false);

    /// <summary>Nothing more can be taken.</summary>
    public void Drop() => Complete(null, drops: true);

    public bool TryTake(out FeedItem item)
    {
        TaskCompletionSource? producer = null;
        lock (_sync)
        {
            if (!_items.TryDequeue(out item))
                return false;
            _bytes -= item.Frame?.Data.Length ?? 0;
            if (IsHalfEmpty)
                (producer, _producer) = (_producer, null);
        }

        producer?.TrySetResult();
        return true;
    }

    /// <summary>True if something can be taken, false at the end.</summary>
    /// <exception cref="InvalidOperationException">A consumer waits already.</exception>
    public ValueTask<bool> WaitAsync(CancellationToken token)
    {
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(token);
        lock (_sync)
        {
            if (_items.Count > 0)
                return new ValueTask<bool>(true);
            if (_isComplete)
                return _error is null ? new ValueTask<bool>(false) : ValueTask.FromException<bool>(_error);
            if (_consumer is not null)
            {
                throw new InvalidOperationException(
                    "Another consumer waits for messages of this ReconnectingWebSocket, and only one can: their " +
                    "order would be lost. Let one consumer hand them on.");
            }

            _consumer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            return token.CanBeCanceled ? WaitAsync(_consumer, token) : new ValueTask<bool>(_consumer.Task);
        }
    }

    /// <summary>As <see cref="WaitAsync(CancellationToken)"/>, but takes the gaps that come before a message.</summary>
    public async ValueTask<bool> WaitForMessageAsync(CancellationToken token)
    {
        while (await WaitAsync(token).ConfigureAwait(false))
        {
            if (HasMessageAfterGaps())
                return true;
        }

        return false;
    }

    private async ValueTask<bool> WaitAsync(TaskCompletionSource<bool> consumer, CancellationToken token)
    {
        using (token.UnsafeRegister(
            static (state, token) =>
            {
                var (queue, consumer) = ((FeedQueue, TaskCompletionSource<bool>))state!;
                queue.Withdraw(consumer, token);
            },
            (this, consumer)))
        {
            return await consumer.Task.ConfigureAwait(false);
        }
    }

    private void Withdraw(TaskCompletionSource<bool> consumer, CancellationToken token)
    {
        lock (_sync)
        {
            if (_consumer != consumer)
                return; // it was woken first
            _consumer = null;
        }

        consumer.TrySetCanceled(token);
    }

    private bool HasMessageAfterGaps()
    {
        TaskCompletionSource? producer = null;
        bool has = false;
        lock (_sync)
        {
            while (!has && _items.TryPeek(out FeedItem next))
            {
                has = next.Frame is not null;
                if (!has)
                    _items.Dequeue();
            }

            if (IsHalfEmpty) // a gap may have been what a producer waited for
                (producer, _producer) = (_producer, null);
        }

        producer?.TrySetResult();
        return has;
    }

    private void Complete(Exception? error, bool drops)
    {
        TaskCompletionSource<bool>? consumer = null;
        TaskCompletionSource? producer;
        lock (_sync)
        {
            if (drops)
            {
                foreach (FeedItem item in _items)
                    item.Frame?.Recycle();
                _items.Clear();
                _bytes = 0;
            }

            if (_isComplete)
                return;
            (_isComplete, _error) = (true, error);
            if (_items.Count == 0)
                (consumer, _consumer) = (_consumer, null);
            (producer, _producer) = (_producer, null);
        }

        producer?.TrySetResult();
        if (error is null)
            consumer?.TrySetResult(false);
        else
            consumer?.TrySetException(error);
    }

    // Under _sync. The consumer to wake.
    private TaskCompletionSource<bool>? Add(FeedItem item)
    {
        if (_isComplete)
        {
            item.Frame?.Recycle();
            return null;
        }

        _items.Enqueue(item);
        _bytes += item.Frame?.Data.Length ?? 0;
        TaskCompletionSource<bool>? consumer = _consumer;
        _consumer = null;
        return consumer;
    }

    // Under _sync.
    private bool Fits(long bytes) =>
        _items.Count == 0 || (_items.Count < bounds.Capacity && _bytes + bytes <= bounds.MaxBytes);

    // Under _sync. A producer that waited has room for more than one message then.
    private bool IsHalfEmpty =>
        _items.Count == 0 || (_items.Count <= bounds.Capacity / 2 && _bytes <= bounds.MaxBytes / 2);
}
