using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Headers;

namespace Duplex;

/// <summary>The form of a handshake in one version of HTTP: its request, and the rules for its response.</summary>
internal abstract class HttpHandshake
{
    /// <summary>The status of a response that opens the session.</summary>
    public abstract HttpStatusCode Success { get; }

    /// <summary>What Sec-WebSocket-Accept must answer; null if the version has no such header.</summary>
    protected virtual string? Key => null;

    public HttpRequestMessage CreateRequest(
        Uri target, HttpRequestMessage marker, string[] subprotocols, string? extensions)
    {
        HandshakeHeaders.CheckValues(marker.Headers);
        HttpRequestMessage request = CreateRequest(target);

        // Another version or policy would make it an ordinary request.
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        if (subprotocols.Length > 0)
            request.Headers.TryAddWithoutValidation(HandshakeHeaders.Protocol, SubprotocolList.Format(subprotocols));
        if (extensions is not null)
            request.Headers.TryAddWithoutValidation(HandshakeHeaders.Extensions, extensions);
        HandshakeHeaders.Copy(marker.Headers, request.Headers);
        foreach ((string name, object? value) in marker.Options)
        {
            // Without the mark, a second plugin below passes it on.
            if (name != EnginePlugin.Mark)
                ((IDictionary<string, object?>)request.Options)[name] = value;
        }

        return request;
    }

    public bool TryAccept(
        HttpResponseMessage response,
        HandshakeStrictness strictness,
        IReadOnlyList<string> offeredSubprotocols,
        IReadOnlyList<string> offeredExtensions,
        [NotNullWhen(true)] out HandshakeAgreement? agreement,
        [NotNullWhen(false)] out HandshakeFailure? failure)
    {
        var rules = new HandshakeResponseRules
        {
            StatusCode = (int)response.StatusCode,
            Strictness = strictness,
            HttpVersion = response.Version,
            Upgrade = Values("Upgrade"),
            Connection = Values("Connection"),
            SecWebSocketAccept = Values("Sec-WebSocket-Accept"),
            SecWebSocketProtocol = Values(HandshakeHeaders.Protocol),
            SecWebSocketExtensions = Values(HandshakeHeaders.Extensions),
        };
        return rules.TryAccept(Key, offeredSubprotocols, offeredExtensions, out agreement, out failure);

        string[] Values(string name) =>
            response.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? [.. values] : [];
    }

    /// <summary>The session's stream, from that of a response which was accepted.</summary>
    public virtual Stream StreamOf(Stream response, TimeProvider time) => response;

    /// <summary>The request with the headers that the version needs.</summary>
    protected abstract HttpRequestMessage CreateRequest(Uri target);
}
