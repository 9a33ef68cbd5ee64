namespace Duplex.Protocol;

/// <summary>What began the end of a session, and what follows from it: one value for each kind of end. Immutable.</summary>
internal sealed class CloseCause
{
    private CloseCause(CloseInitiator initiator, CloseReason? reason)
    {
        Initiator = initiator;
        Reason = reason;
    }

    /// <summary>Who began.</summary>
    public CloseInitiator Initiator { get; }

    /// <summary>What our Close says; null if none is sent.</summary>
    public CloseReason? Reason { get; }

    /// <summary>What the peer's Close said, where that was the beginning.</summary>
    public CloseReason? Received { get; private init; }

    /// <summary>The error that began the end, if one did.</summary>
    public Exception? Error { get; private init; }

    /// <summary>Whether what is received stays open until the peer's Close comes; otherwise it ends at once.</summary>
    public bool AwaitsPeer { get; private init; }

    /// <summary>Whether received frames that nobody has taken yet are dropped.</summary>
    public bool DropsReceived { get; private init; }

    /// <summary>Whether nothing of what the peer still sends is parsed: it broke a rule, and RFC 6455 §7.1.7 fails the connection.</summary>
    public bool StopsParsing { get; private init; }

    /// <summary>What a receiver gets behind the last frame: null for a normal end. Wrapped in a <see cref="WebSocketClosedException"/> where <see cref="WrapsError"/>.</summary>
    public Exception? ReceiveError { get; private init; }

    /// <summary>Whether a receiver gets a <see cref="WebSocketClosedException"/> with <see cref="ReceiveError"/> inside, rather than that error itself.</summary>
    public bool WrapsError { get; private init; }

    /// <summary>We close: frames that the peer still sends are received until its Close comes.</summary>
    /// <param name="reason">What our Close says.</param>
    /// <param name="error">Why, if by an error.</param>
    public static CloseCause Local(CloseReason reason, Exception? error = null) => new(CloseInitiator.Local, reason) { Error = error, AwaitsPeer = true };

    /// <summary>We leave: nobody will receive any more.</summary>
    /// <param name="reason">What our Close says.</param>
    /// <param name="error">Why, if by an error.</param>
    public static CloseCause CloseAndDiscard(CloseReason reason, Exception? error = null) => new(CloseInitiator.Local, reason) { Error = error, AwaitsPeer = true, DropsReceived = true };

    /// <summary>The peer closed, and our Close says the same (RFC 6455 §5.5.1: "it typically echos the status code it received").</summary>
    /// <param name="received">What the peer said.</param>
    /// <param name="answer">Whether we answer by ourselves; a raw session leaves that to its user.</param>
    public static CloseCause Peer(CloseReason received, bool answer = true) => new(CloseInitiator.Remote, answer ? received : null) { Received = received };

    /// <summary>The peer broke a rule or a limit.</summary>
    public static CloseCause Violation(ProtocolViolation violation)
    {
        ArgumentNullException.ThrowIfNull(violation);
        WebSocketException error = violation.ToException();
        return new CloseCause(CloseInitiator.Local, new CloseReason(violation.Code)) { Error = error, ReceiveError = error, StopsParsing = true };
    }

    /// <summary>Something failed on our side, and the peer is told so.</summary>
    public static CloseCause Failure(CloseReason reason, Exception error) => new(CloseInitiator.Local, reason) { Error = error, ReceiveError = error };

    /// <summary>A sender found our own queue full where it is set to close: what was received, and what comes until the peer's Close, stays readable.</summary>
    public static CloseCause SendOverflow(ChannelOverflowException error) => new(CloseInitiator.Local, new CloseReason(CloseCode.InternalError)) { Error = error, AwaitsPeer = true };

    /// <summary>The transport ended or failed, or the peer fell silent: there is nobody to tell.</summary>
    public static CloseCause Lost(Exception error) => new(CloseInitiator.None, null) { Error = error, ReceiveError = error, WrapsError = true };

    /// <summary>We end at once and tell nobody.</summary>
    public static CloseCause Aborted() => new(CloseInitiator.Local, null) { DropsReceived = true, WrapsError = true };
}
