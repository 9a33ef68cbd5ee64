using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>
/// An HTTP/1.1 request for a WebSocket, and a server's rules for checking it (RFC 6455 §4.2.1). Headers have one value
/// for each line, or none. Immutable.
/// </summary>
internal sealed record UpgradeRequest
{
    // RFC 6455 §4.2.1: "A |Sec-WebSocket-Version| header field, with a value of 13."
    public const string ProtocolVersion = "13";

    private static readonly Version Http11 = new(1, 1);

    public required string Method { get; init; }

    public required Version HttpVersion { get; init; }

    public IReadOnlyList<string> Host { get; init; } = [];

    public IReadOnlyList<string> Upgrade { get; init; } = [];

    public IReadOnlyList<string> Connection { get; init; } = [];

    public IReadOnlyList<string> SecWebSocketKey { get; init; } = [];

    public IReadOnlyList<string> SecWebSocketVersion { get; init; } = [];

    /// <summary>
    /// <paramref name="failure"/> is the first check that failed, answered with 426 for
    /// <see cref="HandshakeCheck.Version"/>, otherwise with 400.
    /// </summary>
    public bool TryAccept([NotNullWhen(true)] out string? accept, [NotNullWhen(false)] out HandshakeFailure? failure)
    {
        failure = Check();
        accept = failure is null ? HandshakeKey.ComputeAccept(Trimmed(SecWebSocketKey[0])) : null;
        return accept is not null;
    }

    private HandshakeFailure? Check()
    {
        // RFC 6455 §4.2.1: "An HTTP/1.1 or higher GET request".
        if (Method != "GET") return new HandshakeFailure(HandshakeCheck.Method, "The request's method is not GET.");
        if (HttpVersion < Http11)
        {
            return new HandshakeFailure(
                HandshakeCheck.HttpVersion, $"The request is HTTP/{HttpVersion}; expected HTTP/1.1 or higher.");
        }

        // RFC 6455 §4.2.1: "A |Host| header field containing the server's authority."
        if (Host.Count != 1 || Trimmed(Host[0]).Length == 0)
        {
            return new HandshakeFailure(
                HandshakeCheck.Host, $"Expected one Host header that is not empty; the request has {Host.Count}.");
        }

        // RFC 6455 §4.2.1: "An |Upgrade| header field containing the value "websocket", treated as an ASCII
        // case-insensitive value."
        if (!HttpGrammar.ListContainsToken(Upgrade, "websocket"))
        {
            return new HandshakeFailure(
                HandshakeCheck.Upgrade, "The request's Upgrade header is missing or does not name \"websocket\".");
        }

        // RFC 6455 §4.2.1: "A |Connection| header field that includes the token "Upgrade", treated as an ASCII
        // case-insensitive value."
        if (!HttpGrammar.ListContainsToken(Connection, "Upgrade"))
        {
            return new HandshakeFailure(
                HandshakeCheck.Connection,
                "The request's Connection header is missing or lacks the token \"Upgrade\".");
        }

        // The version is checked before the key, whose form another version may change. RFC 6455 §11.3.5: the header
        // "MUST NOT appear more than once in an HTTP request".
        if (SecWebSocketVersion.Count != 1 || Trimmed(SecWebSocketVersion[0]) != ProtocolVersion)
        {
            return new HandshakeFailure(
                HandshakeCheck.Version,
                $"Expected one Sec-WebSocket-Version header of value {ProtocolVersion}; "
                + $"{SecWebSocketVersion.Count} came, or another value.");
        }

        // RFC 6455 §4.2.1: "A |Sec-WebSocket-Key| header field with a base64-encoded [...] value that, when decoded, is
        // 16 bytes in length", and §11.3.1: it "MUST NOT appear more than once in an HTTP request".
        if (SecWebSocketKey.Count != 1 || !HandshakeKey.IsValid(Trimmed(SecWebSocketKey[0])))
        {
            return new HandshakeFailure(
                HandshakeCheck.Key,
                $"Expected one Sec-WebSocket-Key header, base64 of 16 bytes; {SecWebSocketKey.Count} came, "
                + "or a malformed one.");
        }

        return null;
    }

    private static string Trimmed(string value) => HttpGrammar.TrimWhiteSpace(value).ToString();
}
