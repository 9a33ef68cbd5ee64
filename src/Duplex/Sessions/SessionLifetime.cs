namespace Duplex;

/// <summary>
/// A session's way from open to ended: who began, what our Close says, how long each step may take, and the one place that releases the transport. The rules are in
/// <see cref="CloseCause"/> and <see cref="CloseState"/>; this gives them time and effect.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class SessionLifetime : IThreadPoolWorkItem
{
    /// <summary>
    /// How long we wait for the peer to end the connection after both Closes, or after ours if the peer broke a rule. RFC 6455 §7.1.1: a client "SHOULD wait for the server to close
    /// the connection"; a second is far more than any round trip, and little for whoever waits.
    /// </summary>
    public static readonly TimeSpan Tail = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a peer that broke a rule is not read, so that our Close goes out first. A connection that is free takes it at once; one that is not may be stuck because the peer sends
    /// all before it reads, and then goes on only when we read.
    /// </summary>
    public static readonly TimeSpan CloseFirst = TimeSpan.FromMilliseconds(100);

    private readonly StreamConnection _connection;
    private readonly CloseState _state;
    private readonly FrameQueue _incoming;
    private readonly TimeProvider _time;
    private readonly TimeSpan _closeTimeout;

    // Both set once by Start, before anything else can happen.
    private IFrameReceiver? _receiver;
    private IDisposable? _keepAlive;

    // Set once, by what Start begins, which reads it when it has a result.
    private Task<ReceiveEnd>? _reading;

    // Set once, from null, by whoever asks first.
    private EndSignals? _signals;

    public SessionLifetime(StreamConnection connection, CloseState state, FrameQueue incoming, SessionSettings settings)
    {
        _connection = connection;
        _state = state;
        _incoming = incoming;
        _time = settings.Time;
        _closeTimeout = settings.CloseTimeout;
        Log = new SessionLog(settings.Logger, settings.Target);
    }

    /// <summary>Where the session logs.</summary>
    public SessionLog Log { get; }

    /// <summary>Completes once, with how the session ended, after the transport is released. Never faults.</summary>
    public Task<CloseResult> Completion => Signals.Completion.Task;

    /// <summary>Completes with <see cref="Completion"/>, with why the session ended. Never faults.</summary>
    public Task<CloseReason> CloseReason => Signals.Reason.Task;

    /// <summary>Fires with <see cref="Completion"/>; callbacks run on the pool.</summary>
    public CancellationToken Closed => Signals.Closed.Token;

    private EndSignals Signals => LazyInitializer.EnsureInitialized(ref _signals, static () => new EndSignals());

    /// <summary>Begins to receive.</summary>
    /// <param name="receiver">Where frames go.</param>
    /// <param name="keepAlive">Disposed when the end begins, on any thread.</param>
    public void Start(IFrameReceiver receiver, IDisposable? keepAlive)
    {
        _receiver = receiver;
        _keepAlive = keepAlive;
        Log.Opened();

        // The session outlives the call that opens it: nothing of that call's ambient context is kept. And it may be one of thousands that nothing happens on: what only waits is no
        // async method, whose state would be kept for as long.
        _connection.Pump.Failed.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(OnWriteFailed);

        // On the pool: the first bytes may have come with the handshake's answer, and whoever opens the session does not wait for them to be parsed.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        _reading = _connection.Receiving.RunAsync(_receiver!);
        _reading.ConfigureAwait(false).GetAwaiter().OnCompleted(OnReceived); // with the pool's own context, whoever's thread the end is read on
    }

    /// <summary>Begins the end; false if it has begun before.</summary>
    public bool TryEnd(CloseCause cause)
    {
        if (!_state.TryBegin(cause))
            return false;
        CarryOut(cause);
        return true;
    }

    /// <summary>Begins the end with our Close, or answers the peer's where nothing has answered it. False if our Close was sent before.</summary>
    public bool TryClose(CloseCause cause) => TryEnd(cause) || (IsUnanswered && StageClose(cause.Reason!));

    /// <summary>Closes, and waits until both Closes have gone their way, or will not.</summary>
    /// <param name="cause">What our Close says, if we are the first.</param>
    /// <param name="token">Ends the wait only: the close goes on, bounded.</param>
    public Task<CloseResult> CloseAsync(CloseCause cause, CancellationToken token)
    {
        TryClose(cause);
        return Signals.Handshake.Task.WaitAsync(token);
    }

    /// <summary>A legal Close of the peer came. From the receive loop only, with all frames before it queued.</summary>
    /// <param name="received">What it says.</param>
    /// <param name="answer">Whether we answer it; otherwise our user does.</param>
    public void OnPeerClose(CloseReason received, bool answer)
    {
        CloseCause cause = CloseCause.Peer(received, answer);
        bool isFirst = _state.TryBegin(cause);

        // Then the frames: whoever takes the last one, a raw session's Close above all, finds that the peer has begun.
        _incoming.Publish();
        if (isFirst)
        {
            CarryOut(cause);
            return;
        }

        _state.MarkReceived(received);
        _incoming.Complete();
    }

    /// <summary>Ends at once; the peer sees the connection break.</summary>
    public void Abort()
    {
        // The cause before the deed: a read in progress then looks like the end of the stream.
        if (!TryEnd(CloseCause.Aborted()))
        {
            // Once both Closes have gone their way there is nothing left to spoil.
            if (!Signals.Handshake.Task.IsCompleted)
                _state.Fail(new WebSocketException("The session was aborted before its closing handshake was done."));
            _incoming.DropAll();
        }

        // Here and now: whoever aborts may do so because the pool is stuck.
        _connection.Release();
        MissClose(new IOException("The session was aborted before our Close was sent.")); // a raw session's user may never have answered
    }

    /// <summary>Closes politely if nobody has yet, drops what was not received, and waits for the end.</summary>
    public async ValueTask DisposeAsync()
    {
        TryClose(CloseCause.Leave(Duplex.CloseReason.Normal));
        _incoming.DropAll();
        await Signals.Completion.Task.ConfigureAwait(false);
    }

    // The peer closed a raw session, whose user has not answered.
    private bool IsUnanswered => _state is { Cause: { Initiator: CloseInitiator.Remote, Reason: null }, Staged: null };

    private void CarryOut(CloseCause cause)
    {
        _keepAlive?.Dispose();

        // Before anybody can see the end: whoever sees it finds that nothing can be sent any more.
        if (cause.Reason is { } reason)
            StageClose(reason);
        else if (cause.Received is null)
            _connection.Stop();

        if (cause.DropsReceived)
            _incoming.DropAll();
        if (!cause.AwaitsPeer)
            _incoming.Complete();
        _ = EndAsync(cause);
    }

    private bool StageClose(CloseReason reason)
    {
        if (!_state.TryStage(reason))
            return false;
        Span<byte> payload = stackalloc byte[FrameHeader.MaxControlPayload];
        bool isStaged = _connection.Pump.TryStageControl(Opcode.Close, payload[..ClosePayload.Write(reason, payload)], Signals.CloseFlushed);
        if (!isStaged)
            MissClose(new IOException("The connection ended before our Close could be sent."));
        _connection.Sender.Shut();
        return isStaged;
    }

    // Nobody waits any longer for our Close to be flushed.
    private void MissClose(IOException why)
    {
        if (Signals.CloseFlushed.TrySetException(why))
            _ = Signals.CloseFlushed.Task.Exception; // the end may be over already: nobody may be waiting
    }

    private void OnReceived() => _ = EndReceivingAsync(_reading!.Result);

    private async Task EndReceivingAsync(ReceiveEnd end)
    {
        try
        {
            await TakeInAsync(end).ConfigureAwait(false);
        }
        finally
        {
            Signals.Received.TrySetResult();
        }
    }

    private async Task TakeInAsync(ReceiveEnd end)
    {
        if (end.Violation is { } violation)
        {
            CloseCause cause = CloseCause.Violation(violation);
            if (!TryEnd(cause))
                FailPoliteEnd(cause.Error!);
        }
        else if (end.Error is { } error)
        {
            if (!TryEnd(CloseCause.Lost(error)))
                FailPoliteEnd(error);
        }

        Signals.PeerDone.TrySetResult();
        if (end.Error is not null)
            return;

        // Our Close first: a peer may end its half of the connection right behind its own, and HttpClient's upgraded stream closes both ways as soon as that end is read.
        // Behind the peer's Close nothing is left to read.
        Task flushed = Task.WhenAny(Signals.CloseFlushed.Task);
        await (end.Violation is null ? flushed : WaitForAsync(flushed, CloseFirst)).ConfigureAwait(false);
        await _connection.Receiving.DrainAsync().ConfigureAwait(false);
    }

    private void FailPoliteEnd(Exception error)
    {
        if (_state is { Cause.Reason: not null, Received: null })
            _state.Fail(error);
    }

    private void OnWriteFailed() => _ = LoseAsync(Lost(_connection.Pump.Failed.Result));

    private async Task LoseAsync(IOException lost)
    {
        // Where we have cut the connection ourselves, a write fails because of that, and tells nothing.
        if (_state.Cause is { Reason: null, Received: null })
            return;
        _state.Fail(lost);
        MissClose(lost);

        // The peer may have closed before it stopped to read: its Close is then still on its way through the receive loop, and tells more than our failed write.
        await WaitForAsync(Signals.Received.Task, Tail).ConfigureAwait(false);
        TryEnd(CloseCause.Lost(lost));
    }

    private static IOException Lost(Exception writeError) => writeError as IOException ?? new IOException("Writing to the connection failed.", writeError);

    private async Task EndAsync(CloseCause cause)
    {
        var wait = new CloseWait(_time, _closeTimeout, watchesConsumer: cause is { AwaitsPeer: true, DropsReceived: false });

        // The caller goes on.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        bool isPolite = await ShakeHandsAsync(cause, wait).ConfigureAwait(false);

        // RFC 6455 §7.1.1: the connection "SHOULD be closed first by the server". Where the peer's Close was not reached, what it still sends would destroy ours, so a server drains, too.
        if (isPolite && (_connection.Role == WebSocketRole.Client || _state.Received is null))
            await WaitForAsync(Signals.Received.Task, Tail).ConfigureAwait(false);

        _connection.Release();
        MissClose(new IOException("The connection was released before our Close was sent."));
        await WaitForAsync(ReleaseMemoryAsync(), Tail).ConfigureAwait(false);

        _state.MarkEnded();
        CloseResult result = _state.ToResult(_incoming.Dropped);
        Log.Ended(result, _state.Describe(result));
        Signals.Reason.TrySetResult(result.Reason);
        Signals.Completion.TrySetResult(result);
        _ = FireClosedAsync();
    }

    // A stream that ignores its own disposal still uses the memory, however late it ends.
    private async Task ReleaseMemoryAsync()
    {
        await Task.WhenAll(Signals.Received.Task, _connection.Pump.Ended).ConfigureAwait(false);
        _connection.Receiving.Release();
    }

    private async Task FireClosedAsync()
    {
        try
        {
            await Signals.Closed.CancelAsync().ConfigureAwait(false); // callbacks run on the pool
        }
        catch (AggregateException e)
        {
            Log.ClosedCallbackFailed(e);
        }
    }

    // True if the connection is worth a polite end.
    private async Task<bool> ShakeHandsAsync(CloseCause cause, CloseWait wait)
    {
        bool isPolite = false;
        if (cause.Reason is not null || cause.Received is not null)
        {
            try
            {
                await UntilShakenAsync(cause, wait).ConfigureAwait(false);
                isPolite = true;
            }
            catch (TimeoutException e)
            {
                _state.Fail(e);
            }
            catch (IOException e)
            {
                // The write's own error, where there is one, says more than that our Close was not written.
                _state.Fail(_connection.Pump.Failed is { IsCompletedSuccessfully: true, Result: var error } ? Lost(error) : e);
            }

            // It may have been flushed in the very moment when the time was up.
            if (Signals.CloseFlushed.Task.IsCompletedSuccessfully)
                _state.MarkFlushed();
        }

        _incoming.Complete();
        Signals.Handshake.TrySetResult(_state.ToResult(_incoming.Dropped));
        return isPolite;
    }

    // CloseTimeout begins with the end and covers all of it: what was staged before, our Close, the peer's.
    private async Task UntilShakenAsync(CloseCause cause, CloseWait wait)
    {
        await WithinAsync(Signals.CloseFlushed.Task).ConfigureAwait(false);
        _state.MarkFlushed();
        if (cause.Initiator == CloseInitiator.Local && !cause.StopsParsing)
            await WithinAsync(Signals.PeerDone.Task).ConfigureAwait(false);

        async Task WithinAsync(Task task)
        {
            while (true)
            {
                (CloseWait.Action action, TimeSpan next) = wait.Look(_time.GetTimestamp(), new CloseWait.Sighting(_incoming.IsFull, _incoming.TakenFrames, _incoming.Pauses));
                if (action == CloseWait.Action.GiveUp && !task.IsCompleted)
                    break;
                if (action == CloseWait.Action.Discard)
                    _incoming.StopPausing();
                if (!await CompletesAsync(task, next).ConfigureAwait(false))
                    continue;
                await task.ConfigureAwait(false);
                return;
            }

            string what = task == Signals.PeerDone.Task ? "The peer did not answer our Close frame"
                : _state.Staged is not null ? "The peer did not take our Close frame"
                : "The peer's Close frame was not answered";
            throw new TimeoutException($"{what} within the close timeout of {_closeTimeout.TotalSeconds:0.###} s.");
        }
    }

    // Whether a task completes before the next look. Task.WaitAsync would go on a moment before its timer is disposed, or in a rare race never dispose it.
    private async Task<bool> CompletesAsync(Task task, TimeSpan next)
    {
        if (!task.IsCompleted)
        {
            var late = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using ITimer timer = _time.CreateTimer(static late => ((TaskCompletionSource)late!).TrySetResult(), late, next, Timeout.InfiniteTimeSpan);
            await Task.WhenAny(task, late.Task).ConfigureAwait(false);
        }

        return task.IsCompleted;
    }

    // Waits for a task, and no longer than that.
    private async Task WaitForAsync(Task task, TimeSpan atMost)
    {
        if (task.IsCompleted)
            return;
        using var limit = new TimeLimit(_time, atMost);
        await limit.CompletesAsync(task).ConfigureAwait(false);
    }
}
