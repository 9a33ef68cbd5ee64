namespace Duplex;

/// <summary>
/// What a peer did wrong, as a value: the core never throws for what a peer sends. RFC 6455 §7.1.7: the connection is then failed, with <see cref="Code"/> in our Close frame.
/// </summary>
public sealed class ProtocolViolation
{
    private readonly long? _limit;
    private readonly long _size;
    private readonly WebSocketException? _fault;

    private ProtocolViolation(CloseCode code, string message, long? limit = null, long size = 0, WebSocketException? fault = null)
    {
        Code = code;
        Message = message;
        _limit = limit;
        _size = size;
        _fault = fault;
    }

    /// <summary>The close code that tells the peer.</summary>
    public CloseCode Code { get; }

    /// <summary>What was expected and what came, without any payload.</summary>
    public string Message { get; }

    /// <summary>1002: the framing is broken.</summary>
    public static ProtocolViolation Protocol(string message) => new(CloseCode.ProtocolError, $"The peer broke the WebSocket protocol: {message}.");

    /// <summary>1007: text that is not UTF-8. RFC 6455 §8.1: the endpoint "MUST _Fail the WebSocket Connection_".</summary>
    public static ProtocolViolation InvalidUtf8(string where) =>
        new(CloseCode.InvalidFramePayloadData, $"The peer broke the WebSocket protocol: {where} is not valid UTF-8.");

    /// <summary>Any other reason to end the session, such as an extension's: 1007 for data that it cannot read.</summary>
    /// <param name="code">What our Close says.</param>
    /// <param name="message">What was expected and what came, in a sentence, without any payload.</param>
    /// <exception cref="ArgumentException">The code must not be sent, or there is no message.</exception>
    public static ProtocolViolation Of(CloseCode code, string message)
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
    public static ProtocolViolation TooBig(string limitName, long limit, long size, string unit = "bytes") =>
        new(CloseCode.MessageTooBig, $"The peer sent {size} {unit} where {limitName} allows {limit}. Raise {limitName}, or ask the peer for less at a time.", limit, size);

    /// <summary>The one exception that this value becomes at the edge.</summary>
    public WebSocketException ToException() => _fault ?? (_limit is { } limit ? new FrameTooBigException(Message, limit, _size) : new WebSocketProtocolException(Message, Code));
}
