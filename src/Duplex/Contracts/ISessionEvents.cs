namespace Duplex;

/// <summary>
/// What the receive loop (the first seven members), the senders and keep-alive report to their session. Implementations
/// must not block.
/// </summary>
internal interface ISessionEvents
{
    /// <summary>The payload is valid during the call.</summary>
    void OnPing(ReadOnlySpan<byte> payload);

    void OnPong(ReadOnlySpan<byte> payload);

    /// <summary>
    /// Asked for each message if <see cref="ConnectionSettings.HasReplies"/>. True if it is a heartbeat's reply, which
    /// the application does not see.
    /// </summary>
    bool OnMessage(Frame message);

    /// <summary>False if the session is already closing: the queue then accepts the frame.</summary>
    bool OnIncomingOverflow(Frame frame);

    /// <summary>With the timestamp of reading its bytes.</summary>
    void OnBatchEnd(long lastInbound);

    /// <summary>Earlier frames are published, and a waiting consumer has run.</summary>
    void OnPeerClose(CloseReason reason);

    /// <summary>The receive loop's last call.</summary>
    void OnReceiveEnd(ProtocolViolation? violation, Exception? error);

    /// <summary>False if nothing can be sent any more.</summary>
    bool OnCloseRequested(CloseReason reason, Exception? error = null);

    /// <summary>The message is unfinished, or was transformed but not sent.</summary>
    void OnSendFault(CloseCode code, WebSocketException error);

    void OnOutgoingOverflow(ChannelOverflowException error);

    /// <summary>On the writer's thread.</summary>
    void OnWritePending();

    void OnWriteFailed(Exception error);

    void OnPeerLost(TimeoutException error);
}
