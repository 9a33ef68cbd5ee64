using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>
/// A response, and a client's rules for checking it (RFC 6455 §4.1; over HTTP/2, RFC 8441 §5). Headers have one value
/// for each line, or none. Immutable.
/// </summary>
internal sealed record HandshakeResponseRules
{
    public required int StatusCode { get; init; }

    public required Version HttpVersion { get; init; }

    public IReadOnlyList<string> Upgrade { get; init; } = [];

    public IReadOnlyList<string> Connection { get; init; } = [];

    public IReadOnlyList<string> SecWebSocketAccept { get; init; } = [];

    public IReadOnlyList<string> SecWebSocketProtocol { get; init; } = [];

    public IReadOnlyList<string> SecWebSocketExtensions { get; init; } = [];

    public HandshakeStrictness Strictness { get; init; }

    /// <summary>On false, <paramref name="failure"/> is the first check that failed.</summary>
    /// <param name="key">The request's; null for a request over HTTP/2, which has none.</param>
    /// <param name="offeredSubprotocols">Their names.</param>
    /// <param name="offeredExtensions">Their names.</param>
    /// <param name="agreement">What was agreed.</param>
    /// <param name="failure">The first check that failed.</param>
    public bool TryAccept(
        string? key,
        IReadOnlyList<string> offeredSubprotocols,
        IReadOnlyList<string> offeredExtensions,
        [NotNullWhen(true)] out HandshakeAgreement? agreement,
        [NotNullWhen(false)] out HandshakeFailure? failure)
    {
        failure = Check(key, Strictness, offeredSubprotocols, offeredExtensions, out agreement);
        if (failure is not null
            && Strictness == HandshakeStrictness.Strict
            && Check(key, HandshakeStrictness.Lenient, offeredSubprotocols, offeredExtensions, out _) is null)
        {
            failure = failure with { Message = $"{failure.Message} {HandshakeRefusals.LenientAccepts}" };
        }

        return agreement is not null;
    }

    private HandshakeFailure? Check(
        string? key,
        HandshakeStrictness strictness,
        IReadOnlyList<string> offeredSubprotocols,
        IReadOnlyList<string> offeredExtensions,
        out HandshakeAgreement? agreement)
    {
        agreement = null;
        var leniencies = HandshakeLeniencies.None;
        HandshakeFailure? failure = key is null
            ? CheckHttp2()
            : CheckStatusLine(strictness, out leniencies)
                ?? CheckUpgrade()
                ?? CheckConnection()
                ?? CheckAccept(key);
        if (failure is null)
        {
            HandshakeAgreement.TryCreate(
                SecWebSocketProtocol,
                SecWebSocketExtensions,
                offeredSubprotocols,
                offeredExtensions,
                strictness,
                leniencies,
                out agreement,
                out failure);
        }

        return failure;
    }

    private HandshakeFailure? CheckStatusLine(HandshakeStrictness strictness, out HandshakeLeniencies leniencies)
    {
        leniencies = HandshakeLeniencies.None;

        // RFC 6455 §4.1: "If the status code received from the server is not 101, the client handles the response per
        // HTTP [RFC2616] procedures."
        if (StatusCode != 101)
            return OtherStatus(isHttp2: false);

        // RFC 7231 §6.2: "Since HTTP/1.0 did not define any 1xx status codes, a server MUST NOT send a 1xx response to
        // an HTTP/1.0 client", and RFC 9113 §8.6: "HTTP/2 does not support the 101 (Switching Protocols) informational
        // status code".
        if (HttpVersion is { Major: 1, Minor: >= 1 })
            return null;
        if (HttpVersion is not { Major: 1, Minor: 0 } || strictness == HandshakeStrictness.Strict)
            return OtherVersion("1.1");
        leniencies = HandshakeLeniencies.Http10;
        return null;
    }

    // RFC 8441 §5: the request's :protocol takes the place of Upgrade, Connection and Sec-WebSocket-Key, so the
    // response has nothing to answer but its status.
    private HandshakeFailure? CheckHttp2() =>
        HttpVersion.Major != 2 ? OtherVersion("2")
        : StatusCode != 200 ? OtherStatus(isHttp2: true)
        : null;

    private HandshakeFailure OtherStatus(bool isHttp2) => HandshakeRefusals.ByStatus(StatusCode).Failure(
        ("status", StatusCode), ("expected", HandshakeRefusals.Success(isHttp2)));

    private HandshakeFailure OtherVersion(string expected) =>
        HandshakeRefusals.OtherVersion.Failure(("version", HttpVersion), ("expected", expected));

    private HandshakeFailure? CheckUpgrade()
    {
        // RFC 6455 §4.1: "If the response lacks an |Upgrade| header field [...]
        if (Upgrade.Count == 0)
            return HandshakeRefusals.NoUpgrade.Failure();

        // [...] or the |Upgrade| header field contains a value that is not an ASCII case-insensitive match for the
        // value "websocket", the client MUST _Fail the WebSocket Connection_." A second protocol is such a value.
        return HttpGrammar.ListContainsToken(Upgrade, "websocket") && ElementCount(Upgrade) == 1
            ? null
            : HandshakeRefusals.OtherUpgrade.Failure();
    }

    private HandshakeFailure? CheckConnection()
    {
        // RFC 6455 §4.1: "If the response lacks a |Connection| header field [...]
        if (Connection.Count == 0)
            return HandshakeRefusals.NoConnection.Failure();

        // [...] or the |Connection| header field doesn't contain a token that is an ASCII case-insensitive match for
        // the value "Upgrade", the client MUST _Fail the WebSocket Connection_."
        return HttpGrammar.ListContainsToken(Connection, "Upgrade")
            ? null
            : HandshakeRefusals.OtherConnection.Failure();
    }

    private HandshakeFailure? CheckAccept(string key)
    {
        // RFC 6455 §4.1: "If the response lacks a |Sec-WebSocket-Accept| header field [...]
        if (SecWebSocketAccept.Count == 0)
            return HandshakeRefusals.NoAccept.Failure();

        // RFC 6455 §11.3.3: "The |Sec-WebSocket-Accept| header MUST NOT appear more than once in an HTTP response."
        if (SecWebSocketAccept.Count > 1)
            return HandshakeRefusals.SeveralAccepts.Failure(("count", SecWebSocketAccept.Count));

        // [...] or the |Sec-WebSocket-Accept| contains a value other than the base64-encoded SHA-1 of the concatenation
        // [...] but ignoring any leading and trailing whitespace, the client MUST _Fail the WebSocket Connection_."
        return HandshakeKey.IsAcceptFor(key, HttpGrammar.TrimWhiteSpace(SecWebSocketAccept[0]))
            ? null
            : HandshakeRefusals.OtherAccept.Failure();
    }

    private static int ElementCount(IReadOnlyList<string> values)
    {
        int count = 0;
        foreach (string value in values)
        {
            foreach (ReadOnlySpan<char> _ in HttpGrammar.List(value)) count++;
        }

        return count;
    }
}
