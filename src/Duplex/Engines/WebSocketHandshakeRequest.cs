using System.Net.Http.Headers;

namespace Duplex;

/// <summary>The request of a session's handshake. Immutable.</summary>
/// <remarks>
/// A snapshot without secrets: it has the names of headers but not their values, and none of the request's options.
/// <see cref="Uri"/> has no query, which may hold a token.
/// </remarks>
public sealed class WebSocketHandshakeRequest
{
    internal WebSocketHandshakeRequest(
        Uri uri, WebSocketRequest request, IEnumerable<string> subprotocols, HttpRequestHeaders headers)
    {
        string shown = Log.Describe(uri);
        Uri = shown == request.Uri?.OriginalString ? request.Uri : new Uri(shown); // sessions share the caller's one
        Version = request.Version;
        VersionPolicy = request.VersionPolicy;
        ReceiveMode = request.ReceiveMode;
        Subprotocols = subprotocols.ToArray();
        HeaderNames = HandshakeHeaders.Names(headers);
    }

    /// <summary>
    /// The absolute <c>ws</c> or <c>wss</c> address of the session: scheme, host, port and path; or that of a Unix
    /// socket or a named pipe, with its route. It has neither the query nor user info.
    /// </summary>
    public Uri Uri { get; }

    /// <summary>The requested HTTP version.</summary>
    public Version Version { get; }

    /// <summary>How <see cref="Version"/> was to be interpreted.</summary>
    public HttpVersionPolicy VersionPolicy { get; }

    /// <summary>Whether the session delivers whole messages or streams.</summary>
    public ReceiveMode ReceiveMode { get; }

    /// <summary>The offered subprotocols, in order of preference.</summary>
    public IReadOnlyList<string> Subprotocols { get; }

    /// <summary>The names of the headers set by the caller, the client and its handlers.</summary>
    public IReadOnlyList<string> HeaderNames { get; }

    /// <summary>Returns <see cref="Uri"/>.</summary>
    public override string ToString() => Uri.AbsoluteUri;
}
