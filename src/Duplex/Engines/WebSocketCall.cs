namespace Duplex;

/// <summary>The handshake behind a session. Immutable.</summary>
public sealed class WebSocketCall
{
    internal WebSocketCall(WebSocketRequest request, WebSocketHandshakeResponse? response, string? subprotocol)
    {
        Request = request;
        Response = response;
        Subprotocol = subprotocol;
    }

    /// <summary>What was asked for; <see cref="WebSocketRequest.Uri"/> is where the session is connected to.</summary>
    public WebSocketRequest Request { get; }

    /// <summary>The server's answer; null where there was no HTTP.</summary>
    public WebSocketHandshakeResponse? Response { get; }

    /// <summary>The subprotocol that the server chose among those offered; null for none.</summary>
    public string? Subprotocol { get; }
}
