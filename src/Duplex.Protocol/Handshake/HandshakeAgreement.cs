using System.Diagnostics.CodeAnalysis;

namespace Duplex;

/// <summary>What a client and a server agreed on in their handshake. Immutable and so thread-safe.</summary>
public sealed class HandshakeAgreement
{
    private HandshakeAgreement(string? subprotocol, IReadOnlyList<WebSocketExtensionHeader> extensions)
    {
        Subprotocol = subprotocol;
        Extensions = extensions;
    }

    /// <summary>The subprotocol that the server chose, or <see langword="null"/> if it chose none.</summary>
    public string? Subprotocol { get; }

    /// <summary>The extensions that the server accepted, in its order. Whether their parameters are legal is for each extension to say.</summary>
    public IReadOnlyList<WebSocketExtensionHeader> Extensions { get; }

    /// <summary>Judges the choices in a server's response, which are the same over HTTP/1.1 (RFC 6455) and HTTP/2 (RFC 8441).</summary>
    /// <param name="subprotocolValues">The response's <c>Sec-WebSocket-Protocol</c> values, one for each line.</param>
    /// <param name="extensionValues">The response's <c>Sec-WebSocket-Extensions</c> values, one for each line.</param>
    /// <param name="offeredSubprotocols">The subprotocols that the request offered.</param>
    /// <param name="offeredExtensions">The names of the extensions that the request offered; with none, any extension is a failure.</param>
    /// <param name="agreement">What both sides agreed on, if all is well.</param>
    /// <param name="failure">Otherwise which choice is wrong.</param>
    public static bool TryCreate(
        IReadOnlyList<string> subprotocolValues,
        IReadOnlyList<string> extensionValues,
        IReadOnlyList<string> offeredSubprotocols,
        IReadOnlyList<string> offeredExtensions,
        [NotNullWhen(true)] out HandshakeAgreement? agreement,
        [NotNullWhen(false)] out HandshakeFailure? failure)
    {
        ArgumentNullException.ThrowIfNull(subprotocolValues);
        ArgumentNullException.ThrowIfNull(extensionValues);
        ArgumentNullException.ThrowIfNull(offeredSubprotocols);
        ArgumentNullException.ThrowIfNull(offeredExtensions);

        agreement = null;
        failure = CheckSubprotocol(subprotocolValues, offeredSubprotocols, out string? subprotocol);
        if (failure is not null) return false;
        failure = CheckExtensions(extensionValues, offeredExtensions, out IReadOnlyList<WebSocketExtensionHeader> extensions);
        if (failure is not null) return false;

        agreement = new HandshakeAgreement(subprotocol, extensions);
        return true;
    }

    private static HandshakeFailure? CheckSubprotocol(IReadOnlyList<string> values, IReadOnlyList<string> offered, out string? subprotocol)
    {
        subprotocol = null;
        if (values.Count == 0) return null;

        // RFC 6455 §11.3.4: "the |Sec-WebSocket-Protocol| header field MUST NOT appear more than once in an HTTP response".
        if (values.Count > 1) return BadSubprotocol($"Expected at most one Sec-WebSocket-Protocol header in the response; {values.Count} came.");

        ReadOnlySpan<char> value = HttpGrammar.TrimWhiteSpace(values[0]);

        // RFC 6455 §4.2.2: "The empty string is not the same as the null value for these purposes and is not a legal value for this field."
        if (value.IsEmpty)
            return BadSubprotocol("The server sent an empty Sec-WebSocket-Protocol header; expected a subprotocol that was offered, or no such header.");

        // RFC 6455 §4.3: Sec-WebSocket-Protocol-Server = token. A comma can only part two names.
        if (value.Contains(','))
            return BadSubprotocol("The server's Sec-WebSocket-Protocol header is a list; expected exactly one of the subprotocols that were offered.");

        // RFC 6455 §4.1: "the use of a subprotocol that was not present in the client's handshake [...] the client MUST _Fail the WebSocket Connection_".
        foreach (string candidate in offered)
        {
            if (!value.SequenceEqual(candidate)) continue;
            subprotocol = candidate;
            return null;
        }

        return BadSubprotocol(
            $"The server chose a subprotocol that the request did not offer; expected one of the {offered.Count} offered, in the same case, or none. "
            + "Offer what the server speaks.");
    }

    private static HandshakeFailure? CheckExtensions(
        IReadOnlyList<string> values, IReadOnlyList<string> offered, out IReadOnlyList<WebSocketExtensionHeader> extensions)
    {
        extensions = [];

        // Several lines are legal: RFC 6455 §4.2.2 has extensions "split between multiple instances" of the header, and erratum 3433
        // takes back the sentence of §11.3.2 that denied it.
        if (!WebSocketExtensionHeader.TryParseList(values, out IReadOnlyList<WebSocketExtensionHeader>? headers, out string? error))
        {
            // RFC 6455 §9.1: "the recipient of such malformed data MUST immediately _Fail the WebSocket Connection_".
            return BadExtensions($"The server's Sec-WebSocket-Extensions header is malformed. {error}");
        }

        for (int i = 0; i < headers.Count; i++)
        {
            // RFC 6455 §4.1: "the use of an extension that was not present in the client's handshake [...] the client MUST _Fail the
            // WebSocket Connection_".
            if (!offered.Contains(headers[i].Name, StringComparer.Ordinal))
            {
                return BadExtensions(
                    $"Extension {i + 1} of the {headers.Count} that the server accepted was not offered; expected only extensions that the request offered, "
                    + $"which were {offered.Count}.");
            }
        }

        // However many offers of one extension a request lists: a second agreement beside the first has no meaning that any RFC gives it.
        for (int i = 1; i < headers.Count; i++)
        {
            if (headers.Take(i).Any(earlier => earlier.Name == headers[i].Name))
                return BadExtensions($"Extension {i + 1} of the {headers.Count} that the server accepted has the name of an earlier one; expected each at most once.");
        }

        extensions = headers;
        return null;
    }

    private static HandshakeFailure BadSubprotocol(string message) => new(HandshakeCheck.Subprotocol, message);

    private static HandshakeFailure BadExtensions(string message) => new(HandshakeCheck.Extensions, message);
}
