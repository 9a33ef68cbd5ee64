using System.Collections.Frozen;
using System.Net.Http.Headers;

namespace Duplex;

/// <summary>The rules for the headers of a handshake. Error messages never contain header values.</summary>
internal static class HandshakeHeaders
{
    /// <summary>Offers subprotocols, and names the chosen one.</summary>
    public const string Protocol = "Sec-WebSocket-Protocol";

    /// <summary>Offers extensions, and names the accepted ones.</summary>
    public const string Extensions = "Sec-WebSocket-Extensions";

    // Headers of the connection rather than of the request (RFC 9110 §7.6.1). Trailer and Expect concern content,
    // which a handshake does not have.
    private static readonly FrozenSet<string> Owned = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Connection", "Upgrade", "HTTP2-Settings", "Keep-Alive", "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Expect");

    /// <summary>Throws if a request has headers that the user must not set.</summary>
    /// <exception cref="ArgumentException">A header is reserved, or its value would break the request.</exception>
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

    /// <summary>Throws for values that would break the request, and for a second Host.</summary>
    /// <exception cref="ArgumentException">A value is invalid.</exception>
    public static void CheckValues(HttpRequestHeaders headers)
    {
        // TryAddWithoutValidation accepts such values and HttpClient writes them: a value could start another header or
        // request.
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

            // RFC 9112 §3.2: a server must refuse "any request message that contains more than one Host header field
            // line".
            if (values.Count > 1 && name.Equals("Host", StringComparison.OrdinalIgnoreCase))
            {
                throw new ArgumentException(
                    $"The header Host has {values.Count} values; a request has one. Set it once.", nameof(headers));
            }
        }
    }

    /// <summary>Copies the marker's headers to a handshake, except those that the handshake sets itself.</summary>
    public static void Copy(HttpRequestHeaders from, HttpRequestHeaders to)
    {
        foreach ((string name, HeaderStringValues values) in from.NonValidated)
        {
            if (IsCallers(name))
                to.TryAddWithoutValidation(name, values);
        }
    }

    /// <summary>Returns the names of the headers that <see cref="Copy"/> copies.</summary>
    public static IReadOnlyList<string> Names(HttpRequestHeaders headers) =>
        [.. headers.NonValidated.Select(header => header.Key).Where(IsCallers)];

    /// <summary>
    /// Returns the subprotocols of a Sec-WebSocket-Protocol header that the user set; empty without one.
    /// </summary>
    /// <exception cref="ArgumentException">The header is not a list of subprotocols.</exception>
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

    // Excludes a default `Connection: close`, for example, which HttpClient would merge with our `Upgrade`.
    private static bool IsCallers(string name) => !IsOwned(name) && !IsProtocol(name);

    private static bool IsOwned(string name) =>
        Owned.Contains(name)
        || name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)
        || (name.StartsWith("Sec-WebSocket-", StringComparison.OrdinalIgnoreCase) && !IsProtocol(name));

    private static bool IsProtocol(string name) => name.Equals(Protocol, StringComparison.OrdinalIgnoreCase);
}
