namespace Duplex.Protocol;

/// <summary>The cause of a session's end, and its consequences: one value for each kind of end. Immutable.</summary>
internal sealed class CloseCause
{
    private CloseCause(CloseInitiator initiator, CloseReason? reason)
    {
        Initiator = initiator;
        Reason = reason;
    }

    public CloseInitiator Initiator { get; }

    /// <summary>The reason in our Close; null if none is sent.</summary>
    public CloseReason? Reason { get; }

    /// <summary>The reason in the peer's Close, if that began the end.</summary>
    public CloseReason? Received { get; private init; }

    public Exception? Error { get; private init; }

    /// <summary>Whether receiving continues until the peer's Close arrives; otherwise it ends at once.</summary>
    public bool AwaitsPeer { get; private init; }

    /// <summary>Whether received frames that no consumer has taken yet are dropped.</summary>
    public bool DropsReceived { get; private init; }

    /// <summary>Whether parsing stops: the peer broke a rule, and RFC 6455 §7.1.7 fails the connection.</summary>
    public bool StopsParsing { get; private init; }

    /// <summary>
    /// The error that receivers get after the last frame; null for a normal end. See <see cref="WrapsError"/>.
    /// </summary>
    public Exception? ReceiveError { get; private init; }

    /// <summary>
    /// Whether receivers get a <see cref="WebSocketClosedException"/> whose inner exception is
    /// <see cref="ReceiveError"/>.
    /// </summary>
    public bool WrapsError { get; private init; }

    /// <summary>We close. Frames are received until the peer's Close arrives.</summary>
    public static CloseCause Local(CloseReason reason, Exception? error = null) =>
        new(CloseInitiator.Local, reason) { Error = error, AwaitsPeer = true };

    /// <summary>We close and discard all received frames.</summary>
    public static CloseCause CloseAndDiscard(CloseReason reason, Exception? error = null) =>
        new(CloseInitiator.Local, reason) { Error = error, AwaitsPeer = true, DropsReceived = true };

    /// <summary>
    /// The peer closed; our Close echoes it (RFC 6455 §5.5.1: "it typically echos the status code it received").
    /// On a raw session the user answers.
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

    /// <summary>An error occurred on our side; our Close reports it.</summary>
    public static CloseCause Failure(CloseReason reason, Exception error) =>
        new(CloseInitiator.Local, reason) { Error = error, ReceiveError = error };

    /// <summary>
    /// A send found the queue full, and the queue is configured to close. Frames are received until the peer's Close.
    /// </summary>
    public static CloseCause SendOverflow(ChannelOverflowException error) =>
        new(CloseInitiator.Local, new CloseReason(CloseCode.InternalError)) { Error = error, AwaitsPeer = true };

    /// <summary>The transport ended or failed, or the peer timed out. No Close can be sent.</summary>
    public static CloseCause Lost(Exception error) =>
        new(CloseInitiator.None, null) { Error = error, ReceiveError = error, WrapsError = true };

    /// <summary>We abort the session without a Close.</summary>
    public static CloseCause Aborted() => new(CloseInitiator.Local, null) { DropsReceived = true, WrapsError = true };
}
