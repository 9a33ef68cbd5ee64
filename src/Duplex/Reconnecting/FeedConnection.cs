namespace Duplex;

/// <summary>One connection of a feed in use: moves its messages into the queue, and books what is sent on it.</summary>
internal sealed class FeedConnection
{
    private readonly FeedQueue _queue;
    private readonly FeedHooks _hooks;
    private readonly TimeProvider _time;
    private readonly TimeSpan _idleTimeout;
    private readonly Confirmation? _confirmation;
    private readonly TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _sync = new();

    // Under _sync.
    private int _sending;
    private TaskCompletionSource? _settled;

    // Set by the conductor, the first two before the pump starts; read by the pump.
    private DuplicateFilter? _overlap; // has the keys of the connection before
    private long _overlapped; // how many messages may be in it
    private volatile DuplicateFilter? _notes;

    public FeedConnection(
        Connection connection, FeedQueue queue, FeedHooks hooks, ReconnectingWebSocketOptions options,
        TimeProvider time)
    {
        Connection = connection;
        _queue = queue;
        _hooks = hooks;
        _time = time;
        _idleTimeout = options.IdleTimeout;
        Ledger = new UnconfirmedLedger(
            connection.Epoch, options.MaxUnconfirmedBytes, isKept: options.OnUnconfirmed is not null);
        if (options.OnUnconfirmed is not null)
            _confirmation = new Confirmation(connection.Session, Ledger, time, options.ConfirmInterval);
    }

    public Connection Connection { get; }

    public DefaultClientWebSocketSession Session => Connection.Session;

    public int Epoch => Connection.Epoch;

    public UnconfirmedLedger Ledger { get; }

    /// <summary>
    /// Moves messages until the session has ended and all of them are in the queue. Throws what the user's functions
    /// throw.
    /// </summary>
    public async Task PumpAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // the caller continues
        using var idle = new IdleWatch(Session, _time, _idleTimeout);
        idle.Start();
        while (await HasMessageAsync().ConfigureAwait(false))
        {
            while (Session.Incoming.TryRead(out Frame? message))
            {
                if (IsDuplicate(message))
                    message.Recycle();
                else if (_hooks.TryObserve(message, Epoch))
                    await MoveAsync(message, idle).ConfigureAwait(false);
                else
                    return;
            }
        }
    }

    /// <summary>The queue takes what is left of a session that has ended: a bounded rest, without waiting.</summary>
    public void Hurry() => _hurry.TrySetResult();

    /// <summary>The same, as soon as the session has ended.</summary>
    public async Task HurryAtEndAsync()
    {
        await Session.Completion.ConfigureAwait(false);
        Hurry();
    }

    /// <summary>From now on keys are noted, for the connection that comes next; null for none.</summary>
    public void NoteKeys(DuplicateFilter? filter) => _notes = filter;

    /// <summary>Messages that have come until now are dropped if the connection before has delivered them.</summary>
    public void DropDuplicates(DuplicateFilter filter) =>
        (_overlap, _overlapped) = (filter, Session.Statistics.ReceivedMessages);

    public void BeginSend()
    {
        lock (_sync)
            _sending++;
    }

    public void EndSend()
    {
        TaskCompletionSource? settled = null;
        lock (_sync)
        {
            if (--_sending == 0)
                (settled, _settled) = (_settled, null);
        }

        settled?.SetResult();
    }

    /// <summary>Completes when no send is in progress.</summary>
    public Task SettledAsync()
    {
        lock (_sync)
        {
            if (_sending == 0)
                return Task.CompletedTask;
            _settled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _settled.Task;
        }
    }

    public SendReceipt Book(in FeedMessage message)
    {
        SendReceipt receipt = Ledger.Add(message);
        _confirmation?.OnSent();
        return receipt;
    }

    // How the session ended is in its result.
    private async ValueTask<bool> HasMessageAsync()
    {
        try
        {
            return await Session.Incoming.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (WebSocketException)
        {
            return false;
        }
    }

    private bool IsDuplicate(Frame message)
    {
        if (_overlap is { } overlap)
        {
            if (_overlapped-- <= 0)
                _overlap = null;
            else if (overlap.Contains(message))
                return true;
        }

        _notes?.Note(message);
        return false;
    }

    private async ValueTask MoveAsync(Frame message, IdleWatch idle)
    {
        if (_queue.TryAdd(Epoch, message))
            return;
        idle.Hold(isHeld: true);
        int length = message.Data.Length;
        while (!_queue.TryAdd(Epoch, message))
        {
            if (_hurry.Task.IsCompleted)
            {
                _queue.AddAnyway(Epoch, message);
                break;
            }

            await Task.WhenAny(_queue.WaitForRoomAsync(length), _hurry.Task).ConfigureAwait(false);
        }

        idle.Hold(isHeld: false);
    }
}
