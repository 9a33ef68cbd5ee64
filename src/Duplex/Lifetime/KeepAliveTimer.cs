namespace Duplex;

/// <summary>
/// Carries out what <see cref="KeepAlive"/> decides, when that is due: never while pings are off. Thread-safe.
/// </summary>
internal sealed class KeepAliveTimer(
    StreamConnection connection, ISessionEvents session, SessionTelemetry telemetry, PendingPings pings,
    SessionSettings settings) : SharedTimer.Entry, IDisposable
{
    private readonly TimeProvider _time = settings.Time;
    private readonly HeartbeatSender? _heartbeats =
        settings.Heartbeat is { } beats ? new(beats, connection.Sender, connection.Pump, settings.Time) : null;

    // Also the lock of the fields below, to save an object.
    private readonly KeepAlive _keepAlive = settings.Heartbeat is { } heartbeat
        ? new(settings.Time, heartbeat.Interval, heartbeat.Timeout, heartbeat.OnlyWhenIdle)
        : new(settings.Time, settings.PingInterval, settings.PingTimeout);

    // Under the lock.
    private PauseWatch _pause = new(settings.Time);
    private bool _isStarted;
    private bool _isDisposed;

    public bool HasHeartbeat => _heartbeats is not null;

    /// <summary>Of the last reply to a heartbeat; null without one.</summary>
    public TimeSpan? LastRoundTripTime => _heartbeats?.LastRoundTripTime;

    public TimeSpan Interval
    {
        get
        {
            lock (_keepAlive)
                return _keepAlive.Interval;
        }
        set
        {
            TimeSpan interval = TimerRange.Checked(value, "PingInterval");
            lock (_keepAlive)
                _keepAlive.Interval = interval;
            Tick();
        }
    }

    public TimeSpan Timeout
    {
        get
        {
            lock (_keepAlive)
                return _keepAlive.Timeout;
        }
        set
        {
            TimeSpan timeout = TimerRange.Checked(value, "PingTimeout");
            lock (_keepAlive)
                _keepAlive.Timeout = timeout;
            Tick();
        }
    }

    public void Start()
    {
        lock (_keepAlive)
            _isStarted = true;
        Tick();
    }

    /// <summary>A pending write has its own deadline; the next ping may be far off.</summary>
    public void OnWritePending() => Tick();

    public void OnPong(ulong number)
    {
        lock (_keepAlive)
            _keepAlive.OnPong(number);
    }

    /// <summary>Whether a message is a heartbeat's reply. It has no number: it answers all that was sent.</summary>
    public bool TakeReply(Frame message)
    {
        if (_heartbeats is null || !_heartbeats.TryTakeReply(message, out ulong answered))
            return false;
        OnPong(answered);
        if (_heartbeats.LastRoundTripTime is { } roundTrip)
            telemetry.PongReceived(roundTrip);
        return true;
    }

    public void Dispose()
    {
        lock (_keepAlive)
        {
            _isDisposed = true;
            SharedTimer.Of(_time).Clear(this);
        }
    }

    public override void OnDue() => Tick();

    private void Tick()
    {
        KeepAlive.Action action;
        TimeSpan? full;
        Span<byte> payload = stackalloc byte[PendingPings.PayloadSize];
        ulong number = 0;
        lock (_keepAlive)
        {
            if (_isDisposed || !_isStarted)
                return;
            ReceiveLoop receiving = connection.Receiving;
            receiving.Reclaim();
            // before the times, which the loop sets first: the peer never wrongly seems silent
            bool isPaused = receiving.IsPaused;
            var seen = new KeepAlive.Sighting(
                receiving.LastInbound, receiving.LastResume, isPaused, connection.Pump.WriteBegan);
            long now = _time.GetTimestamp();
            full = _pause.Notice(now, receiving.IsWaitingForRoom, seen.LastResume, _keepAlive.Interval);
            (action, TimeSpan next) = _keepAlive.Advance(now, seen);
            if (action == KeepAlive.Action.Ping && _heartbeats is null)
            {
                number = pings.Add(payload, isAwaited: false).Number;
                _keepAlive.OnPingSent(number);
            }

            Arm(next);
        }

        if (full is { } duration)
            telemetry.IncomingStaysFull(duration);
        switch (action)
        {
            case KeepAlive.Action.Ping when _heartbeats is not null:
                using (AmbientFlow.Suppress()) // it may outlive the call
                    _ = BeatAsync(_heartbeats);
                break;
            case KeepAlive.Action.Ping:
                Ping(number, payload);
                break;
            case KeepAlive.Action.GiveUp:
                session.OnPeerLost(new TimeoutException(
                    $"Ping timeout: the peer sent nothing for {Timeout.TotalSeconds:0.###} s after a ping, or took " +
                    "nothing of what was written to it."));
                break;
        }
    }

    private void Ping(ulong number, ReadOnlySpan<byte> payload)
    {
        var accepted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!connection.Pump.TryStageControl(Opcode.Ping, payload, accepted))
            return;
        telemetry.PingSent();
        Watch(number, accepted.Task);
    }

    private void Watch(ulong number, Task accepted)
    {
        using (AmbientFlow.Suppress()) // it may outlive the call
            _ = WatchAsync(number, accepted);
    }

    private async Task BeatAsync(HeartbeatSender heartbeats)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // user code may call Tick
        try
        {
            if (!await heartbeats.TryEnterAsync().ConfigureAwait(false))
                return;
            ulong number = pings.TakeNumber();
            lock (_keepAlive)
                _keepAlive.OnPingSent(number);
            await heartbeats.SendAsync(number).ConfigureAwait(false);
            telemetry.PingSent();
            if (!heartbeats.HasReplies)
                return; // silence means nothing
            lock (_keepAlive)
                _keepAlive.OnPingAccepted(number, _time.GetTimestamp());
            Tick();
        }
        catch (Exception e) when (e is WebSocketException or IOException && connection.Pump.IsClosed)
        {
            // the end has begun
        }
        catch (Exception e)
        {
            session.OnSendFault(
                CloseCode.InternalError,
                new WebSocketException("The heartbeat's function, or its message, failed.", e));
        }
    }

    private async Task WatchAsync(ulong number, Task accepted)
    {
        // Never accepted: the pending write's deadline counts, or the end has begun.
        await accepted.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!accepted.IsCompletedSuccessfully)
            return;
        lock (_keepAlive)
            _keepAlive.OnPingAccepted(number, _time.GetTimestamp());
        Tick();
    }

    // Under the lock.
    private void Arm(TimeSpan next)
    {
        if (next == System.Threading.Timeout.InfiniteTimeSpan)
            SharedTimer.Of(_time).Clear(this);
        else
            SharedTimer.Of(_time).Set(this, next);
    }
}
