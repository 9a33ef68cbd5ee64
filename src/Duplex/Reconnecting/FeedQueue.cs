namespace Duplex;

/// <summary>
/// The messages of all connections on their way to the one consumer, bounded in number and bytes. One producer, one
/// consumer that waits; the rest is thread-safe.
/// </summary>
/// <remarks>A gap needs no room: between two messages there is one at most.</remarks>
internal sealed class FeedQueue(ChannelConfig bounds)
{
    private readonly Lock _sync = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Under _sync.
    private readonly Queue<FeedItem> _items = new();
    private FeedItem? _gap; // after all items
    private int _messages;
    private long _bytes;
    private bool _isComplete;
    private Exception? _error;
    private TaskCompletionSource<bool>? _consumer;
    private TaskCompletionSource? _producer; // waits for room
    private TaskCompletionSource? _emptied; // waits until all was taken

    /// <summary>Completes when nothing is left and nothing will come; faulted unless the end is normal.</summary>
    public Task Completion => _completion.Task;

    /// <summary>How many messages can be taken.</summary>
    public int Count
    {
        get
        {
            lock (_sync)
                return _messages;
        }
    }

    // Under _sync.
    private bool IsEmpty => _items.Count == 0 && _gap is null;

    // Under _sync. A producer that waited has room for more than one message then.
    private bool IsHalfEmpty =>
        _messages == 0 || (_messages <= bounds.Capacity / 2 && _bytes <= bounds.MaxBytes / 2);

    /// <summary>False if there is no room. One message always fits an empty queue.</summary>
    public bool TryAdd(int epoch, Frame message) => Add(epoch, message, anyway: false);

    /// <summary>Adds what must not wait: the rest of a connection that has ended for good.</summary>
    public void AddAnyway(int epoch, Frame message) => Add(epoch, message, anyway: true);

    /// <summary>Marks a change of connections. Of several without a message between them, one is kept.</summary>
    public void AddGap(int epoch, GapKind kind)
    {
        TaskCompletionSource<bool>? consumer;
        lock (_sync)
        {
            if (_isComplete)
                return;
            GapKind worst = _gap is { Gap: GapKind.Lost } ? GapKind.Lost : kind;
            _gap = new FeedItem(epoch, null, worst);
            (consumer, _consumer) = (_consumer, null);
        }

        consumer?.TrySetResult(true);
    }

    /// <summary>Completes when there is room, or nothing more can be added.</summary>
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

    /// <summary>Completes when every message was taken.</summary>
    public Task WaitUntilTakenAsync()
    {
        lock (_sync)
        {
            if (_messages == 0)
                return Task.CompletedTask;
            _emptied ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _emptied.Task;
        }
    }

    /// <summary>What was added can still be taken; then comes the end.</summary>
    public void Complete(Exception? error) => Complete(error, drops: false);

    /// <summary>Nothing more can be taken.</summary>
    public void Drop() => Complete(null, drops: true);

    public bool TryTake(out FeedItem item)
    {
        Wakes wakes;
        lock (_sync)
        {
            if (!TryDequeue(out item))
                return false;
            wakes = AfterTaking();
        }

        wakes.Wake();
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
            if (!IsEmpty)
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
        Wakes wakes;
        lock (_sync)
        {
            while (_items.TryPeek(out FeedItem next) && next.Frame is null)
                _items.Dequeue();
            if (_messages > 0)
                return true;
            _gap = null;
            wakes = AfterTaking();
        }

        wakes.Wake();
        return false;
    }

    private bool Add(int epoch, Frame message, bool anyway)
    {
        TaskCompletionSource<bool>? consumer;
        lock (_sync)
        {
            if (_isComplete)
            {
                message.Recycle();
                return true;
            }

            if (!anyway && !Fits(message.Data.Length))
                return false;
            if (_gap is { } gap)
                _items.Enqueue(gap);
            _gap = null;
            _items.Enqueue(new FeedItem(epoch, message, null));
            _messages++;
            _bytes += message.Data.Length;
            (consumer, _consumer) = (_consumer, null);
        }

        consumer?.TrySetResult(true);
        return true;
    }

    private void Complete(Exception? error, bool drops)
    {
        TaskCompletionSource<bool>? consumer = null;
        Wakes wakes;
        lock (_sync)
        {
            while (drops && TryDequeue(out FeedItem item))
                item.Frame?.Recycle();
            if (!_isComplete)
                (_isComplete, _error) = (true, error);
            if (IsEmpty)
                (consumer, _consumer) = (_consumer, null);
            TaskCompletionSource? producer = _producer;
            _producer = null;
            wakes = AfterTaking() with { Producer = producer };
        }

        wakes.Wake();
        if (_error is null)
            consumer?.TrySetResult(false);
        else
            consumer?.TrySetException(_error);
    }

    // Under _sync.
    private bool TryDequeue(out FeedItem item)
    {
        if (_items.TryDequeue(out item))
        {
            if (item.Frame is { } message)
            {
                _messages--;
                _bytes -= message.Data.Length;
            }

            return true;
        }

        item = _gap ?? default;
        bool isGap = _gap is not null;
        _gap = null;
        return isGap;
    }

    // Under _sync.
    private bool Fits(long bytes) =>
        _messages == 0 || (_messages < bounds.Capacity && _bytes + bytes <= bounds.MaxBytes);

    // Under _sync.
    private Wakes AfterTaking()
    {
        var wakes = new Wakes(
            IsHalfEmpty ? _producer : null, _messages == 0 ? _emptied : null,
            _isComplete && IsEmpty ? _completion : null, _error);
        if (wakes.Producer is not null)
            _producer = null;
        if (wakes.Emptied is not null)
            _emptied = null;
        return wakes;
    }

    // To complete outside the lock.
    private readonly record struct Wakes(
        TaskCompletionSource? Producer, TaskCompletionSource? Emptied, TaskCompletionSource? Completion,
        Exception? Error)
    {
        public void Wake()
        {
            Producer?.TrySetResult();
            Emptied?.TrySetResult();
            if (Completion is null)
                return;
            if (Error is null)
                Completion.TrySetResult();
            else if (Completion.TrySetException(Error))
                _ = Completion.Task.Exception; // observed: there may be no one who looks
        }
    }
}
