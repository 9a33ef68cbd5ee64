using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>
/// Sends data frames: through the gate, onto the stage, in call order. It keeps the rules of what we send (fragments, UTF-8, reserved bits), so that a mistake of ours is an
/// exception at the call and never a violation on the wire.
/// </summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="pump">Where frames are staged.</param>
/// <param name="closeState">What a send throws once the end has begun.</param>
/// <param name="extensions">What transforms messages; null for nothing.</param>
/// <param name="onOverflow">Called when a frame finds no room; null if its sender waits for some.</param>
/// <param name="onFault">Called when a message was transformed, or was to be, and cannot be sent: the session must end, with that code.</param>
internal sealed partial class FrameSender(
    SendPump pump, CloseState closeState, ExtensionPipeline? extensions, Action<ChannelOverflowException>? onOverflow, Action<CloseCode, WebSocketException> onFault)
{
    private readonly SendGate _gate = new();
    private readonly ReservedBits _ownedBits = extensions?.Chain.OwnedBits ?? ReservedBits.None;
    private readonly ReservedBits _continuationBits = extensions?.Chain.ContinuationBits ?? ReservedBits.None;

    // Both under the gate: the message that a fragment began, and how far its text is valid.
    private FrameType? _openMessage;
    private Utf8Validator _utf8;

    /// <summary>Sends a frame or a fragment; completes when it is staged.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="token">Withdraws the frame as long as nothing of it is staged, and no extension has transformed it; ignored from then on.</param>
    public ValueTask SendAsync(OutgoingFrame frame, CancellationToken token)
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
        Leave(outcome);
        return default;
    }

    /// <summary>Sends a frame if that takes no waiting. One that could never wait for enough room is taken whole.</summary>
    /// <exception cref="WebSocketException">The session has ended, or its queue overflowed.</exception>
    public bool TrySend(OutgoingFrame frame)
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
            Leave(outcome);
        }

        return outcome != SendPump.Staged.NoRoom;
    }

    /// <summary>Completes when a frame of this length may be sent without waiting, or none may any more.</summary>
    public async ValueTask WaitToSendAsync(int length, CancellationToken token)
    {
        // Whoever is inside holds the others up; then there must be room.
        if (!await _gate.EnterAsync(token).ConfigureAwait(false))
            return;
        _gate.Exit();
        await pump.WaitForRoomAsync(length, token).ConfigureAwait(false);
    }

    /// <summary>Nothing is taken any more: whoever waits for its turn fails, and whoever sends a message in fragments is told.</summary>
    public void Shut()
    {
        _gate.Shut();
        _streamed?.Stop();
    }

    private async ValueTask EnterAndSendAsync(OutgoingFrame frame, CancellationToken token)
    {
        if (!await _gate.EnterAsync(token).ConfigureAwait(false))
            throw closeState.ToSendException();
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
    private async ValueTask FinishAsync(OutgoingFrame frame, SendPump.Staged outcome, int taken, CancellationToken token)
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

        Leave(outcome);
    }

    // Holds the gate.
    private async ValueTask<SendPump.Staged> StageRestAsync(OutgoingFrame frame, SendPump.Staged outcome, int taken, CancellationToken token)
    {
        while (outcome == SendPump.Staged.NoRoom)
        {
            await pump.WaitForRoomAsync(frame.IsCommitted ? 0 : frame.Payload.Length, frame.IsCommitted ? CancellationToken.None : token).ConfigureAwait(false);
            outcome = Stage(ref frame, wholeOnly: false, out taken);
        }

        // From its first staged byte on a frame has to be finished: the peer takes whatever follows for its payload. So no token stops it.
        for (ReadOnlyMemory<byte> rest = frame.Payload[taken..]; !rest.IsEmpty; rest = rest[taken..])
        {
            if (outcome == SendPump.Staged.WriteInline)
                await pump.WriteInlineAsync().ConfigureAwait(false);
            outcome = pump.TryAppend(rest.Span, out taken);
            if (outcome == SendPump.Staged.Closed)
                throw closeState.ToSendException();
            if (outcome == SendPump.Staged.NoRoom)
                await pump.WaitToAppendAsync().ConfigureAwait(false);
        }

        return outcome;
    }

    private void Exit()
    {
        ClearTransformed();
        _gate.Exit();
    }

    // Under the gate: what extensions wrote is staged, or will not be.
    private void ClearTransformed() => extensions?.Outgoing.Clear();

    // Whoever waits at the gate goes on before the write begins.
    private void Leave(SendPump.Staged outcome)
    {
        Exit();
        if (outcome == SendPump.Staged.WriteInline)
            _ = pump.WriteInlineAsync();
    }

    // Under the gate.
    private SendPump.Staged Stage(ref OutgoingFrame frame, bool wholeOnly, out int taken)
    {
        SendPump.Staged outcome = extensions is null && !frame.IsCommitted ? TryStage(frame, wholeOnly, out taken) : StageByExtensions(ref frame, wholeOnly, out taken);
        switch (outcome)
        {
            case SendPump.Staged.Closed:
                throw closeState.ToSendException();
            case SendPump.Staged.NoRoom when onOverflow is not null && !frame.IsCommitted && !(IsStreaming && _openMessage is not null):
                var overflow = new ChannelOverflowException(
                    $"The outgoing queue was full when a {frame.Type} frame of {frame.Payload.Length} bytes was sent, and it is set to close the session then. " +
                    "Send less, give Channels.Outgoing more room, or let it suspend.");
                onOverflow(overflow);
                throw overflow;
            case SendPump.Staged.NoRoom:
                break;
            default:
                if (frame.Type == FrameType.Text && !(frame.Fin && _openMessage is null) && !frame.IsCommitted)
                    _utf8.Append(frame.Payload.Span);
                _openMessage = frame.Fin ? null : frame.Type;
                if (frame.Fin)
                    _utf8.Reset();
                break;
        }

        return outcome;
    }

    // Under the gate. Apart, because its locals would cost every other frame.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private SendPump.Staged StageByExtensions(ref OutgoingFrame frame, bool wholeOnly, out int taken)
    {
        if (frame.IsCommitted)
            return StageCommitted(frame, wholeOnly, out taken);
        if (extensions is not { Outgoing.IsActive: true })
            return TryStage(frame, wholeOnly, out taken);

        // First the room, for as much as was given to us: once it is transformed the frame can be neither withdrawn nor refused.
        taken = 0;
        SendPump.Staged outcome = pump.Foresee(frame.Payload.Length);
        if (outcome != SendPump.Staged.Queued)
            return outcome;
        frame = Transform(frame, extensions);
        return StageCommitted(frame, wholeOnly, out taken);
    }

    // Under the gate. RFC 6455 §5.4: a fragment after the first has the opcode 0.
    private SendPump.Staged TryStage(in OutgoingFrame frame, bool wholeOnly, out int taken) => pump.TryStage(
        _openMessage is null ? (Opcode)frame.Type : Opcode.Continuation, frame.Fin, frame.Reserved, frame.Payload.Span, wholeOnly, out taken, frame.IsCommitted);

    // Under the gate. What the extensions have transformed and the peer never gets would leave both sides with different ideas of what was sent.
    private SendPump.Staged StageCommitted(in OutgoingFrame frame, bool wholeOnly, out int taken)
    {
        try
        {
            return TryStage(frame, wholeOnly, out taken);
        }
        catch (Exception e)
        {
            var fault = new WebSocketException("A message was transformed by an extension, and could not be staged: see the inner exception.", e);
            onFault(CloseCode.InternalError, fault);
            throw fault;
        }
    }

    // Under the gate.
    private OutgoingFrame Transform(in OutgoingFrame frame, ExtensionPipeline pipeline)
    {
        if (!pipeline.Chain.TryUse())
            throw closeState.ToSendException();
        try
        {
            ReservedBits reserved = frame.Reserved;
            if (!pipeline.Outgoing.TryProcess(
                frame.Type, frame.Payload, _openMessage is null, frame.Fin, ref reserved, out ReadOnlyMemory<byte> outcome, out CloseCode code, out WebSocketException? error))
            {
                onFault(code, error);
                throw error;
            }

            if (frame.Type == FrameType.Text && !(frame.Fin && _openMessage is null))
                _utf8.Append(frame.Payload.Span);
            return frame with { Payload = outcome, Reserved = reserved, IsCommitted = true };
        }
        finally
        {
            pipeline.Chain.Unuse();
        }
    }

    // Under the gate.
    private void Check(in OutgoingFrame frame)
    {
        if (_openMessage is { } open && open != frame.Type)
        {
            if (pump.IsClosed)
                throw closeState.ToSendException();
            throw new InvalidOperationException(
                $"A fragmented {open} message is unfinished: its next fragment must be a Frame.{open}, not a Frame.{frame.Type}. Finish it with fin = true first.");
        }

        // RFC 6455 §5.2: the reserved bits "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values."
        ReservedBits ownedBits = _openMessage is null ? _ownedBits : _continuationBits;
        if ((frame.Reserved & ~ownedBits) is not ReservedBits.None and var unowned)
            throw new ArgumentException($"The frame has {unowned.InWords()} set, which no negotiated extension owns there (RFC 6455 §5.2). Clear what no extension owns.", nameof(frame));

        CheckText(frame);

        // Last, because nothing but the user's own predicate may fail it now.
        if (extensions is not null && _openMessage is null && !extensions.Outgoing.TryDecide(frame.Type, frame.Payload.Span, frame.Fin, frame.Reserved, frame.Transform))
            throw closeState.ToSendException();
    }

    // Under the gate.
    private void CheckText(in OutgoingFrame frame)
    {
        if (frame.Type != FrameType.Text || (frame.IsValidText && _openMessage is null))
            return;
        Utf8Validator utf8 = _utf8;
        if (!utf8.Append(frame.Payload.Span) || (frame.Fin && !utf8.IsComplete))
            throw new ArgumentException("The payload of a text message is not valid UTF-8; the peer would end the session with 1007. Send it as binary.", nameof(frame));
    }
}
