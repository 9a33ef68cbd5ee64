using System.Net.Http.Headers;

namespace Duplex;

/// <summary>What a session's handshake asked for. Immutable.</summary>
/// <remarks>
/// A snapshot without secrets: it has the names of headers but no values, and none of the request's options.
/// <see cref="Uri"/> includes the query, which may hold a secret; <see cref="ToString"/> omits it.
/// </remarks>
public sealed class WebSocketHandshakeRequest
{
    internal WebSocketHandshakeRequest(
        Uri uri, WebSocketRequest request, IEnumerable<string> subprotocols, HttpRequestHeaders headers)
    {
        Uri = uri;
        Version = request.Version;
        VersionPolicy = request.VersionPolicy;
        ReceiveMode = request.ReceiveMode;
        Subprotocols = [.. subprotocols];
        HeaderNames = HandshakeHeaders.Names(headers);
    }

    /// <summary>The absolute <c>ws</c> or <c>wss</c> address of the session. It has no user info.</summary>
    public Uri Uri { get; }

    /// <summary>The HTTP version that was asked for.</summary>
    public Version Version { get; }

    /// <summary>How strictly <see cref="Version"/> was meant.</summary>
    public HttpVersionPolicy VersionPolicy { get; }

    /// <summary>Whether the session delivers whole messages or streams.</summary>
    public ReceiveMode ReceiveMode { get; }

    /// <summary>The subprotocols that were offered, the most wanted first.</summary>
    public IReadOnlyList<string> Subprotocols { get; }

    /// <summary>The names of the headers that the caller, the client and its handlers have set.</summary>
    public IReadOnlyList<string> HeaderNames { get; }

    /// <summary>The address without its query.</summary>
    public override string ToString() => Uri.GetLeftPart(UriPartial.Path);
}
