using System.Diagnostics.CodeAnalysis;

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

    // Set by the one that closes, before the stop.
    private CloseReason? _reason;

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
    }

    /// <summary>Completes when a first connection is ready.</summary>
    public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How the last connection ended, if there was one. Read after the run.</summary>
    public CloseResult? LastClose { get; private set; }

    /// <summary>The reason to close with. The first counts. Before the stop.</summary>
    public void CloseWith(CloseReason reason) => Interlocked.CompareExchange(ref _reason, reason, null);

    /// <summary>Runs to the end.</summary>
    /// <exception cref="ReconnectException">The connection is given up.</exception>
    /// <exception cref="OperationCanceledException">It was stopped before or between connections.</exception>
    public async Task RunAsync()
    {
        while (true)
        {
            Connection ready = await _redial.ConnectAsync(GetReadyAsync, _stop).ConfigureAwait(false);
            if (LastClose is not null)
                _queue.AddGap(ready.Epoch, GapKind.Lost);
            if (!await ServeAsync(Use(ready)).ConfigureAwait(false))
                return;

            // A stuck consumer and a flapping server must not grow memory.
            await _queue.WaitUntilTakenAsync().WaitAsync(_stop).ConfigureAwait(false);
        }
    }

    private Task GetReadyAsync(Connection connection, CancellationToken stop) =>
        _hooks.GetReadyAsync(connection, _redial.Time, stop);

    private FeedConnection Use(Connection ready)
    {
        var connection = new FeedConnection(ready, _queue, _hooks, _options, _redial.Time);
        _outlet.Open(connection);
        _redial.Use(ready);
        Started.TrySetResult();
        return connection;
    }

    // False if the feed was closed.
    private async Task<bool> ServeAsync(FeedConnection connection)
    {
        FeedConnection? successor = null;
        try
        {
            while (true)
            {
                using CancellationTokenRegistration closing = CloseAtStop(connection);
                Task pump = connection.PumpAsync();
                Abandoned.Observe(pump);
                (successor, DuplicateFilter? filter) = await ReplaceAsync(connection, pump).ConfigureAwait(false);
                using CancellationTokenRegistration closingToo = successor is null ? default : CloseAtStop(successor);
                bool isLost = connection.Connection.HasEnded;
                if (successor is not null && !isLost)
                    await PauseAsync(_options.Overlap, connection, pump).ConfigureAwait(false);
                if (successor is not null)
                    _ = connection.Session.CloseAsync(null, CancellationToken.None);
                DisconnectVerdict ended = await EndAsync(connection, pump).ConfigureAwait(false);
                if (successor is null)
                    return await IsLostAsync(connection, ended, pump).ConfigureAwait(false);

                await pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (pump.IsFaulted)
                {
                    successor.Session.Abort();
                    await EndAsync(successor, Task.CompletedTask).ConfigureAwait(false);
                    GiveUp(ended, pump);
                }

                if (filter is not null)
                    successor.DropDuplicates(filter);
                _redial.NoteEnd(ended);
                GapKind gap = isLost || ended.Close!.DiscardedMessages > 0 ? GapKind.Lost : GapKind.Rotated;
                _redial.Telemetry.Replaced(successor.Connection, gap);
                _queue.AddGap(successor.Epoch, gap);
                connection = successor;
            }
        }
        catch
        {
            // Either ends by a function that threw, or is fatal: nothing may stay open.
            connection.Session.Abort();
            successor?.Session.Abort();
            throw;
        }
    }

    // Both connections of an overlap close at once, and a consumer that takes nothing holds up nothing.
    private CancellationTokenRegistration CloseAtStop(FeedConnection connection) => _stop.UnsafeRegister(
        _ =>
        {
            Abandoned.Observe(connection.Session.CloseAsync(_reason, CancellationToken.None));
            Abandoned.Observe(connection.HurryAtEndAsync());
        },
        null);

    // The session ends, or has ended: what became of the messages that were sent on it.
    private async Task<DisconnectVerdict> EndAsync(FeedConnection connection, Task pump)
    {
        await Task.WhenAny(connection.Session.Completion, pump).ConfigureAwait(false);
        if (pump.IsFaulted)
        {
            connection.Session.Abort();
            await connection.Connection.EndAsync().ConfigureAwait(false);
        }

        CloseResult result = await connection.Connection.EndAsync().ConfigureAwait(false);
        LastClose = result;

        // A send in progress fails now; a stream that ignores its disposal may keep it.
        using (var limit = new TimeLimit(_redial.Time, SessionLifetime.Tail))
            await limit.CompletesAsync(connection.SettledAsync()).ConfigureAwait(false);

        // A peer that began to close, too, may not have read what we sent.
        if (result is { WasClean: true, Initiator: CloseInitiator.Local } && result.Received == result.Sent)
            connection.Ledger.Confirm(connection.Ledger.Last);
        await _hooks.ReportAsync(connection.Ledger, _redial.Time, _redial.Telemetry).ConfigureAwait(false);
        return connection.Connection.Verdict(DisconnectPhase.Ready, result, pump.Exception?.InnerException);
    }

    // True if it is to connect again, when all messages are in the queue.
    private async Task<bool> IsLostAsync(FeedConnection connection, DisconnectVerdict ended, Task pump)
    {
        if (_stop.IsCancellationRequested)
        {
            await pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _redial.NoteEnd(ended);
            return false;
        }

        if (pump.IsFaulted)
            GiveUp(ended, pump);
        try
        {
            _redial.Judge(ended);
        }
        catch (ReconnectException)
        {
            connection.Hurry();
            await pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        await pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (pump.IsFaulted)
            GiveUp(ended, pump, isNoted: true);
        return !_stop.IsCancellationRequested;
    }

    [DoesNotReturn]
    private void GiveUp(DisconnectVerdict ended, Task pump, bool isNoted = false)
    {
        DisconnectVerdict verdict = ended with
        {
            Error = pump.Exception!.InnerException,
            Why = "the function Observe, or DuplicateKey, threw an exception",
        };
        _redial.GiveUp(verdict, isNoted);
    }

    // A new connection in place of one that is old enough; null at an end or a stop.
    private async Task<(FeedConnection? Successor, DuplicateFilter? Filter)> ReplaceAsync(
        FeedConnection connection, Task pump)
    {
        TimeSpan pause = _options.MaxConnectionAge;
        if (pause != Timeout.InfiniteTimeSpan)
        {
            pause *= 1 + (_options.ConnectionAgeJitter * ((2 * _options.Random()) - 1));
            pause = pause > connection.Connection.Age ? pause - connection.Connection.Age : TimeSpan.Zero;
        }

        while (true)
        {
            await PauseAsync(pause, connection, pump).ConfigureAwait(false);
            if (connection.Connection.HasEnded || pump.IsCompleted || _stop.IsCancellationRequested)
                return default;

            // Both receive from when the next one subscribes.
            DuplicateFilter? filter = _options.DuplicateKey is { } keyOf ? new DuplicateFilter(keyOf) : null;
            connection.NoteKeys(filter);
            try
            {
                (Connection? ready, DisconnectVerdict? failure) =
                    await _redial.TryConnectAsync(GetReadyAsync, _stop).ConfigureAwait(false);
                if (ready is not null)
                    failure = await WhyNotSwitchAsync(connection, ready).ConfigureAwait(false);
                if (pump.IsFaulted)
                {
                    ready?.Session.Abort();
                    return default;
                }

                if (failure is null)
                    return (Use(ready!), filter);

                // The old one stays in use.
                ready?.Session.Abort();
                _outlet.Release();
                connection.NoteKeys(null);
                pause = PauseAfter(failure);
                _redial.Telemetry.RotationFailed(failure, pause);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return default;
            }
        }
    }

    // As long as the longest back-off, varied, or as the server asks for.
    private TimeSpan PauseAfter(DisconnectVerdict failure)
    {
        TimeSpan own = _options.MaxDelay * (1 + (0.2 * _options.Random())); // a fifth, as a server's waits are varied
        TimeSpan servers = RetryAfter.Of(failure.Error) ?? TimeSpan.Zero;
        servers = servers < _options.MaxServerDelay ? servers : _options.MaxServerDelay;
        return own > servers ? own : servers;
    }

    // Strict: what was sent on a connection arrives before what is sent on the next. Null if senders may switch.
    private async Task<DisconnectVerdict?> WhyNotSwitchAsync(FeedConnection old, Connection ready)
    {
        Exception? error = null;
        if (_options.StrictRotation && !OperatingSystem.IsBrowser())
        {
            _outlet.Hold();
            try
            {
                using var limit = new TimeLimit(_redial.Time, old.Session.PingTimeout);
                if (!await limit.CompletesAsync(old.SettledAsync(), _stop).ConfigureAwait(false))
                    throw new TimeoutException("A send on the old connection was not done within the ping timeout.");
                long sent = old.Ledger.Last;
                await old.Session.PingAsync(_stop).ConfigureAwait(false);
                old.Ledger.Confirm(sent);
            }
            catch (WebSocketException)
            {
                // it has ended: nothing more is sent on it
            }
            catch (TimeoutException e)
            {
                error = e;
            }
            catch
            {
                ready.Session.Abort();
                throw;
            }
        }

        if (error is null && ready.HasEnded && !old.Connection.HasEnded)
            error = new WebSocketClosedException("The new connection ended before it was used.");
        return error is null ? null : new DisconnectVerdict { Phase = DisconnectPhase.GettingReady, Error = error };
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
