namespace Duplex;

/// <summary>One connection of a feed in use: moves its messages into the queue, and books what is sent on it.</summary>
internal sealed class FeedConnection
{
    private readonly FeedQueue _queue;
    private readonly FeedHooks _hooks;
    private readonly DuplicateFilter? _duplicates;
    private readonly TimeProvider _time;
    private readonly TimeSpan _idleTimeout;
    private readonly Confirmation? _confirmation;
    private readonly CancellationToken _stop;
    private readonly Lock _sync = new();

    // Under _sync. Sends that may have staged a message and not booked it.
    private int _sending;
    private TaskCompletionSource? _settled;

    public FeedConnection(
        Connection connection, FeedQueue queue, FeedHooks hooks, ReconnectingWebSocketOptions options,
        TimeProvider time, DuplicateFilter? duplicates, CancellationToken stop)
    {
        Connection = connection;
        _queue = queue;
        _hooks = hooks;
        _duplicates = duplicates;
        _stop = stop;
        Ledger = new UnconfirmedLedger(
            connection.Epoch, options.MaxUnconfirmedBytes, isKept: options.OnUnconfirmed is not null);
        if (options.OnUnconfirmed is not null)
            _confirmation = new Confirmation(connection.Session, Ledger, time, options.ConfirmInterval);
        _time = time;
        _idleTimeout = options.IdleTimeout;
    }

    public Connection Connection { get; }

    public DefaultClientWebSocketSession Session => Connection.Session;

    public int Epoch => Connection.Epoch;

    public UnconfirmedLedger Ledger { get; }

    /// <summary>
    /// Moves messages until the session has ended and all of them are in the queue. After a stop it does not wait for
    /// room: the session's own queue bounds what is left. Throws what the user's functions throw.
    /// </summary>
    public async Task PumpAsync()
    {
        using var idle = new IdleWatch(Session, _time, _idleTimeout);
        idle.Start();
        try
        {
            while (await Session.Incoming.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
            {
                while (Session.Incoming.TryRead(out Frame? frame))
                {
                    if (!await TryMoveAsync(frame).ConfigureAwait(false))
                        return;
                }
            }
        }
        catch (WebSocketException) when (Session.State != WebSocketSessionState.Open)
        {
            // how the session ended is in its result
        }
    }

    /// <summary>Stages a message and books it. Called by one sender after the other.</summary>
    public async ValueTask<SendReceipt> SendAsync(FeedMessage message, SendOptions how, CancellationToken token)
    {
        lock (_sync)
            _sending++;
        try
        {
            await message.SendAsync(Session, how, token).ConfigureAwait(false);
            SendReceipt receipt = Ledger.Add(message);
            _confirmation?.OnSent();
            return receipt;
        }
        finally
        {
            TaskCompletionSource? settled = null;
            lock (_sync)
            {
                if (--_sending == 0)
                    (settled, _settled) = (_settled, null);
            }

            settled?.SetResult();
        }
    }

    /// <summary>
    /// When the session has ended: completes when all that was staged is booked, so that the ledger has it.
    /// </summary>
    public Task SettleAsync()
    {
        lock (_sync)
        {
            if (_sending == 0)
                return Task.CompletedTask;
            _settled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _settled.Task;
        }
    }

    private async ValueTask<bool> TryMoveAsync(Frame frame)
    {
        if (_duplicates?.Passes(frame, Epoch) == false)
        {
            frame.Recycle();
            return true;
        }

        if (!_hooks.TryObserve(frame, Epoch))
            return false;
        var item = new FeedItem(Epoch, frame, null);
        while (!_queue.TryAdd(item))
        {
            if (_stop.IsCancellationRequested)
            {
                _queue.AddAnyway(item);
                break;
            }

            await _queue.WaitForRoomAsync(frame.Data.Length).WaitAsync(_stop)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return true;
    }
}
