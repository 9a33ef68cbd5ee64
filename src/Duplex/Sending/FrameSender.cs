using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>
/// Sends any frame: data through the gate, pings and pongs between frames, a Close as the beginning of the end.
/// Thread-safe.
/// </summary>
internal sealed class FrameSender
{
    private readonly SendGate _gate = new();
    private readonly SendPump _pump;
    private readonly CloseState _closeState;
    private readonly EngineProfile _engine;
    private readonly ISessionEvents _session;
    private readonly SessionTelemetry _telemetry;
    private readonly ExtensionChain? _extensions;
    private readonly OutgoingTransform? _transform;
    private readonly bool _closesOnOverflow;

    // Under the gate.
    private SendRules _rules;
    private int _committedLength; // of a committed frame, before it was transformed

    // Written by any sender: the payload length that WaitToSendAsync waits for.
    private volatile int _refused;

    // Set by the thread that shuts, before it looks for _stop; where _stop is made, the other way round.
    private volatile bool _isShut;
    private CancellationTokenSource? _stop;

    public FrameSender(
        SendPump pump, CloseState closeState, ConnectionSettings settings, ISessionEvents session,
        SessionTelemetry telemetry)
    {
        _pump = pump;
        _closeState = closeState;
        _engine = settings.Engine;
        _session = session;
        _telemetry = telemetry;
        _extensions = settings.Extensions;
        _transform = _extensions is null ? null : new OutgoingTransform(_extensions, settings.Pool);
        _closesOnOverflow = settings.Outgoing.Overflow == ChannelOverflow.Close;
        _rules = new SendRules(_extensions);
    }

    /// <summary>Fires when nothing more is sent. Callbacks run on the thread pool.</summary>
    public CancellationToken Stopped
    {
        get
        {
            // without timer and links: nothing to dispose
            CancellationTokenSource stop = LazyInitializer.EnsureInitialized(
                ref _stop, static () => new CancellationTokenSource());
            if (_isShut)
                _ = CancelAsync(stop);
            return stop.Token;
        }
    }

    public bool IsClosed => _pump.IsClosed;

    /// <summary>Whether the peer lacks the end of a message. Under the gate.</summary>
    public bool IsUnfinished => _rules.OpenMessage is not null;

    public ValueTask SendAsync(Frame frame, SendOptions options, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (!frame.IsControl)
            return SendAsync(
                new Outgoing(frame.Type, frame.Data, frame.Fin, frame.Reserved, Wish: options.Transform), token);
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled(token);
        if (frame is Frame.Close close)
            return _session.OnCloseRequested(ReasonOf(close))
                ? default
                : ValueTask.FromException(_closeState.ToSendException());
        return SendControlAsync(frame, token);
    }

    /// <summary>
    /// The payload is borrowed until the call completes. The token withdraws it as long as nothing is staged or
    /// transformed.
    /// </summary>
    public ValueTask SendAsync(
        FrameType type, ReadOnlyMemory<byte> payload, SendOptions options, CancellationToken token,
        bool isValidText = false) =>
        SendAsync(
            new Outgoing(type, payload, Fin: true, IsValidText: isValidText, Wish: options.Transform), token);

    /// <summary>Never waits: a frame larger than all the room there can be is taken whole.</summary>
    public bool TrySend(Frame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (!frame.IsControl)
            return TrySend(new Outgoing(frame.Type, frame.Data, frame.Fin, frame.Reserved));
        if (_pump.IsClosed)
            return false;
        if (frame is Frame.Close close)
            return _session.OnCloseRequested(ReasonOf(close));
        RequireControlFrames(frame);
        if (_pump.HasRoom && _pump.TryStageControl((Opcode)frame.Type, frame.Data.Span))
            return true;
        _refused = 0;
        return false;
    }

    /// <summary>Never waits, as for a frame.</summary>
    public bool TrySend(FrameType type, ReadOnlyMemory<byte> payload) =>
        TrySend(new Outgoing(type, payload, Fin: true));

    /// <summary>Waits for room for the frame refused last; false when none can be sent any more.</summary>
    public async ValueTask<bool> WaitToSendAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        if (_pump.IsClosed)
            return false;

