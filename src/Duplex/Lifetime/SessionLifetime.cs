using System.Diagnostics.CodeAnalysis;

namespace Duplex;

/// <summary>
/// Takes a session from open to ended in bounded time, and alone releases the transport. <see cref="CloseCause"/> has
/// what follows from each end, <see cref="CloseState"/> which one counts.
/// </summary>
/// <remarks>
/// <code>
/// open ─┬─ our Close ─────► staged ─► flushed ─► peer's Close ─┬─► tail, at most 1 s ─► released ─► Completion, Closed
///       ├─ peer's Close ──► ours staged ─► flushed ────────────┤
///       ├─ violation ─────► our Close flushed, input drained ──┤
///       └─ lost, aborted ─► nothing is sent ───────────────────┘
/// </code>
/// <para><c>CloseTimeout</c> begins with the end and covers all before the tail. Thread-safe.</para>
/// </remarks>
internal sealed class SessionLifetime
{
    /// <summary>
    /// How long we wait for the peer to end the connection. RFC 6455 §7.1.1: a client "SHOULD wait for the server to
    /// close the connection". A second is far more than any round trip.
    /// </summary>
    public static readonly TimeSpan Tail = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a peer that broke a rule is not read: our Close goes first. A stuck one may continue only when we read.
    /// </summary>
    public static readonly TimeSpan CloseFirst = TimeSpan.FromMilliseconds(100);

    private readonly StreamConnection _connection;
    private readonly CloseState _state;
    private readonly FrameQueue _incoming;
    private readonly SessionTelemetry _telemetry;
    private readonly TimeProvider _time;
    private readonly TimeSpan _closeTimeout;

    // Set once by Start, before anything else can happen.
    private KeepAliveTimer? _keepAlive;

    // Set once, from null, by the first that needs it.
    private Signals? _signals;

    public SessionLifetime(
        StreamConnection connection, CloseState state, FrameQueue incoming, SessionTelemetry telemetry,
        SessionSettings settings)
    {
        _connection = connection;
        _state = state;
        _incoming = incoming;
        _telemetry = telemetry;
        _time = settings.Time;
        _closeTimeout = settings.CloseTimeout;
    }

    public TimeProvider Time => _time;

    /// <summary>Completes after the transport is released. Never faults.</summary>
    public Task<CloseResult> Completion => Steps.Completion.Task;

    public Task<CloseReason> CloseReason => Steps.Reason.Task;

    public CancellationToken Closed => Steps.Closed.Token;

    private Signals Steps => LazyInitializer.EnsureInitialized(ref _signals, static () => new Signals());

    // The peer closed a raw session, whose user has not answered.
    private bool IsUnanswered => _state is { Cause: { Initiator: CloseInitiator.Remote, Reason: null }, Staged: null };

    public void Start(KeepAliveTimer? keepAlive)
    {
        _keepAlive = keepAlive;
        _telemetry.Opened();
        _connection.Receiving.Start(isDirect: _connection.Messages is not null);
    }

    public bool TryEnd(CloseCause cause)
    {
        if (!_state.TryBegin(cause))
            return false;
        CarryOut(cause);
        return true;
    }

    /// <summary>Sends our Close or answers the peer's; false if ours was sent before.</summary>
    public bool TryClose(CloseCause cause) => TryEnd(cause) || (IsUnanswered && StageClose(cause.Reason!));

    /// <summary>Completes when both Closes were exchanged, or will not be.</summary>
    public Task<CloseResult> CloseAsync(CloseCause cause, CancellationToken token)
    {
        TryClose(cause);
        return Steps.Handshake.Task.WaitAsync(token);
    }

    /// <summary>
    /// From the receive loop, with all earlier frames queued. Without <paramref name="answer"/> the user answers.
    /// </summary>
    public void OnPeerClose(CloseReason received, bool answer)
    {
        CloseCause cause = CloseCause.Peer(received, answer);
        bool isFirst = _state.TryBegin(cause);

        // Then the frames: a consumer that takes the last one sees that the peer has begun.
        FrameWaiter.QueueAll(_incoming.Publish());
        if (isFirst)
        {
            CarryOut(cause);
            return;
        }

        _state.MarkReceived(received);
        _incoming.Complete();
    }

    /// <summary>From the receive loop, whose thread may have a caller's ambient values.</summary>
    public void OnReceiveEnd(ProtocolViolation? violation, Exception? error) =>
        ThreadPool.UnsafeQueueUserWorkItem(
            static end => _ = end.Lifetime.EndReceivingAsync(end.Violation, end.Error),
            (Lifetime: this, Violation: violation, Error: error), preferLocal: false);

