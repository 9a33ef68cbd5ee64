using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>What client and server agreed on in a handshake. Immutable.</summary>
internal sealed class HandshakeAgreement
{
    private HandshakeAgreement(
        string? subprotocol, IReadOnlyList<WebSocketExtensionHeader> extensions, HandshakeLeniencies leniencies)
    {
        Subprotocol = subprotocol;
        Extensions = extensions;
        Leniencies = leniencies;
    }

    public string? Subprotocol { get; }

    /// <summary>Each extension validates its own parameters.</summary>
    public IReadOnlyList<WebSocketExtensionHeader> Extensions { get; }

    internal HandshakeLeniencies Leniencies { get; }

    /// <summary>
    /// Checks a server's choices, the same over HTTP/1.1 (RFC 6455) and HTTP/2 (RFC 8441). Lists have one value for
    /// each header line.
    /// </summary>
    public static bool TryCreate(
        IReadOnlyList<string> subprotocolValues,
        IReadOnlyList<string> extensionValues,
        IReadOnlyList<string> offeredSubprotocols,
        IReadOnlyList<string> offeredExtensions,
        [NotNullWhen(true)] out HandshakeAgreement? agreement,
        [NotNullWhen(false)] out HandshakeFailure? failure) =>
        TryCreate(
            subprotocolValues,
            extensionValues,
            offeredSubprotocols,
            offeredExtensions,
            HandshakeStrictness.Strict,
            HandshakeLeniencies.None,
            out agreement,
            out failure);

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
        failure = CheckExtensions(
            extensionValues,
            offeredExtensions,
            strictness,
            ref leniencies,
            out IReadOnlyList<WebSocketExtensionHeader> extensions);
        if (failure is not null) return false;

        agreement = new HandshakeAgreement(subprotocol, extensions, leniencies);
        return true;
    }

    private static HandshakeFailure? CheckSubprotocol(
        IReadOnlyList<string> values, IReadOnlyList<string> offered, out string? subprotocol)
    {
        subprotocol = null;
        if (values.Count == 0) return null;

        // RFC 6455 §11.3.4: "the |Sec-WebSocket-Protocol| header field MUST NOT appear more than once in an HTTP
        // response".
        if (values.Count > 1)
        {
            return HandshakeRefusals.SeveralSubprotocols.Failure(
                ("count", values.Count), ("offered", NameDisclosure.OfAll(offered)));
        }

        // An empty value indicates no subprotocol. By RFC 6455 §4.2.2 a server then omits the header, but .NET's
        // HttpListener sends it empty.
        ReadOnlySpan<char> value = HttpGrammar.TrimWhiteSpace(values[0]);
        if (value.IsEmpty) return null;

        // RFC 6455 §4.3: Sec-WebSocket-Protocol-Server = token.
        if (value.Contains(','))
            return HandshakeRefusals.SubprotocolList.Failure(("offered", NameDisclosure.OfAll(offered)));

        // RFC 6455 §4.1: "the use of a subprotocol that was not present in the client's handshake [...] the client MUST
        // _Fail the WebSocket Connection_".
        foreach (string candidate in offered)
        {
            if (!value.SequenceEqual(candidate)) continue;
            subprotocol = candidate;
            return null;
        }

        return HandshakeRefusals.OtherSubprotocol.Failure(
            ("came", NameDisclosure.Of(value)), ("offered", NameDisclosure.OfAll(offered)));
    }

    private static HandshakeFailure? CheckExtensions(
        IReadOnlyList<string> values,
        IReadOnlyList<string> offered,
        HandshakeStrictness strictness,
        ref HandshakeLeniencies leniencies,
        out IReadOnlyList<WebSocketExtensionHeader> extensions)
    {
        extensions = [];

        // Several lines are legal: RFC 6455 §4.2.2 has extensions "split between multiple instances" of the header, and
        // erratum 3433 withdraws §11.3.2's denial.
        if (!WebSocketExtensionHeader.TryParseList(
            values,
            strictness,
            ref leniencies,
            out IReadOnlyList<WebSocketExtensionHeader>? headers,
            out string? error))
        {
            // RFC 6455 §9.1: "the recipient of such malformed data MUST immediately _Fail the WebSocket Connection_".
            return HandshakeRefusals.MalformedExtensions.Failure(("error", error));
        }

        var accepted = new List<WebSocketExtensionHeader>();
        foreach (WebSocketExtensionHeader header in headers)
        {
            // RFC 6455 §4.1: "the use of an extension that was not present in the client's handshake [...] the client
            // MUST _Fail the WebSocket Connection_".
            if (Offered(header, offered, strictness, ref leniencies) is not { } known)
                return NotOffered(header, accepted.Count + 1, headers.Count, offered);

            // No RFC defines the meaning of several agreements on an extension.
            if (accepted.Any(earlier => earlier.Name == known.Name))
            {
                return HandshakeRefusals.ExtensionTwice.Failure(
                    ("position", accepted.Count + 1), ("count", headers.Count));
            }

            accepted.Add(known);
        }

        extensions = accepted.AsReadOnly();
        return null;
    }

    // With the offered spelling of the name; null if it was not offered.
    private static WebSocketExtensionHeader? Offered(
        WebSocketExtensionHeader header,
        IReadOnlyList<string> offered,
        HandshakeStrictness strictness,
        ref HandshakeLeniencies leniencies)
    {
        if (offered.Contains(header.Name, StringComparer.Ordinal))
            return header;
        if (strictness == HandshakeStrictness.Strict)
            return null;
        if (offered.FirstOrDefault(name => name.Equals(header.Name, StringComparison.OrdinalIgnoreCase))
            is not { } meant)
            return null;
        leniencies |= HandshakeLeniencies.ExtensionNameCase;
        return new WebSocketExtensionHeader(meant, header.Parameters);
    }

    private static HandshakeFailure NotOffered(
        WebSocketExtensionHeader header, int position, int count, IReadOnlyList<string> offered)
    {
        string names = offered.Count == 0 ? "none" : string.Join(", ", offered); // the client's own; no secrets
        return header.Name == DeflateParameters.ExtensionName
            ? HandshakeRefusals.CompressionUnasked.Failure(("offered", names))
            : HandshakeRefusals.OtherExtension.Failure(
                ("position", position), ("count", count), ("offered", names));
    }
}
