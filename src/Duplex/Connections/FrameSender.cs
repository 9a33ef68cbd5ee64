namespace Duplex;

/// <summary>
/// Sends data frames: through the gate, onto the stage, in call order. It keeps the rules of what we send (fragments, UTF-8, reserved bits), so that a mistake of ours is an
/// exception at the call and never a violation on the wire.
/// </summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="pump">Where frames are staged.</param>
/// <param name="closeState">What a send throws once the end has begun.</param>
/// <param name="ownedBits">The reserved bits that negotiated extensions own.</param>
/// <param name="onOverflow">Called when a frame finds no room; null if its sender waits for some.</param>
internal sealed partial class FrameSender(SendPump pump, CloseState closeState, ReservedBits ownedBits, Action<ChannelOverflowException>? onOverflow)
{
    private readonly SendGate _gate = new();

    // Both under the gate: the message that a fragment began, and how far its text is valid.
    private FrameType? _openMessage;
    private Utf8Validator _utf8;

    /// <summary>Sends a frame or a fragment; completes when it is staged.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="token">Withdraws the frame as long as nothing of it is staged; ignored from then on.</param>
    public ValueTask SendAsync(in OutgoingFrame frame, CancellationToken token)
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
            outcome = Stage(frame, wholeOnly: false, out taken);
        }
        catch (Exception e)
        {
            _gate.Exit();
            return ValueTask.FromException(e);
        }

        if (taken < frame.Payload.Length || outcome == SendPump.Staged.NoRoom)
            return FinishAsync(frame, outcome, taken, token);
        Leave(outcome);
        return default;
    }

    /// <summary>Sends a frame if that takes no waiting. One that could never wait for enough room is taken whole.</summary>
    /// <exception cref="WebSocketException">The session has ended, or its queue overflowed.</exception>
    public bool TrySend(in OutgoingFrame frame)
    {
        if (!_gate.TryEnter())
            return false;

        SendPump.Staged outcome = SendPump.Staged.NoRoom;
        try
        {
            Check(frame);
            outcome = Stage(frame, wholeOnly: true, out _);
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
            outcome = Stage(frame, wholeOnly: false, out taken);
        }
        catch
        {
            _gate.Exit();
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
            _gate.Exit();
            throw;
        }

        Leave(outcome);
    }

    // Holds the gate.
    private async ValueTask<SendPump.Staged> StageRestAsync(OutgoingFrame frame, SendPump.Staged outcome, int taken, CancellationToken token)
    {
        while (outcome == SendPump.Staged.NoRoom)
        {
            await pump.WaitForRoomAsync(frame.Payload.Length, token).ConfigureAwait(false);
            outcome = Stage(frame, wholeOnly: false, out taken);
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

    // Whoever waits at the gate goes on before the write begins.
    private void Leave(SendPump.Staged outcome)
    {
        _gate.Exit();
        if (outcome == SendPump.Staged.WriteInline)
            _ = pump.WriteInlineAsync();
    }

    // Under the gate.
    private SendPump.Staged Stage(in OutgoingFrame frame, bool wholeOnly, out int taken)
    {
        // RFC 6455 §5.4: a fragment after the first has the opcode 0.
        Opcode opcode = _openMessage is null ? (Opcode)frame.Type : Opcode.Continuation;
        SendPump.Staged outcome = pump.TryStage(opcode, frame.Fin, frame.Reserved, frame.Payload.Span, wholeOnly, out taken);
        switch (outcome)
        {
            case SendPump.Staged.Closed:
                throw closeState.ToSendException();
            case SendPump.Staged.NoRoom when onOverflow is not null && !(IsStreaming && _openMessage is not null):
                var overflow = new ChannelOverflowException(
                    $"The outgoing queue was full when a {frame.Type} frame of {frame.Payload.Length} bytes was sent, and it is set to close the session then. " +
                    "Send less, give Channels.Outgoing more room, or let it suspend.");
                onOverflow(overflow);
                throw overflow;
            case SendPump.Staged.NoRoom:
                break;
            default:
                if (frame.Type == FrameType.Text && !(frame.Fin && _openMessage is null))
                    _utf8.Append(frame.Payload.Span);
                _openMessage = frame.Fin ? null : frame.Type;
                if (frame.Fin)
                    _utf8.Reset();
                break;
        }

        return outcome;
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
        if ((frame.Reserved & ~ownedBits) is not ReservedBits.None and var unowned)
            throw new ArgumentException($"The reserved bit {unowned} is set, which no negotiated extension owns (RFC 6455 §5.2). Clear it.", nameof(frame));

        if (frame.Type != FrameType.Text || (frame.IsValidText && _openMessage is null))
            return;
        Utf8Validator utf8 = _utf8;
        if (!utf8.Append(frame.Payload.Span) || (frame.Fin && !utf8.IsComplete))
            throw new ArgumentException("The payload of a text message is not valid UTF-8; the peer would end the session with 1007. Send it as binary.", nameof(frame));
    }
}