    /// <summary>From any thread that writes.</summary>
    public void OnWriteFailed(Exception error)
    {
        // Writes also fail because of our own release.
        if (_state.Cause is { Reason: null, Received: null })
            return;
        IOException lost = Lost(error);
        _state.Fail(lost);
        _connection.Messages?.HandOver(keepsUnparsed: true); // see LoseAsync
        _connection.Receiving.StopWaiting();
        MissClose(lost);
        ThreadPool.UnsafeQueueUserWorkItem(
            static failed => _ = failed.Lifetime.LoseAsync(failed.Lost), (Lifetime: this, Lost: lost),
            preferLocal: false);
    }

    public void Abort()
    {
        // Record the cause before aborting: the abort makes a pending read look like the end of the stream.
        if (!TryEnd(CloseCause.Aborted()))
        {
            // Once both Closes were exchanged, the end stays clean.
            if (!Steps.Handshake.Task.IsCompleted)
                _state.Fail(new WebSocketException("The session was aborted before its closing handshake was done."));
            _incoming.DropAll();
        }

        // On this thread: the pool may be stuck.
        _connection.Release();
        // a raw session's user may never have answered
        MissClose(new IOException("The session was aborted before our Close was sent."));
    }

    /// <summary>Closes with 1000 if no end has begun.</summary>
    public async ValueTask DisposeAsync()
    {
        TryClose(CloseCause.CloseAndDiscard(Duplex.CloseReason.Normal));
        _incoming.DropAll();
        await Steps.Completion.Task.ConfigureAwait(false);
    }

    private void CarryOut(CloseCause cause)
    {
        _keepAlive?.Dispose();

        // First: a caller that sees the end finds that nothing can be sent any more.
        if (cause.Reason is { } reason)
            StageClose(reason);
        else if (cause.Received is null)
            _connection.Stop();

        // The end needs what comes, whether or not a consumer reads.
        _connection.Messages?.HandOver(keepsUnparsed: !cause.DropsReceived);
        _connection.Receiving.StopWaiting();
        if (cause.DropsReceived)
            _incoming.DropAll();
        if (!cause.AwaitsPeer)
            _incoming.Complete();
        using (AmbientFlow.Suppress()) // the end outlives the call
            _ = EndAsync(cause);
    }

    private bool StageClose(CloseReason reason)
    {
        if (!_state.TryStage(reason))
            return false;
        Span<byte> payload = stackalloc byte[FrameHeader.MaxControlPayload];
        bool isStaged = _connection.Pump.TryStageControl(
            Opcode.Close, payload[..ClosePayload.Write(reason, payload)], Steps.CloseFlushed);
        if (!isStaged)
            MissClose(new IOException("The connection ended before our Close could be sent."));
        _connection.Sender.Shut();
        return isStaged;
    }

    private void MissClose(IOException why)
    {
        if (Steps.CloseFlushed.TrySetException(why))
            _ = Steps.CloseFlushed.Task.Exception; // observed: the end may be over
    }

    private async Task EndReceivingAsync(ProtocolViolation? violation, Exception? error)
    {
        try
        {
            await DrainAsync(violation, error).ConfigureAwait(false);
        }
        finally
        {
            Steps.Received.TrySetResult();
        }
    }

    private async Task DrainAsync(ProtocolViolation? violation, Exception? error)
    {
        CloseCause? cause = violation is not null ? CloseCause.Violation(violation)
            : error is not null ? CloseCause.Lost(error)
            : null;
        if (cause is not null && !TryEnd(cause) && _state is { Cause.Reason: not null, Received: null })
            _state.Fail(cause.Error!); // a polite end that fails
        Steps.PeerDone.TrySetResult();
        if (error is not null)
            return;

        // Our Close first: HttpClient's upgraded stream closes both directions as soon as the peer's end is read.
        Task flushed = Task.WhenAny(Steps.CloseFlushed.Task);
        await (violation is null ? flushed : WaitForAsync(flushed, CloseFirst)).ConfigureAwait(false);
        await _connection.Receiving.DrainAsync().ConfigureAwait(false);
    }

    private async Task LoseAsync(IOException lost)
    {
        // The peer may have closed before it stopped reading: its Close says more than our failed write.
        await WaitForAsync(Steps.Received.Task, Tail).ConfigureAwait(false);
        TryEnd(CloseCause.Lost(lost));
    }

    private static IOException Lost(Exception writeError) =>
        writeError as IOException ?? new IOException("Writing to the connection failed.", writeError);

