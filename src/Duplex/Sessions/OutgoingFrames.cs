namespace Duplex;

/// <summary>Sends whatever kind of frame a user hands over: data through the gate, pings and pongs between frames, a Close as the beginning of the end.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class OutgoingFrames(StreamConnection connection, SessionLifetime lifetime, CloseState closeState)
{
    // Written by any sender: the payload's length of the frame that was refused last, which whoever waits then waits for.
    private volatile int _refused;

    /// <summary>Sends a frame; completes when it is staged.</summary>
    public ValueTask SendAsync(Frame frame, CancellationToken token) => SendAsync(frame, SendTransform.Default, token);

    /// <summary>Sends a frame, with a wish to the extensions; completes when it is staged.</summary>
    public ValueTask SendAsync(Frame frame, SendTransform transform, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (!frame.IsControl)
            return connection.Sender.SendAsync(new OutgoingFrame(frame.Type, frame.Data, frame.Fin, frame.Reserved, Transform: transform), token);
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled(token);
        return frame is Frame.Close close ? SendClose(close) : SendControlAsync(frame, token);
    }

    /// <summary>Sends a frame if that takes no waiting.</summary>
    public bool TrySend(Frame frame)
    {
        if (connection.Pump.IsClosed)
            return false;
        if (frame is Frame.Close close)
            return lifetime.TryClose(CloseCause.Local(ReasonOf(close)));
        if (frame.IsControl)
            RequireControlFrames(frame);

        bool isSent;
        try
        {
            isSent = frame.IsControl
                ? connection.Pump.HasRoom && connection.Pump.TryStageControl((Opcode)frame.Type, frame.Data.Span)
                : connection.Sender.TrySend(new OutgoingFrame(frame.Type, frame.Data, frame.Fin, frame.Reserved));
        }
        catch (WebSocketClosedException)
        {
            return false; // it ended meanwhile
        }

        if (!isSent)
            _refused = frame.IsControl ? 0 : frame.Data.Length;
        return isSent;
    }

    /// <summary>Completes when the frame that was refused last may be sent without waiting; false when none ever will.</summary>
    public async ValueTask<bool> WaitToSendAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        if (connection.Pump.IsClosed)
            return false;
        await connection.Sender.WaitToSendAsync(_refused, token).ConfigureAwait(false);
        return !connection.Pump.IsClosed;
    }

    private ValueTask SendClose(Frame.Close close) =>
        lifetime.TryClose(CloseCause.Local(ReasonOf(close))) ? default : ValueTask.FromException(closeState.ToSendException());

    private async ValueTask SendControlAsync(Frame frame, CancellationToken token)
    {
        RequireControlFrames(frame);

        // Not through the gate, but not without bound either: a sender of pings waits for a peer that does not read, as any other sender does.
        if (!connection.Pump.IsClosed)
            await connection.Pump.WaitForRoomAsync(token).ConfigureAwait(false);
        if (!connection.Pump.TryStageControl((Opcode)frame.Type, frame.Data.Span))
            throw closeState.ToSendException();
    }

    private void RequireControlFrames(Frame frame) => connection.Engine.Require(EngineCapability.ControlFrames, $"Sending a Frame.{frame.Type}");

    private static CloseReason ReasonOf(Frame.Close close) => ClosePayload.TryParse(close.Data.Span, out CloseReason? reason, out ProtocolViolation? violation)
        ? reason
        : throw new ArgumentException($"The Close frame's payload must not be sent (close code {(ushort)violation.Code} would answer it). Create the frame from a CloseReason.", nameof(close));
}
