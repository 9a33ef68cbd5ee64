using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>
/// Sends any frame: data through the gate, in call order; pings and pongs between frames; a Close as the beginning of
/// the end. It keeps the rules of what we send.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class FrameSender
{
    private readonly SendGate _gate = new();
    private readonly SendPump _pump;
    private readonly CloseState _closeState;
    private readonly EngineProfile _engine;
    private readonly ISessionEvents _session;
    private readonly ExtensionChain? _extensions;
    private readonly OutgoingTransform? _transform;
    private readonly bool _closesOnOverflow;

    // Under the gate.
    private SendRules _rules;

    // Written by any sender: the payload's length of the frame that was refused last, which WaitToSendAsync waits for.
    private volatile int _refused;

    // Set by the thread that shuts the sender, before it looks for _stop; the other way round where _stop is made.
    private volatile bool _isShut;
    private CancellationTokenSource? _stop;

    /// <summary>Makes the sender of a connection.</summary>
    /// <param name="pump">Where frames are staged.</param>
    /// <param name="closeState">What a send throws once the end has begun.</param>
    /// <param name="settings">The engine, the extensions, and what happens when there is no room.</param>
    /// <param name="session">What a Close, an overflow or a failed extension is reported to.</param>
    public FrameSender(SendPump pump, CloseState closeState, ConnectionSettings settings, ISessionEvents session)
    {
        _pump = pump;
        _closeState = closeState;
        _engine = settings.Engine;
        _session = session;
        _extensions = settings.Extensions;
        _transform = _extensions is null ? null : new OutgoingTransform(_extensions, settings.Pool);
        _closesOnOverflow = settings.Outgoing.Overflow == ChannelOverflow.Close;
        _rules = new SendRules(_extensions);
    }

    /// <summary>
    /// Fires when nothing more is sent, because the end of the session has begun. Callbacks run on the thread pool.
    /// </summary>
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

    /// <summary>Whether nothing can be sent any more.</summary>
    public bool IsClosed => _pump.IsClosed;

    /// <summary>Whether the peer has, or will have, a part of a message and not its end. Under the gate.</summary>
    public bool IsUnfinished => _rules.OpenMessage is not null;

    /// <summary>Sends a frame; completes when it is staged.</summary>
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

    /// <summary>Sends a message; completes when it is staged.</summary>
    /// <param name="type">Text or binary.</param>
    /// <param name="payload">The payload; borrowed until the call completes.</param>
    /// <param name="options">What its sender asks for.</param>
    /// <param name="token">
    /// Withdraws the message as long as nothing of it is staged, and no extension has transformed it; ignored from then
    /// on.
    /// </param>
    /// <param name="isValidText">Whether the payload is known to be valid UTF-8.</param>
    public ValueTask SendAsync(
        FrameType type, ReadOnlyMemory<byte> payload, SendOptions options, CancellationToken token,
        bool isValidText = false) =>
        SendAsync(
            new Outgoing(type, payload, Fin: true, IsValidText: isValidText, Wish: options.Transform), token);

    /// <summary>
    /// Sends a frame if that takes no waiting. One that is larger than all the room there can be is taken whole.
    /// </summary>
    public bool TrySend(Frame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (_pump.IsClosed)
            return false;
        if (frame is Frame.Close close)
            return _session.OnCloseRequested(ReasonOf(close));
        if (frame.IsControl)
            RequireControlFrames(frame);

        bool isSent;
        try
        {
            isSent = frame.IsControl
                ? _pump.HasRoom && _pump.TryStageControl((Opcode)frame.Type, frame.Data.Span)
                : TrySend(new Outgoing(frame.Type, frame.Data, frame.Fin, frame.Reserved));
        }
        catch (WebSocketClosedException)
        {
            return false; // it ended meanwhile
        }

        if (!isSent)
            _refused = frame.IsControl ? 0 : frame.Data.Length;
        return isSent;
    }

    /// <summary>
    /// Completes when the frame that was refused last may be sent without waiting; false when no frame can be sent any
    /// more.
    /// </summary>
    public async ValueTask<bool> WaitToSendAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        if (_pump.IsClosed)
            return false;

        // The sender that holds the gate holds up the others; after it there must be room.
        if (await _gate.EnterAsync(token).ConfigureAwait(false))
        {
            _gate.Exit();
            await _pump.WaitForRoomAsync(_refused, token).ConfigureAwait(false);
        }

        return !_pump.IsClosed;
    }

    /// <summary>
    /// Begins a message of several fragments: the caller holds the gate until <see cref="ExitMessage"/>. No other data
    /// goes between the fragments; control frames do.
    /// </summary>
    /// <param name="token">Cancels the wait for the gate.</param>
    /// <exception cref="WebSocketClosedException">The session takes no more frames.</exception>
    /// <exception cref="InvalidOperationException">A message that a user began in fragments is unfinished.</exception>
    public async ValueTask EnterMessageAsync(CancellationToken token)
    {
        if (!await _gate.EnterAsync(token).ConfigureAwait(false))
            throw _closeState.ToSendException();
        try
        {
            if (_pump.IsClosed)
                throw _closeState.ToSendException();
            if (_rules.OpenMessage is { } open)
                throw new InvalidOperationException(
                    $"A fragmented {open} message is unfinished. Finish it with fin = true before another is sent " +
                    "from a stream.");
        }
        catch
        {
            Exit();
            throw;
        }
    }

    /// <summary>
    /// Sends a fragment of the message that was begun; completes when it is staged. An outgoing queue that closes on
    /// overflow judges only the first: the others wait for room.
    /// </summary>
    /// <param name="type">The message's type.</param>
    /// <param name="payload">The payload; borrowed until the call completes.</param>
    /// <param name="fin">Whether it is the last.</param>
    /// <param name="options">What its sender asks for.</param>
    /// <param name="token">Withdraws this fragment as long as nothing of it is staged.</param>
    public async ValueTask SendFragmentAsync(
        FrameType type, ReadOnlyMemory<byte> payload, bool fin, SendOptions options, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        SendPump.Staged outcome;
        try
        {
            var frame = new Outgoing(type, payload, fin, Wish: options.Transform, WaitsForRoom: IsUnfinished);
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

    /// <summary>Leaves the gate. If the message is unfinished, the end of the session must have begun.</summary>
    public void ExitMessage() => Exit();

    /// <summary>Takes no more data: callers that wait for the gate fail, and <see cref="Stopped"/> fires.</summary>
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
        catch (AggregateException) // a callback of the content's own, which has no part in the end
        {
        }
    }

    private static CloseReason ReasonOf(Frame.Close close) =>
        ClosePayload.TryParse(close.Data.Span, out CloseReason? reason, out ProtocolViolation? violation)
        ? reason
        : throw new ArgumentException(
            $"The Close frame's payload must not be sent (close code {(ushort)violation.Code} would answer it). " +
            "Create the frame from a CloseReason.", nameof(close));

    private void RequireControlFrames(Frame frame) =>
        _engine.Require(EngineCapability.ControlFrames, $"Sending a Frame.{frame.Type}");

    // Not through the gate, but not without bound either: a sender of pings waits for a peer that does not read, as any
    // other sender does.
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
        if (!_gate.TryEnter())
            return false;

        SendPump.Staged outcome = SendPump.Staged.NoRoom;
        try
        {
            Check(frame);
            outcome = Stage(ref frame, wholeOnly: true, out _);
        }
        finally
        {
            ExitAndWrite(outcome);
        }

        return outcome != SendPump.Staged.NoRoom;
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

    // Holds the gate, and leaves it when the frame is staged to its last byte.
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
        while (outcome == SendPump.Staged.NoRoom)
        {
            await _pump.WaitForRoomAsync(
                frame.IsCommitted ? 0 : frame.Payload.Length,
                frame.IsCommitted ? CancellationToken.None : token).ConfigureAwait(false);
            outcome = Stage(ref frame, wholeOnly: false, out taken);
        }

        // From its first staged byte on a frame has to be finished: the peer takes whatever follows for its payload. So
        // no token stops it.
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

    // What extensions wrote is staged, or will not be.
    private void Exit()
    {
        _transform?.Clear();
        _gate.Exit();
    }

    // The next sender at the gate continues before the write begins.
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
            throw _closeState.ToSendException(); // the message will not be finished any more
        _rules.Check(frame.Type, frame.Payload.Span, frame.Fin, frame.Reserved, frame.IsValidText);

        // Last, because nothing but the user's own predicate may fail it now.
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

    // Under the gate. Apart, because its locals would cost every other frame.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private SendPump.Staged TransformAndStage(ref Outgoing frame, bool wholeOnly, out int taken)
    {
        if (!frame.IsCommitted)
        {
            if (!_transform!.IsActive)
                return TryStage(frame, wholeOnly, out taken);

            // First the room, for as much as the caller gave us: once it is transformed, the frame can be neither
            // withdrawn nor refused.
            taken = 0;
            SendPump.Staged outcome = _pump.CheckRoom(frame.Payload.Length);
            if (outcome != SendPump.Staged.Queued)
                return outcome;
            frame = Transform(frame, _transform);
        }

        // What the extensions have transformed and the peer never gets would leave both sides with different ideas of
        // what was sent.
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
            return frame with { Payload = outcome, Reserved = reserved, IsCommitted = true };
        }
        finally
        {
            _extensions.Unuse();
        }
    }

    // A data frame on its way to the pump. The payload is neither masked nor copied; a continuation has the type of its
    // message. Of a fragmented message the first fragment's wish counts. One that waits for room does so also where the
    // queue closes on overflow. A committed one must go out: the payload is what extensions made of it.
    // Written by one constructor call: properties set one by one would cost a second copy of all of it.
    private readonly record struct Outgoing(
        FrameType Type, ReadOnlyMemory<byte> Payload, bool Fin, ReservedBits Reserved = ReservedBits.None,
        bool IsValidText = false, SendTransform Wish = SendTransform.Default, bool WaitsForRoom = false,
        bool IsCommitted = false);
}
