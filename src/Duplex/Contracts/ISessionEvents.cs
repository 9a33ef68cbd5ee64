namespace Duplex;

/// <summary>
/// What the receive loop, the senders and keep-alive report to their session. It is the only way up from those rooms: they hold no
/// callbacks and no events.
/// </summary>
/// <remarks>No call may wait.</remarks>
internal interface ISessionEvents
{
    /// <summary>A ping was received. From the receive loop of a default session.</summary>
    /// <param name="payload">Valid during the call.</param>
    void OnPing(ReadOnlySpan<byte> payload);

    /// <summary>A pong was received. From the receive loop of a default session.</summary>
    /// <param name="payload">Valid during the call.</param>
    void OnPong(ReadOnlySpan<byte> payload);

    /// <summary>A frame did not fit the incoming queue, which closes the session then. From the receive loop.</summary>
    /// <returns>False if the end had begun before: the queue then takes the frame.</returns>
    bool OnIncomingOverflow(Frame frame);

    /// <summary>A batch is published. From the receive loop.</summary>
    /// <param name="lastInbound">When its bytes were read, as a timestamp.</param>
    void OnBatchEnd(long lastInbound);

    /// <summary>The peer's Close was received. All frames before it are published, and a consumer that waited for them has run. From the receive loop.</summary>
    void OnPeerClose(CloseReason reason);

    /// <summary>Nothing more is parsed: the peer closed, or broke a rule, or its stream ended. From the receive loop, its last call.</summary>
    /// <param name="violation">The rule that the peer broke; null otherwise.</param>
    /// <param name="error">The end of the stream, or the error of its read; null otherwise.</param>
    void OnReceiveEnd(ProtocolViolation? violation, Exception? error);

    /// <summary>A user sends a Close frame, or completes the outgoing channel. Begins the end.</summary>
    /// <returns>False if our Close was sent before, or nothing can be sent any more.</returns>
    bool OnCloseRequested(CloseReason reason, Exception? error = null);

    /// <summary>An outgoing message cannot be finished, or extensions have transformed it in vain: the session must end with that code.</summary>
    void OnSendFault(CloseCode code, WebSocketException error);

    /// <summary>A frame did not fit the outgoing queue, which closes the session then.</summary>
    void OnOutgoingOverflow(ChannelOverflowException error);

    /// <summary>The transport did not accept a write at once. On the writer's thread.</summary>
    void OnWritePending();

    /// <summary>A write failed: nothing can be sent any more.</summary>
    void OnWriteFailed(Exception error);

    /// <summary>The peer is silent for too long.</summary>
    void OnPeerLost(TimeoutException error);
}
