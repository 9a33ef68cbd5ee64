namespace Duplex.Protocol;

/// <summary>
/// What a peer did wrong, as a value: the core never throws for what a peer sends. RFC 6455 §7.1.7: the connection is then failed, with <see cref="Code"/> in our Close frame.
/// </summary>
public sealed class ProtocolViolation
{
    private readonly long? _limit;
    private readonly long _size;
    private readonly string? _limits; // what came and what is allowed, for a limit that a user can raise
    private readonly string? _names; // of those limits
    private readonly WebSocketException? _fault;

    private ProtocolViolation(CloseCode code, string message, long? limit = null, long size = 0, WebSocketException? fault = null)
    {
        Code = code;
        Message = message;
        _limit = limit;
        _size = size;
        _fault = fault;
    }

    // Limits of a user's, worded.
    private ProtocolViolation(string limits, string names, long limit, long size)
        : this(CloseCode.MessageTooBig, $"The peer sent {limits}. Raise {names}, or ask the peer for less at a time.", limit, size) => (_limits, _names) = (limits, names);

    /// <summary>The close code that tells the peer.</summary>
    public CloseCode Code { get; }

    /// <summary>What was expected and what came, without any payload.</summary>
    public string Message { get; }

    /// <summary>Whether it is a limit, or several, that a user can raise.</summary>
    internal bool NamesLimits => _names is not null;

    /// <summary>1002: the framing is broken.</summary>
    internal static ProtocolViolation Protocol(string message) => new(CloseCode.ProtocolError, $"The peer broke the WebSocket protocol: {message}.");

    /// <summary>1007: text that is not UTF-8. RFC 6455 §8.1: the endpoint "MUST _Fail the WebSocket Connection_".</summary>
    internal static ProtocolViolation InvalidUtf8(string where) =>
        new(CloseCode.InvalidFramePayloadData, $"The peer broke the WebSocket protocol: {where} is not valid UTF-8.");

    /// <summary>Any other reason to end the session, such as an extension's: 1007 for data that it cannot read.</summary>
    /// <param name="code">What our Close says.</param>
    /// <param name="message">What was expected and what came, in a sentence, without any payload.</param>
    /// <exception cref="ArgumentException">The code must not be sent, or there is no message.</exception>
    internal static ProtocolViolation Of(CloseCode code, string message)
    {
        ArgumentException.ThrowIfNullOrEmpty(message);
        return new CloseReason(code).IsSendable
            ? new ProtocolViolation(code, message)
            : throw new ArgumentException($"The close code {(ushort)code} must not be sent (RFC 6455 §7.4). Use 1007 for bad data, 1009 for too much, 3000-4999 for your own.", nameof(code));
    }

    /// <summary>1011: an extension of ours threw while it read what the peer sent.</summary>
    internal static ProtocolViolation Fault(WebSocketException fault) => new(CloseCode.InternalError, fault.Message, fault: fault);

    /// <summary>1009: more than a limit allows.</summary>
    /// <param name="limitName">The limit's name as a user sets it, such as <c>MaxFrameSize</c>.</param>
    /// <param name="limit">The limit.</param>
    /// <param name="size">What came, as far as it is known.</param>
    /// <param name="unit">What both count: bytes or fragments.</param>
    internal static ProtocolViolation TooBig(string limitName, long limit, long size, string unit = "bytes") =>
        new($"{size} {unit} where {limitName} allows {limit}", limitName, limit, size);

    /// <summary>1009: more than a limit allows that no option raises.</summary>
    /// <param name="message">What was expected, what came and what to do, in sentences.</param>
    /// <param name="limit">The limit.</param>
    /// <param name="size">What came, as far as it is known.</param>
    internal static ProtocolViolation TooCostly(string message, long limit, long size) => new(CloseCode.MessageTooBig, message, limit, size);

    /// <summary>
    /// The same, where the message exceeds another limit as well. Otherwise a user who raises the first limit meets the
    /// second next.
    /// </summary>
    /// <param name="limitName">The other limit's name as a user sets it.</param>
    /// <param name="limit">That limit.</param>
    /// <param name="size">What came of the message, as far as it is known.</param>
    /// <param name="unit">What both count: bytes or fragments.</param>
    internal ProtocolViolation And(string limitName, long limit, long size, string unit = "bytes") =>
        new($"{_limits}, in a message of {size} {unit} where {limitName} allows {limit}", $"{_names} and {limitName}", _limit ?? limit, _size);

    /// <summary>The one exception that this value becomes at the edge.</summary>
    public WebSocketException ToException() => _fault ?? (_limit is { } limit ? new FrameTooBigException(Message, limit, _size) : new WebSocketProtocolException(Message, Code));
}
