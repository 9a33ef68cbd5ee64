namespace Duplex;

/// <summary>
/// Keeps a feed connected: one flow that connects, serves a connection to its end or replaces it, and connects again.
/// </summary>
internal sealed class FeedConductor
{
    private readonly ReconnectingWebSocketOptions _options;
    private readonly Redial _redial;
    private readonly FeedHooks _hooks;
    private readonly FeedQueue _queue;
    private readonly FeedOutlet _outlet;
    private readonly CancellationToken _stop;
    private readonly DuplicateFilter? _duplicates;

    // Set by the one that closes, before the stop.
    private CloseReason _reason = CloseReason.Normal;

    public FeedConductor(
        Redial redial, FeedHooks hooks, FeedQueue queue, FeedOutlet outlet, ReconnectingWebSocketOptions options,
        CancellationToken stop)
    {
        _redial = redial;
        _hooks = hooks;
        _queue = queue;
        _outlet = outlet;
        _options = options;
        _stop = stop;
        _duplicates = options.DuplicateKey is { } keyOf ? new DuplicateFilter(keyOf) : null;
    }

    /// <summary>Completes when a first connection is ready.</summary>
    public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How the last connection ended, if there was one. Read after the run.</summary>
    public CloseResult? LastClose { get; private set; }

    /// <summary>The reason to close with. Set before the stop.</summary>
    public CloseReason Reason
    {
        set => Volatile.Write(ref _reason, value);
    }

    /// <summary>Runs to the end.</summary>
    /// <exception cref="ReconnectException">The connection is given up.</exception>
    /// <exception cref="OperationCanceledException">It was stopped before or between connections.</exception>
    public async Task RunAsync()
    {
        while (true)
        {
            Connection ready = await _redial.ConnectAsync(_hooks.GetReadyAsync, _stop).ConfigureAwait(false);
            if (ready.Epoch > 1)
                _queue.AddAnyway(new FeedItem(ready.Epoch, null, GapKind.Lost));
            DisconnectVerdict? ended = await ServeAsync(Use(ready)).ConfigureAwait(false);
            if (ended is null)
                return;
            _redial.Judge(ended);
        }
    }

    private FeedConnection Use(Connection ready)
    {
        var connection = new FeedConnection(ready, _queue, _hooks, _options, _redial.Time, _duplicates, _stop);
        _outlet.Open(connection);
        _redial.Use(ready);
        Started.TrySetResult();
        return connection;
    }

    // Null if the feed was closed.
    private async Task<DisconnectVerdict?> ServeAsync(FeedConnection connection)
    {
        while (true)
        {
            Task pump = connection.PumpAsync();
            FeedConnection? successor = await ReplaceAsync(connection, pump).ConfigureAwait(false);
            bool isLost = connection.Connection.HasEnded;
            if (successor is not null && !isLost)
                await PauseAsync(_options.Overlap, connection, pump).ConfigureAwait(false);
            if (successor is not null || _stop.IsCancellationRequested)
                _ = connection.Session.CloseAsync(_reason, CancellationToken.None);
            DisconnectVerdict ended;
            try
            {
                ended = await FinishAsync(connection, pump).ConfigureAwait(false);
            }
            catch
            {
                successor?.Session.Abort();
                throw;
            }

            if (successor is null)
                return _stop.IsCancellationRequested ? null : ended;

            _redial.Telemetry.Rotated(successor.Connection);
            _queue.AddAnyway(new FeedItem(successor.Epoch, null, isLost ? GapKind.Lost : GapKind.Rotated));
            connection = successor;
        }
    }

    private async Task<DisconnectVerdict> FinishAsync(FeedConnection connection, Task pump)
    {
        Exception? thrown = null;
        try
        {
            await pump.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            thrown = e;
            connection.Session.Abort();
        }

        CloseResult result = await connection.Connection.EndAsync().ConfigureAwait(false);
        LastClose = result;
        await connection.SettleAsync().ConfigureAwait(false);
        if (result is { WasClean: true, Initiator: CloseInitiator.Local })
            connection.Ledger.Confirm(connection.Ledger.Last);
        await _hooks.ReportAsync(connection.Ledger).ConfigureAwait(false);
        DisconnectVerdict verdict = connection.Connection.Verdict(DisconnectPhase.Ready, result, thrown);
        if (thrown is not null)
        {
            _redial.GiveUp(
                verdict with { Why = "the function Observe, or DuplicateKey, threw an exception" }, attempts: 1);
        }

        return verdict;
    }

    // A new connection in place of one that is old enough, which then has stopped sending; null at an end or a stop.
    private async Task<FeedConnection?> ReplaceAsync(FeedConnection connection, Task pump)
    {
        TimeSpan age = _options.MaxConnectionAge;
        if (age != Timeout.InfiniteTimeSpan)
            age *= 1 + (_options.ConnectionAgeJitter * ((2 * _options.Random()) - 1));
        for (TimeSpan pause = age; ; pause = _options.MaxDelay)
        {
            await PauseAsync(pause, connection, pump).ConfigureAwait(false);
            if (connection.Connection.HasEnded || pump.IsCompleted || _stop.IsCancellationRequested)
                return null;
            try
            {
                (Connection? ready, _) =
                    await _redial.TryConnectAsync(_hooks.GetReadyAsync, _stop).ConfigureAwait(false);
                if (ready is null)
                    continue; // the old one stays in use
                if (_options.StrictRotation)
                    await SettleAsync(connection).ConfigureAwait(false);
                return Use(ready);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return null;
            }
        }
    }

    // What was sent on a connection arrives before what is sent on the next.
    private async Task SettleAsync(FeedConnection connection)
    {
        if (OperatingSystem.IsBrowser())
            return;
        _outlet.Hold();
        try
        {
            await connection.Session.PingAsync(_stop).ConfigureAwait(false);
            connection.Ledger.Confirm(connection.Ledger.Last);
        }
        catch (Exception e) when (e is WebSocketException or TimeoutException or OperationCanceledException)
        {
            // it has ended, or is about to
        }
    }

    // Until then, or until the connection ends or the feed stops.
    private async Task PauseAsync(TimeSpan time, FeedConnection connection, Task pump)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(_stop);
        await Task.WhenAny(
            pump, connection.Session.Completion, Task.Delay(time, _redial.Time, timer.Token)).ConfigureAwait(false);
        await timer.CancelAsync().ConfigureAwait(false);
    }
}
