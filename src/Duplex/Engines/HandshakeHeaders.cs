using System.Collections.Frozen;
using System.Net.Http.Headers;

namespace Duplex;

/// <summary>The rules for the headers of a handshake. Error messages never contain header values.</summary>
internal static class HandshakeHeaders
{
    public const string Protocol = "Sec-WebSocket-Protocol";

    public const string Extensions = "Sec-WebSocket-Extensions";

    // Headers of the connection, not the request (RFC 9110 §7.6.1); Trailer and Expect concern content.
    private static readonly FrozenSet<string> Owned = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Connection", "Upgrade", "HTTP2-Settings", "Keep-Alive", "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Expect");

    public static void Check(HttpRequestHeaders headers)
    {
        foreach ((string name, _) in headers.NonValidated)
        {
            if (IsOwned(name))
            {
                throw new ArgumentException(
                    $"The header {name} is not for a WebSocket request: the handshake sets what it needs, and has " +
                    "no content. Do not set it.",
                    nameof(headers));
            }
        }

        CheckValues(headers);
    }

    public static void CheckValues(HttpRequestHeaders headers)
    {
        // TryAddWithoutValidation accepts values that start another header or request, and HttpClient writes them.
        foreach ((string name, HeaderStringValues values) in headers.NonValidated)
        {
            foreach (string value in values)
            {
                if (HttpGrammar.ContainsLineBreakOrNul(value))
                {
                    throw new ArgumentException(
                        $"A value of the header {name} holds CR, LF or NUL, which would break the request. Remove it.",
                        nameof(headers));
                }
            }

            // RFC 9112 §3.2: a server refuses "any request message that contains more than one Host header field line".
            if (values.Count > 1 && name.Equals("Host", StringComparison.OrdinalIgnoreCase))
            {
                throw new ArgumentException(
                    $"The header Host has {values.Count} values; a request has one. Set it once.", nameof(headers));
            }
        }
    }

    public static void Copy(HttpRequestHeaders from, HttpRequestHeaders to)
    {
        foreach ((string name, HeaderStringValues values) in from.NonValidated)
        {
            if (IsCallers(name))
                to.TryAddWithoutValidation(name, values);
        }
    }

    public static IReadOnlyList<string> Names(HttpRequestHeaders headers) =>
        headers.NonValidated.Select(header => header.Key).Where(IsCallers).ToArray();

    public static IReadOnlyList<string> Subprotocols(HttpRequestHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues(Protocol, out HeaderStringValues lines))
            return [];
        return SubprotocolList.TryParse(lines, out IReadOnlyList<string>? names, out string? error)
            ? names
            : throw new ArgumentException(
                $"The header {Protocol} is not a list of subprotocols. {error} Use WebSocketRequest.Subprotocols " +
                "instead.",
                nameof(headers));
    }

    // Excludes a default `Connection: close`, which HttpClient would merge with our `Upgrade`.
    private static bool IsCallers(string name) => !IsOwned(name) && !IsProtocol(name);

    private static bool IsOwned(string name) =>
        Owned.Contains(name)
        || name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)
        || (name.StartsWith("Sec-WebSocket-", StringComparison.OrdinalIgnoreCase) && !IsProtocol(name));

    private static bool IsProtocol(string name) => name.Equals(Protocol, StringComparison.OrdinalIgnoreCase);
}