    private async Task EndAsync(CloseCause cause)
    {
        var wait = new CloseWait(
            _time, _closeTimeout, watchesConsumer: cause is { AwaitsPeer: true, DropsReceived: false });

        // The caller continues.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        bool isPolite = await ShakeHandsAsync(cause, wait).ConfigureAwait(false);

        // RFC 6455 §7.1.1: the connection "SHOULD be closed first by the server". A server drains, too, if the peer's
        // Close was not reached: unread bytes would destroy ours.
        if (isPolite && (_connection.Role == WebSocketRole.Client || _state.Received is null))
            await WaitForAsync(Steps.Received.Task, Tail).ConfigureAwait(false);

        _connection.Release();
        MissClose(new IOException("The connection was released before our Close was sent."));
        await WaitForAsync(ReleaseMemoryAsync(), Tail).ConfigureAwait(false);

        _state.MarkEnded();
        CloseResult result = _state.ToResult(_incoming.Dropped);
        _telemetry.Ended(
            result, _state.Describe(result), _time.GetElapsedTime(_connection.Receiving.LastInbound));
        Steps.Reason.TrySetResult(result.Reason);
        Steps.Completion.TrySetResult(result);
        _ = FireClosedAsync();
    }

    // A stream that ignores its disposal still uses the memory.
    private async Task ReleaseMemoryAsync()
    {
        await Task.WhenAll(Steps.Received.Task, _connection.Pump.Ended).ConfigureAwait(false);
        _connection.Receiving.Release();
    }

    private async Task FireClosedAsync()
    {
        try
        {
            await Steps.Closed.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException e)
        {
            _telemetry.ClosedCallbackFailed(e);
        }
    }

    // True if the Closes that this end needs were exchanged.
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
                // The write's own error says more.
                _state.Fail(_connection.Pump.WriteError is { } error ? Lost(error) : e);
            }

            // It may have been flushed just at the timeout.
            if (Steps.CloseFlushed.Task.IsCompletedSuccessfully)
                _state.MarkFlushed();
        }

        _incoming.Complete();
        Steps.Handshake.TrySetResult(_state.ToResult(_incoming.Dropped));
        return isPolite;
    }

    private async Task UntilShakenAsync(CloseCause cause, CloseWait wait)
    {
        await WithinAsync(Steps.CloseFlushed.Task).ConfigureAwait(false);
        _state.MarkFlushed();
        if (cause.Initiator == CloseInitiator.Local && !cause.StopsParsing)
            await WithinAsync(Steps.PeerDone.Task).ConfigureAwait(false);

        async Task WithinAsync(Task task)
        {
            while (true)
            {
                (CloseWait.Action action, TimeSpan next) = wait.Look(
                    _time.GetTimestamp(),
                    new CloseWait.Sighting(_incoming.IsFull, _incoming.TakenFrames, _incoming.Pauses));
                if (action == CloseWait.Action.GiveUp && !task.IsCompleted)
                    break;
                if (action == CloseWait.Action.Discard)
                    _incoming.StopPausing();
                if (!await CompletesAsync(task, next).ConfigureAwait(false))
                    continue;
                await task.ConfigureAwait(false);
                return;
            }

            string what = task == Steps.PeerDone.Task ? "The peer did not answer our Close frame"
                : _state.Staged is not null ? "The peer did not take our Close frame"
                : "The peer's Close frame was not answered";
            throw new TimeoutException($"{what} within the close timeout of {_closeTimeout.TotalSeconds:0.###} s.");
        }
    }

    // Task.WaitAsync would continue before its timer is disposed, or in a rare race never dispose it.
    private async Task<bool> CompletesAsync(Task task, TimeSpan next)
    {
        if (!task.IsCompleted)
        {
            var late = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using ITimer timer = _time.CreateTimer(
                static late => ((TaskCompletionSource)late!).TrySetResult(), late, next, Timeout.InfiniteTimeSpan);
            await Task.WhenAny(task, late.Task).ConfigureAwait(false);
        }

        return task.IsCompleted;
    }

    private async Task WaitForAsync(Task task, TimeSpan atMost)
    {
        if (task.IsCompleted)
            return;
        using var limit = new TimeLimit(_time, atMost);
        await limit.CompletesAsync(task).ConfigureAwait(false);
    }

    /// <summary>The steps of an end. Continuations and callbacks run on the pool.</summary>
    [SuppressMessage(
        "Design", "CA1001",
        Justification = "The token source has no timer and no links, so it holds nothing to dispose; users may " +
            "register with its token at any time.")]
    private sealed class Signals
    {
        /// <summary>The transport has accepted our Close; fails if it will not.</summary>
        public TaskCompletionSource CloseFlushed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The peer's Close, a violation, or the end of its stream was read.</summary>
        public TaskCompletionSource PeerDone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Nothing is read any more.</summary>
        public TaskCompletionSource Received { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<CloseResult> Handshake { get; } = new(
            TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<CloseResult> Completion { get; } = new(
            TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<CloseReason> Reason { get; } = new(
            TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationTokenSource Closed { get; } = new();
    }
}
