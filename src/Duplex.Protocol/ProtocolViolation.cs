namespace Duplex;

/// <summary>
/// What a peer did wrong, as a value: the core never throws for what a peer sends. RFC 6455 §7.1.7: the connection is then failed, with <see cref="Code"/> in our Close frame.
/// </summary>
public sealed class ProtocolViolation
{
    private readonly long? _limit;
    private readonly long _size;

    private ProtocolViolation(CloseCode code, string message, long? limit = null, long size = 0)
    {
        Code = code;
        Message = message;
        _limit = limit;
        _size = size;
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

    /// <summary>1009: more than a limit allows.</summary>
    /// <param name="limitName">The limit's name as a user sets it, such as <c>MaxFrameSize</c>.</param>
    /// <param name="limit">The limit.</param>
    /// <param name="size">What came, as far as it is known.</param>
    /// <param name="unit">What both count: bytes or fragments.</param>
    public static ProtocolViolation TooBig(string limitName, long limit, long size, string unit = "bytes") =>
        new(CloseCode.MessageTooBig, $"The peer sent {size} {unit} where {limitName} allows {limit}. Raise {limitName}, or ask the peer for less at a time.", limit, size);

    /// <summary>The one exception that this value becomes at the edge.</summary>
    public WebSocketException ToException() =>
        _limit is { } limit ? new FrameTooBigException(Message, limit, _size) : new WebSocketProtocolException(Message, Code);
}
