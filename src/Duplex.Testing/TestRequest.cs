using System.Net.Http.Headers;

namespace Duplex.Testing;

/// <summary>The request of a handshake, as a <see cref="WebSocketTestServer"/> received it. Immutable.</summary>
public sealed class TestRequest
{
    internal TestRequest(HttpRequestMessage request)
    {
        Uri = request.RequestUri!;
        Method = request.Method;
        Version = request.Version;
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, HeaderStringValues values) in request.Headers.NonValidated)
            headers[name] = values.ToString();
        Headers = headers;
        Subprotocols = headers.TryGetValue("Sec-WebSocket-Protocol", out string? offered)
            ? offered.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            : [];
    }

    /// <summary>The address, with path and query.</summary>
    public Uri Uri { get; }

    /// <summary>GET over HTTP/1.1, CONNECT over HTTP/2.</summary>
    public HttpMethod Method { get; }

    /// <summary>The version of HTTP.</summary>
    public Version Version { get; }

    /// <summary>The headers by name, in any case; several values of one are joined by ", ".</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>The subprotocols that the client offers, in its order.</summary>
    public IReadOnlyList<string> Subprotocols { get; }
}
