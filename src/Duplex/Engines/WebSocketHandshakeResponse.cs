using System.Net;
using System.Net.Http.Headers;

namespace Duplex;

/// <summary>A server's response to a handshake.</summary>
public sealed class WebSocketHandshakeResponse
{
    internal WebSocketHandshakeResponse(HttpResponseMessage response)
    {
        StatusCode = response.StatusCode;
        Version = response.Version;
        Headers = response.Headers;
    }

    /// <summary>The status; 101 if a session was opened.</summary>
    public HttpStatusCode StatusCode { get; }

    /// <summary>The HTTP version.</summary>
    public Version Version { get; }

    /// <summary>The headers.</summary>
    public HttpResponseHeaders Headers { get; }
}
