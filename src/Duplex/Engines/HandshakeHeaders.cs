using System.Collections.Frozen;
using System.Net.Http.Headers;

namespace Duplex;

/// <summary>Which headers of a handshake are whose, and what may stand in one. No message repeats a value.</summary>
internal static class HandshakeHeaders
{
    /// <summary>The header that offers subprotocols, and chooses one.</summary>
    public const string Protocol = "Sec-WebSocket-Protocol";

    /// <summary>The header that offers extensions, and accepts some.</summary>
    public const string Extensions = "Sec-WebSocket-Extensions";

    // Those of one connection rather than of the request on it (RFC 9110 §7.6.1): another value would make it another request. Trailer and Expect speak of a content, which a
    // handshake has not.
    private static readonly FrozenSet<string> Owned = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "Connection", "Upgrade", "HTTP2-Settings", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Expect");

    /// <summary>Refuses what a user may not set on a request.</summary>
    /// <exception cref="ArgumentException">A header is ours, or its value would break the request.</exception>
    public static void Check(HttpRequestHeaders headers)
    {
        foreach ((string name, _) in headers.NonValidated)
        {
            if (IsOwned(name))
                throw new ArgumentException($"The header {name} is not for a WebSocket request: the handshake sets what it needs, and has no content. Do not set it.", nameof(headers));
        }

        CheckValues(headers);
    }

    /// <summary>Refuses values that would break the request, and a second Host.</summary>
    /// <exception cref="ArgumentException">There is one.</exception>
    public static void CheckValues(HttpRequestHeaders headers)
    {
        // TryAddWithoutValidation lets them through, and HttpClient writes them: a value could begin a header, or a request, of its own.
        foreach ((string name, HeaderStringValues values) in headers.NonValidated)
        {
            foreach (string value in values)
            {
                if (HttpGrammar.ContainsLineBreakOrNul(value))
                    throw new ArgumentException($"A value of the header {name} holds CR, LF or NUL, which would break the request. Remove it.", nameof(headers));
            }

            // RFC 9112 §3.2: a server must refuse "any request message that contains more than one Host header field line".
            if (values.Count > 1 && name.Equals("Host", StringComparison.OrdinalIgnoreCase))
                throw new ArgumentException($"The header Host has {values.Count} values; a request has one. Set it once.", nameof(headers));
        }
    }

    /// <summary>Copies to a handshake what a client, its defaults and its handlers have put on the marker; what is ours is left behind.</summary>
    public static void Copy(HttpRequestHeaders from, HttpRequestHeaders to)
    {
        foreach ((string name, HeaderStringValues values) in from.NonValidated)
        {
            if (IsCallers(name))
                to.TryAddWithoutValidation(name, values);
        }
    }

    /// <summary>The names of the headers that <see cref="Copy"/> copies.</summary>
    public static IReadOnlyList<string> Names(HttpRequestHeaders headers) =>
        [.. headers.NonValidated.Select(header => header.Key).Where(IsCallers)];

    /// <summary>The subprotocols that a header set by hand offers; none if there is none.</summary>
    /// <exception cref="ArgumentException">It is no list of subprotocols.</exception>
    public static IReadOnlyList<string> Subprotocols(HttpRequestHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues(Protocol, out HeaderStringValues lines))
            return [];
        return SubprotocolList.TryParse(lines, out IReadOnlyList<string>? names, out string? error)
            ? names
            : throw new ArgumentException($"The header {Protocol} is not a list of subprotocols. {error} Use WebSocketRequest.Subprotocols instead.", nameof(headers));
    }

    // HttpClient would merge a default `Connection: close` with our `Upgrade`.
    private static bool IsCallers(string name) => !IsOwned(name) && !IsProtocol(name);

    private static bool IsOwned(string name) =>
        Owned.Contains(name)
        || name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)
        || (name.StartsWith("Sec-WebSocket-", StringComparison.OrdinalIgnoreCase) && !IsProtocol(name));

    private static bool IsProtocol(string name) => name.Equals(Protocol, StringComparison.OrdinalIgnoreCase);
}
