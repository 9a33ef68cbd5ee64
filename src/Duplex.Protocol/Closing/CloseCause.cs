namespace Duplex.Protocol;

/// <summary>The cause of a session's end with its consequences. Immutable.</summary>
internal sealed class CloseCause
{
    private CloseCause(CloseInitiator initiator, CloseReason? reason)
    {
        Initiator = initiator;
        Reason = reason;
    }

    public CloseInitiator Initiator { get; }

    /// <summary>Null if no Close is sent.</summary>
    public CloseReason? Reason { get; }

    public CloseReason? Received { get; private init; }

    public Exception? Error { get; private init; }

    public bool AwaitsPeer { get; private init; }

    /// <summary>A call ends the session, not a fault.</summary>
    public bool IsCallers { get; private init; }

    /// <summary>Of received frames, those that no consumer has taken.</summary>
    public bool DropsReceived { get; private init; }

    /// <summary>The peer broke a rule: RFC 6455 §7.1.7 fails the connection.</summary>
    public bool StopsParsing { get; private init; }

    /// <summary>What receivers get after the last frame; null for a normal end.</summary>
    public Exception? ReceiveError { get; private init; }

    /// <summary>Receivers get a <see cref="WebSocketClosedException"/> around <see cref="ReceiveError"/>.</summary>
    public bool WrapsError { get; private init; }

    public static CloseCause Local(CloseReason reason, Exception? error = null) =>
        new(CloseInitiator.Local, reason) { Error = error, AwaitsPeer = true, IsCallers = true };

    public static CloseCause CloseAndDiscard(CloseReason reason, Exception? error = null) =>
        new(CloseInitiator.Local, reason)
        {
            Error = error,
            AwaitsPeer = true,
            DropsReceived = true,
            IsCallers = true,
        };

    /// <summary>
    /// Our Close echoes the peer's (RFC 6455 §5.5.1: "it typically echos the status code it received"); a raw session's
    /// user answers.
    /// </summary>
    public static CloseCause Peer(CloseReason received, bool answer = true) =>
        new(CloseInitiator.Remote, answer ? received : null) { Received = received };

    public static CloseCause Violation(ProtocolViolation violation)
    {
        ArgumentNullException.ThrowIfNull(violation);
        WebSocketException error = violation.ToException();
        return new CloseCause(CloseInitiator.Local, new CloseReason(violation.Code))
        {
            Error = error,
            ReceiveError = error,
            StopsParsing = true,
        };
    }

    public static CloseCause Failure(CloseReason reason, Exception error) =>
        new(CloseInitiator.Local, reason) { Error = error, ReceiveError = error };

    /// <summary>
    /// A send found a full queue that closes on overflow. Frames are received until the peer's Close.
    /// </summary>
    public static CloseCause SendOverflow(ChannelOverflowException error) =>
        new(CloseInitiator.Local, new CloseReason(CloseCode.InternalError)) { Error = error, AwaitsPeer = true };

    /// <summary>The transport failed, or the peer timed out: no Close can be sent.</summary>
    public static CloseCause Lost(Exception error) =>
        new(CloseInitiator.None, null) { Error = error, ReceiveError = error, WrapsError = true };

    public static CloseCause Aborted() =>
        new(CloseInitiator.Local, null) { DropsReceived = true, WrapsError = true, IsCallers = true };
}