        // After the gate's holder there must be room.
        if (await _gate.EnterAsync(token).ConfigureAwait(false))
        {
            _gate.Exit();
            await _pump.WaitForRoomAsync(_refused, token).ConfigureAwait(false);
        }

        return !_pump.IsClosed;
    }

    /// <summary>
    /// The caller holds the gate until <see cref="ExitMessage"/>: only control frames go between the fragments.
    /// </summary>
    public async ValueTask EnterMessageAsync(CancellationToken token)
    {
        await EnterAsync(token).ConfigureAwait(false);
        if (_rules.OpenMessage is not { } open)
            return;
        Exit();
        throw new InvalidOperationException(
            $"A fragmented {open} message is unfinished. Finish it with fin = true before another is sent from a " +
            "stream.");
    }

    /// <summary>False, without the gate, if a fragmented message is unfinished.</summary>
    public async ValueTask<bool> TryEnterMessageAsync()
    {
        await EnterAsync(CancellationToken.None).ConfigureAwait(false);
        if (!IsUnfinished)
            return true;
        Exit();
        return false;
    }

    /// <summary>A queue that closes on overflow judges only the first fragment: the others wait for room.</summary>
    public async ValueTask SendFragmentAsync(
        FrameType type, ReadOnlyMemory<byte> payload, bool fin, SendOptions options, CancellationToken token,
        bool waitsForRoom = false)
    {
        token.ThrowIfCancellationRequested();
        SendPump.Staged outcome;
        try
        {
            var frame = new Outgoing(
                type, payload, fin, Wish: options.Transform, WaitsForRoom: waitsForRoom || IsUnfinished);
            Check(frame);
            outcome = Stage(ref frame, wholeOnly: false, out int taken);
            if (taken < frame.Payload.Length || outcome == SendPump.Staged.NoRoom)
                outcome = await StageRestAsync(frame, outcome, taken, token).ConfigureAwait(false);
        }
        finally
        {
            _transform?.Clear();
        }

        if (outcome == SendPump.Staged.WriteInline)
            _ = _pump.WriteInlineAsync();
    }

    /// <summary>If the message is unfinished, the session's end must have begun.</summary>
    public void ExitMessage() => Exit();

    public void Shut()
    {
        _gate.Shut();
        _isShut = true;
        Interlocked.MemoryBarrier(); // see Stopped
        if (_stop is { } stop)
            _ = CancelAsync(stop);
    }

    private static async Task CancelAsync(CancellationTokenSource stop)
    {
        try
        {
            await stop.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException) // a callback of the content's own
        {
        }
    }

    private static CloseReason ReasonOf(Frame.Close close) =>
        ClosePayload.TryParse(close.Data.Span, out CloseReason? reason, out ProtocolViolation? violation)
        ? reason
        : throw new ArgumentException(
            $"The Close frame's payload must not be sent (close code {(ushort)violation.Code} would answer it). " +
            "Create the frame from a CloseReason.", nameof(close));

    private async ValueTask EnterAsync(CancellationToken token)
    {
        if (!await _gate.EnterAsync(token).ConfigureAwait(false))
            throw _closeState.ToSendException();
        if (!_pump.IsClosed)
            return;
        Exit();
        throw _closeState.ToSendException();
    }

    private void RequireControlFrames(Frame frame) =>
        _engine.Require(EngineCapability.ControlFrames, $"Sending a Frame.{frame.Type}");

    // Not through the gate, but bounded: a sender of pings waits for room, too.
    private async ValueTask SendControlAsync(Frame frame, CancellationToken token)
    {
        RequireControlFrames(frame);
        if (!_pump.IsClosed)
            await _pump.WaitForRoomAsync(0, token).ConfigureAwait(false);
        if (!_pump.TryStageControl((Opcode)frame.Type, frame.Data.Span))
            throw _closeState.ToSendException();
    }

    private ValueTask SendAsync(Outgoing frame, CancellationToken token)
    {
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled(token);
        if (!_gate.TryEnter())
            return EnterAndSendAsync(frame, token);

        SendPump.Staged outcome;
        int taken;
        try
        {
            Check(frame);
            outcome = Stage(ref frame, wholeOnly: false, out taken);
        }
        catch (Exception e)
        {
            Exit();
            return ValueTask.FromException(e);
        }

        if (taken < frame.Payload.Length || outcome == SendPump.Staged.NoRoom)
            return FinishAsync(frame, outcome, taken, token);
        ExitAndWrite(outcome);
        return default;
    }

    private bool TrySend(Outgoing frame)
    {
        if (_pump.IsClosed)
            return false;
        int length = frame.Payload.Length; // a transformed frame has another
        SendPump.Staged outcome = SendPump.Staged.NoRoom;
        if (_gate.TryEnter())
        {
            try
            {
                Check(frame);
                outcome = Stage(ref frame, wholeOnly: true, out _);
            }
            catch (WebSocketClosedException)
            {
                return false; // it ended meanwhile
            }
            finally
            {
                ExitAndWrite(outcome);
            }
        }

        if (outcome != SendPump.Staged.NoRoom)
            return true;
        _refused = length;
        return false;
    }

    private async ValueTask EnterAndSendAsync(Outgoing frame, CancellationToken token)
    {
        if (!await _gate.EnterAsync(token).ConfigureAwait(false))
            throw _closeState.ToSendException();
        SendPump.Staged outcome;
        int taken;
        try
        {
            Check(frame);
            outcome = Stage(ref frame, wholeOnly: false, out taken);
        }
        catch
        {
            Exit();
            throw;
        }

        await FinishAsync(frame, outcome, taken, token).ConfigureAwait(false);
    }

    // Holds the gate, and leaves it.
    private async ValueTask FinishAsync(Outgoing frame, SendPump.Staged outcome, int taken, CancellationToken token)
    {
        try
        {
            outcome = await StageRestAsync(frame, outcome, taken, token).ConfigureAwait(false);
        }
        catch
        {
            Exit();
            throw;
        }

        ExitAndWrite(outcome);
    }

    // Under the gate.
    private async ValueTask<SendPump.Staged> StageRestAsync(
        Outgoing frame, SendPump.Staged outcome, int taken, CancellationToken token)
    {
        long waitBegan = outcome == SendPump.Staged.NoRoom ? _telemetry.SendWaitBegins() : 0;
        while (outcome == SendPump.Staged.NoRoom)
        {
            await _pump.WaitForRoomAsync(
                frame.IsCommitted ? 0 : frame.Payload.Length,
                frame.IsCommitted ? CancellationToken.None : token).ConfigureAwait(false);
            outcome = Stage(ref frame, wholeOnly: false, out taken);
        }

        _telemetry.SendWaited(waitBegan);

        // No token stops a begun frame: the peer takes whatever follows for its payload.
        for (ReadOnlyMemory<byte> rest = frame.Payload[taken..]; !rest.IsEmpty; rest = rest[taken..])
        {
            if (outcome == SendPump.Staged.WriteInline)
                await _pump.WriteInlineAsync().ConfigureAwait(false);
            outcome = _pump.TryAppend(rest.Span, out taken);
            if (outcome == SendPump.Staged.Closed)
                throw _closeState.ToSendException();
            if (outcome == SendPump.Staged.NoRoom)
                await _pump.WaitToAppendAsync().ConfigureAwait(false);
        }

        return outcome;
    }

    private void Exit()
    {
        _transform?.Clear();
        _gate.Exit();
    }

    // The next sender continues before the write.
    private void ExitAndWrite(SendPump.Staged outcome)
    {
        Exit();
        if (outcome == SendPump.Staged.WriteInline)
            _ = _pump.WriteInlineAsync();
    }

    // Under the gate.
    private void Check(in Outgoing frame)
    {
        if (_rules.OpenMessage is { } open && open != frame.Type && _pump.IsClosed)
            throw _closeState.ToSendException(); // it will not be finished
        _rules.Check(frame.Type, frame.Payload.Span, frame.Fin, frame.Reserved, frame.IsValidText);

        // Last: only the user's own predicate may fail it now.
        if (_transform is not null && !IsUnfinished
            && !_transform.TryDecide(frame.Type, frame.Payload.Span, frame.Fin, frame.Reserved, frame.Wish))
            throw _closeState.ToSendException();
    }

    // Under the gate.
    private SendPump.Staged Stage(ref Outgoing frame, bool wholeOnly, out int taken)
    {
        SendPump.Staged outcome = _transform is null
            ? TryStage(frame, wholeOnly, out taken)
            : TransformAndStage(ref frame, wholeOnly, out taken);
        if (outcome == SendPump.Staged.Closed)
            throw _closeState.ToSendException();
        if (outcome != SendPump.Staged.NoRoom)
        {
            if (!frame.IsCommitted)
                _rules.OnCommitted(frame.Type, frame.Payload.Span, frame.Fin);
            _rules.OnStaged(frame.Type, frame.Fin);
            _telemetry.Sent.Add(frame.Type, frame.IsCommitted ? _committedLength : frame.Payload.Length, frame.Fin);
        }
        else if (_closesOnOverflow && !frame.IsCommitted && !frame.WaitsForRoom)
        {
            var overflow = new ChannelOverflowException(
                $"The outgoing queue was full when a {frame.Type} frame of {frame.Payload.Length} bytes was sent, " +
                "and it is set to close the session then. " +
                "Send less, give Channels.Outgoing more room, or let it suspend.");
            _session.OnOutgoingOverflow(overflow);
            throw overflow;
        }

        return outcome;
    }

    // Under the gate. Apart: its locals would cost every other frame.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private SendPump.Staged TransformAndStage(ref Outgoing frame, bool wholeOnly, out int taken)
    {
        if (!frame.IsCommitted)
        {
            if (!_transform!.IsActive)
                return TryStage(frame, wholeOnly, out taken);

            // Room first: a transformed frame can be neither withdrawn nor refused.
            taken = 0;
            SendPump.Staged outcome = _pump.CheckRoom(frame.Payload.Length);
            if (outcome != SendPump.Staged.Queued)
                return outcome;
            frame = Transform(frame, _transform);
        }

        // If the peer never gets a transformed frame, both sides disagree about what was sent.
        try
        {
            return TryStage(frame, wholeOnly, out taken);
        }
        catch (Exception e)
        {
            var fault = new WebSocketException(
                "A message was transformed by an extension, and could not be staged: see the inner exception.", e);
            _session.OnSendFault(CloseCode.InternalError, fault);
            throw fault;
        }
    }

    // Under the gate.
    private SendPump.Staged TryStage(in Outgoing frame, bool wholeOnly, out int taken) =>
        _pump.TryStage(
            _rules.OpcodeOf(frame.Type), frame.Fin, frame.Reserved, frame.Payload.Span, wholeOnly, out taken,
            frame.IsCommitted);

    // Under the gate.
    private Outgoing Transform(in Outgoing frame, OutgoingTransform transform)
    {
        if (!_extensions!.TryUse())
            throw _closeState.ToSendException();
        try
        {
            ReservedBits reserved = frame.Reserved;
            if (!transform.TryProcess(
                frame.Type, frame.Payload, !IsUnfinished, frame.Fin, ref reserved,
                out ReadOnlyMemory<byte> outcome, out CloseCode code, out WebSocketException? error))
            {
                _session.OnSendFault(code, error);
                throw error;
            }

            _rules.OnCommitted(frame.Type, frame.Payload.Span, frame.Fin);
            _committedLength = frame.Payload.Length;
            return frame with { Payload = outcome, Reserved = reserved, IsCommitted = true };
        }
        finally
        {
            _extensions.Unuse();
        }
    }

    // A committed frame must go out: its payload is what extensions made. One constructor call: properties set one by
    // one would cost a second copy.
    private readonly record struct Outgoing(
        FrameType Type, ReadOnlyMemory<byte> Payload, bool Fin, ReservedBits Reserved = ReservedBits.None,
        bool IsValidText = false, SendTransform Wish = SendTransform.Default, bool WaitsForRoom = false,
        bool IsCommitted = false);
}
