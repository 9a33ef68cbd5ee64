using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>
/// The parts of an HTTP/1.1 request that ask for a WebSocket, and the rules by which a server judges them (RFC 6455 §4.2.1). Each header is a list of
/// values, one for each line, and empty if the header is missing. Immutable and so thread-safe.
/// </summary>
internal sealed record UpgradeRequest
{
    /// <summary>The one version of the protocol, as <c>Sec-WebSocket-Version</c> has it.</summary>
    // RFC 6455 §4.2.1: "A |Sec-WebSocket-Version| header field, with a value of 13."
    public const string ProtocolVersion = "13";

    private static readonly Version Http11 = new(1, 1);

    /// <summary>The method, which is case-sensitive.</summary>
    public required string Method { get; init; }

    /// <summary>The HTTP version of the request.</summary>
    public required Version HttpVersion { get; init; }

    /// <summary>The values of <c>Host</c>.</summary>
    public IReadOnlyList<string> Host { get; init; } = [];

    /// <summary>The values of <c>Upgrade</c>.</summary>
    public IReadOnlyList<string> Upgrade { get; init; } = [];

    /// <summary>The values of <c>Connection</c>.</summary>
    public IReadOnlyList<string> Connection { get; init; } = [];

    /// <summary>The values of <c>Sec-WebSocket-Key</c>.</summary>
    public IReadOnlyList<string> SecWebSocketKey { get; init; } = [];

    /// <summary>The values of <c>Sec-WebSocket-Version</c>.</summary>
    public IReadOnlyList<string> SecWebSocketVersion { get; init; } = [];

    /// <summary>
    /// Judges the request. A server answers a failure with status 426 if the check is <see cref="HandshakeCheck.Version"/>, otherwise with 400.
    /// </summary>
    /// <param name="accept">The <c>Sec-WebSocket-Accept</c> to answer with, if the request asks for a WebSocket.</param>
    /// <param name="failure">Otherwise the first check that failed.</param>
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
            return new HandshakeFailure(HandshakeCheck.HttpVersion, $"The request is HTTP/{HttpVersion}; expected HTTP/1.1 or higher.");

        // RFC 6455 §4.2.1: "A |Host| header field containing the server's authority."
        if (Host.Count != 1 || Trimmed(Host[0]).Length == 0)
            return new HandshakeFailure(HandshakeCheck.Host, $"Expected one Host header that is not empty; the request has {Host.Count}.");

        // RFC 6455 §4.2.1: "An |Upgrade| header field containing the value "websocket", treated as an ASCII case-insensitive value."
        if (!HttpGrammar.ListContainsToken(Upgrade, "websocket"))
            return new HandshakeFailure(HandshakeCheck.Upgrade, "The request's Upgrade header is missing or does not name \"websocket\".");

        // RFC 6455 §4.2.1: "A |Connection| header field that includes the token "Upgrade", treated as an ASCII case-insensitive value."
        if (!HttpGrammar.ListContainsToken(Connection, "Upgrade"))
            return new HandshakeFailure(HandshakeCheck.Connection, "The request's Connection header is missing or lacks the token \"Upgrade\".");

        // The version is judged before the key, which another version may shape otherwise, so that such a client learns the version we speak.
        // RFC 6455 §11.3.5: the header "MUST NOT appear more than once in an HTTP request".
        if (SecWebSocketVersion.Count != 1 || Trimmed(SecWebSocketVersion[0]) != ProtocolVersion)
        {
            return new HandshakeFailure(
                HandshakeCheck.Version,
                $"Expected one Sec-WebSocket-Version header of value {ProtocolVersion}; {SecWebSocketVersion.Count} came, or another value.");
        }

        // RFC 6455 §4.2.1: "A |Sec-WebSocket-Key| header field with a base64-encoded [...] value that, when decoded, is 16 bytes in length", and
        // §11.3.1: it "MUST NOT appear more than once in an HTTP request".
        if (SecWebSocketKey.Count != 1 || !HandshakeKey.IsValid(Trimmed(SecWebSocketKey[0])))
        {
            return new HandshakeFailure(
                HandshakeCheck.Key, $"Expected one Sec-WebSocket-Key header, base64 of 16 bytes; {SecWebSocketKey.Count} came, or a malformed one.");
        }

        return null;
    }

    private static string Trimmed(string value) => HttpGrammar.TrimWhiteSpace(value).ToString();
}
