namespace Duplex.Protocol;

/// <summary>
/// A peer's violation of the protocol or a limit, which fails the connection with <see cref="Code"/> in our Close (RFC
/// 6455 §7.1.7).
/// </summary>
public sealed class ProtocolViolation
{
    private readonly long? _limit;
    private readonly long _size;
    private readonly string? _limits; // the sizes received and allowed, in words
    private readonly string? _names; // the options that raise these limits
    private readonly WebSocketException? _fault;

    private ProtocolViolation(
        CloseCode code, string message, long? limit = null, long size = 0, WebSocketException? fault = null)
    {
        Code = code;
        Message = message;
        _limit = limit;
        _size = size;
        _fault = fault;
    }

    private ProtocolViolation(string limits, string names, long limit, long size)
        : this(
            CloseCode.MessageTooBig,
            $"The peer sent {limits}. Raise {names}, or ask the peer for less at a time.",
            limit,
            size) => (_limits, _names) = (limits, names);

    /// <summary>The code of the Close frame sent to the peer.</summary>
    public CloseCode Code { get; }

    /// <summary>What was expected and received, without payload.</summary>
    public string Message { get; }

    internal bool NamesLimits => _names is not null;

    internal static ProtocolViolation Protocol(string message) =>
        new(CloseCode.ProtocolError, $"The peer broke the WebSocket protocol: {message}.");

    /// <summary>1007: text is not UTF-8. RFC 6455 §8.1: the endpoint "MUST _Fail the WebSocket Connection_".</summary>
    internal static ProtocolViolation InvalidUtf8(string where) =>
        new(CloseCode.InvalidFramePayloadData, $"The peer broke the WebSocket protocol: {where} is not valid UTF-8.");

    /// <summary>Any other reason. The message must not contain payload.</summary>
    internal static ProtocolViolation Of(CloseCode code, string message)
    {
        ArgumentException.ThrowIfNullOrEmpty(message);
        return new CloseReason(code).IsSendable
            ? new ProtocolViolation(code, message)
            : throw new ArgumentException(
                $"The close code {(ushort)code} must not be sent (RFC 6455 §7.4). Use 1007 for bad data, " +
                "1009 for too much, 3000-4999 for your own.",
                nameof(code));
    }

    /// <summary>1011: one of our extensions threw on received data.</summary>
    internal static ProtocolViolation Fault(WebSocketException fault) =>
        new(CloseCode.InternalError, fault.Message, fault: fault);

    /// <summary>1009: the limit of an option.</summary>
    internal static ProtocolViolation TooBig(string limitName, long limit, long size, string unit = "bytes") =>
        new($"{size} {unit} where {limitName} allows {limit}", limitName, limit, size);

    /// <summary>1009: a limit that no option raises.</summary>
    internal static ProtocolViolation TooCostly(string message, long limit, long size) =>
        new(CloseCode.MessageTooBig, message, limit, size);

    /// <summary>So that a user can raise both limits at once.</summary>
    internal ProtocolViolation And(string limitName, long limit, long size, string unit = "bytes") =>
        new(
            $"{_limits}, in a message of {size} {unit} where {limitName} allows {limit}",
            $"{_names} and {limitName}",
            _limit ?? limit,
            _size);

    /// <summary>Creates the exception to throw.</summary>
    public WebSocketException ToException() => _fault ?? (_limit is { } limit
        ? new FrameTooBigException(Message, limit, _size)
        : new WebSocketProtocolException(Message, Code));
}
