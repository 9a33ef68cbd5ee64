using System.Net.Http.Headers;

namespace Duplex;

/// <summary>Which headers of a handshake are whose, and what may stand in one.</summary>
internal static class HandshakeHeaders
{
    public const string Protocol = "Sec-WebSocket-Protocol";

    // Those of the connection itself (RFC 9110 §7.6.1) and of the handshake (RFC 6455 §4.1): one more of them, or another value, would make it another request.
    private static readonly string[] Owned =
    [
        "Connection", "Upgrade", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Expect",
        "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions",
    ];

    /// <summary>Refuses what a user may not set on a request.</summary>
    /// <exception cref="ArgumentException">A header is ours, or its value would break the request.</exception>
    public static void Check(HttpRequestHeaders headers)
    {
        foreach ((string name, _) in headers.NonValidated)
        {
            if (IsOwned(name))
                throw new ArgumentException($"The header {name} is set by the handshake itself. Do not set it on the request.", nameof(headers));
        }

        CheckValues(headers);
    }

    /// <summary>Copies to a handshake what a client, its defaults and its handlers have put on the marker; what is ours is left behind.</summary>
    /// <exception cref="ArgumentException">A value would break the request.</exception>
    public static void Copy(HttpRequestHeaders from, HttpRequestHeaders to)
    {
        CheckValues(from);
        foreach ((string name, HeaderStringValues values) in from.NonValidated)
        {
            // HttpClient would merge a default `Connection: close` with our `Upgrade`.
            if (!IsOwned(name) && !name.Equals(Protocol, StringComparison.OrdinalIgnoreCase))
                to.TryAddWithoutValidation(name, values);
        }
    }

    /// <summary>The subprotocols to offer: of the request, of a header set by hand, of the options, each once.</summary>
    /// <exception cref="ArgumentException">A name is none.</exception>
    public static IReadOnlyList<string> Subprotocols(IEnumerable<string> requested, HttpRequestHeaders headers, IEnumerable<string> options)
    {
        var all = new List<string>(requested);
        if (headers.NonValidated.TryGetValues(Protocol, out HeaderStringValues lines))
        {
            foreach (string line in lines)
            {
                if (!SubprotocolList.TryParse(line, out IReadOnlyList<string>? names, out string? error))
                    throw new ArgumentException($"The header {Protocol} is not a list of subprotocols: {error}", nameof(headers));
                all.AddRange(names);
            }
        }

        if (all.FirstOrDefault(name => !SubprotocolList.IsValidName(name)) is { } bad)
            throw new ArgumentException($"A subprotocol to offer, of {bad.Length} characters, is not a token (RFC 6455 §4.1): letters, digits and !#$%&'*+-.^_`|~ only.", nameof(requested));
        all.AddRange(options);
        return all.Distinct(StringComparer.Ordinal).ToArray();
    }

    private static bool IsOwned(string name) => Owned.Contains(name, StringComparer.OrdinalIgnoreCase);

    // TryAddWithoutValidation lets them through, and HttpClient writes them: a value could begin a header, or a request, of its own.
    private static void CheckValues(HttpRequestHeaders headers)
    {
        foreach ((string name, HeaderStringValues values) in headers.NonValidated)
        {
            foreach (string value in values)
            {
                if (HttpGrammar.ContainsLineBreakOrNul(value))
                    throw new ArgumentException($"A value of the header {name} holds CR, LF or NUL, which would break the request. Remove it.", nameof(headers));
            }
        }
    }
}
