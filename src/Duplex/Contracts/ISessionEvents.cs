namespace Duplex;

/// <summary>
/// The events that the receive loop, the senders and keep-alive report to their session. They use no other callbacks or
/// events.
/// </summary>
/// <remarks>Implementations must not block.</remarks>
internal interface ISessionEvents
{
    /// <summary>A ping was received. Called by the receive loop of a default session.</summary>
    /// <param name="payload">Valid during the call.</param>
    void OnPing(ReadOnlySpan<byte> payload);

    /// <summary>A pong was received. Called by the receive loop of a default session.</summary>
    /// <param name="payload">Valid during the call.</param>
    void OnPong(ReadOnlySpan<byte> payload);

    /// <summary>
    /// A frame did not fit the incoming queue, which is set to close then. Called by the receive loop.
    /// </summary>
    /// <returns>False if the session is already closing: the queue then accepts the frame.</returns>
    bool OnIncomingOverflow(Frame frame);

    /// <summary>A batch was published. Called by the receive loop.</summary>
    /// <param name="lastInbound">The timestamp of reading its bytes.</param>
    void OnBatchEnd(long lastInbound);

    /// <summary>
    /// The peer's Close was received. All earlier frames are published, and a waiting consumer has run. Called by the
    /// receive loop.
    /// </summary>
    void OnPeerClose(CloseReason reason);

    /// <summary>
    /// Parsing ended: the peer closed, violated the protocol, or its stream ended. The last call of the receive loop.
    /// </summary>
    /// <param name="violation">The peer's violation, if any.</param>
    /// <param name="error">The end of the stream or a read error, if any.</param>
    void OnReceiveEnd(ProtocolViolation? violation, Exception? error);

    /// <summary>The user sent a Close frame or completed the outgoing channel. Starts the close handshake.</summary>
    /// <returns>False if our Close was already sent, or sending is no longer possible.</returns>
    bool OnCloseRequested(CloseReason reason, Exception? error = null);

    /// <summary>
    /// An outgoing message cannot be finished, or was transformed but not sent. The session must end with the code.
    /// </summary>
    void OnSendFault(CloseCode code, WebSocketException error);

    /// <summary>A frame did not fit the outgoing queue, which is set to close then.</summary>
    void OnOutgoingOverflow(ChannelOverflowException error);

    /// <summary>The transport did not accept a write immediately. Called on the writer's thread.</summary>
    void OnWritePending();

    /// <summary>A write failed: sending is no longer possible.</summary>
    void OnWriteFailed(Exception error);

    /// <summary>The peer was silent for longer than the ping timeout.</summary>
    void OnPeerLost(TimeoutException error);
}
