using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>What a client and a server agreed on in their handshake. Immutable and so thread-safe.</summary>
internal sealed class HandshakeAgreement
{
    private HandshakeAgreement(string? subprotocol, IReadOnlyList<WebSocketExtensionHeader> extensions, HandshakeLeniencies leniencies)
    {
        Subprotocol = subprotocol;
        Extensions = extensions;
        Leniencies = leniencies;
    }

    /// <summary>The subprotocol that the server chose, or <see langword="null"/> if it chose none.</summary>
    public string? Subprotocol { get; }

    /// <summary>The extensions that the server accepted, in its order. Whether their parameters are legal is for each extension to say.</summary>
    public IReadOnlyList<WebSocketExtensionHeader> Extensions { get; }

    /// <summary>What had to be overlooked.</summary>
    internal HandshakeLeniencies Leniencies { get; }

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
        [NotNullWhen(false)] out HandshakeFailure? failure) =>
        TryCreate(subprotocolValues, extensionValues, offeredSubprotocols, offeredExtensions, HandshakeStrictness.Strict, HandshakeLeniencies.None, out agreement, out failure);

    /// <summary>Judges the choices as strictly as was asked for.</summary>
    /// <param name="subprotocolValues">The response's <c>Sec-WebSocket-Protocol</c> values, one for each line.</param>
    /// <param name="extensionValues">The response's <c>Sec-WebSocket-Extensions</c> values, one for each line.</param>
    /// <param name="offeredSubprotocols">The subprotocols that the request offered.</param>
    /// <param name="offeredExtensions">The names of the extensions that the request offered; with none, any extension is a failure.</param>
    /// <param name="strictness">How strictly.</param>
    /// <param name="leniencies">What has been overlooked in the rest of the answer.</param>
    /// <param name="agreement">What both sides agreed on, if all is well.</param>
    /// <param name="failure">Otherwise which choice is wrong.</param>
    internal static bool TryCreate(
        IReadOnlyList<string> subprotocolValues,
        IReadOnlyList<string> extensionValues,
        IReadOnlyList<string> offeredSubprotocols,
        IReadOnlyList<string> offeredExtensions,
        HandshakeStrictness strictness,
        HandshakeLeniencies leniencies,
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
        failure = CheckExtensions(extensionValues, offeredExtensions, strictness, ref leniencies, out IReadOnlyList<WebSocketExtensionHeader> extensions);
        if (failure is not null) return false;

        agreement = new HandshakeAgreement(subprotocol, extensions, leniencies);
        return true;
    }

    private static HandshakeFailure? CheckSubprotocol(IReadOnlyList<string> values, IReadOnlyList<string> offered, out string? subprotocol)
    {
        subprotocol = null;
        if (values.Count == 0) return null;

        // RFC 6455 §11.3.4: "the |Sec-WebSocket-Protocol| header field MUST NOT appear more than once in an HTTP response".
        if (values.Count > 1)
            return HandshakeRefusals.SeveralSubprotocols.Failure(("count", values.Count), ("offered", NameDisclosure.OfAll(offered)));

        // RFC 6455 §4.1 fails an answer that "indicates the use of a subprotocol that was not present in the client's handshake". An empty value indicates the use of none. §4.2.2 has a
        // server leave the header out then, but .NET's own HttpListener sends it empty where none is chosen.
        ReadOnlySpan<char> value = HttpGrammar.TrimWhiteSpace(values[0]);
        if (value.IsEmpty) return null;

        // RFC 6455 §4.3: Sec-WebSocket-Protocol-Server = token. A comma can only part two names.
        if (value.Contains(','))
            return HandshakeRefusals.SubprotocolList.Failure(("offered", NameDisclosure.OfAll(offered)));

        // RFC 6455 §4.1: "the use of a subprotocol that was not present in the client's handshake [...] the client MUST _Fail the WebSocket Connection_".
        foreach (string candidate in offered)
        {
            if (!value.SequenceEqual(candidate)) continue;
            subprotocol = candidate;
            return null;
        }

        return HandshakeRefusals.OtherSubprotocol.Failure(("came", NameDisclosure.Of(value)), ("offered", NameDisclosure.OfAll(offered)));
    }

    private static HandshakeFailure? CheckExtensions(
        IReadOnlyList<string> values, IReadOnlyList<string> offered, HandshakeStrictness strictness, ref HandshakeLeniencies leniencies, out IReadOnlyList<WebSocketExtensionHeader> extensions)
    {
        extensions = [];

        // Several lines are legal: RFC 6455 §4.2.2 has extensions "split between multiple instances" of the header, and erratum 3433
        // takes back the sentence of §11.3.2 that denied it.
        if (!WebSocketExtensionHeader.TryParseList(values, strictness, ref leniencies, out IReadOnlyList<WebSocketExtensionHeader>? headers, out string? error))
        {
            // RFC 6455 §9.1: "the recipient of such malformed data MUST immediately _Fail the WebSocket Connection_".
            return HandshakeRefusals.MalformedExtensions.Failure(("error", error));
        }

        var accepted = new List<WebSocketExtensionHeader>();
        foreach (WebSocketExtensionHeader header in headers)
        {
            // RFC 6455 §4.1: "the use of an extension that was not present in the client's handshake [...] the client MUST _Fail the
            // WebSocket Connection_".
            if (Offered(header, offered, strictness, ref leniencies) is not { } known)
                return NotOffered(header, accepted.Count + 1, headers.Count, offered);

            // However many offers of one extension a request lists: a second agreement beside the first has no meaning that any RFC gives it.
            if (accepted.Any(earlier => earlier.Name == known.Name))
                return HandshakeRefusals.ExtensionTwice.Failure(("position", accepted.Count + 1), ("count", headers.Count));
            accepted.Add(known);
        }

        extensions = accepted.AsReadOnly();
        return null;
    }

    // The header by the name that was offered; null if it was not.
    private static WebSocketExtensionHeader? Offered(WebSocketExtensionHeader header, IReadOnlyList<string> offered, HandshakeStrictness strictness, ref HandshakeLeniencies leniencies)
    {
        if (offered.Contains(header.Name, StringComparer.Ordinal))
            return header;
        if (strictness == HandshakeStrictness.Strict || offered.FirstOrDefault(name => name.Equals(header.Name, StringComparison.OrdinalIgnoreCase)) is not { } meant)
            return null;
        leniencies |= HandshakeLeniencies.ExtensionNameCase;
        return new WebSocketExtensionHeader(meant, header.Parameters);
    }

    private static HandshakeFailure NotOffered(WebSocketExtensionHeader header, int position, int count, IReadOnlyList<string> offered)
    {
        string names = offered.Count == 0 ? "none" : string.Join(", ", offered); // ours, and no secrets
        return header.Name == DeflateParameters.ExtensionName
            ? HandshakeRefusals.CompressionUnasked.Failure(("offered", names))
            : HandshakeRefusals.OtherExtension.Failure(("position", position), ("count", count), ("offered", names));
    }
}
