namespace Duplex;

/// <summary>The handshake that opened a session. Immutable.</summary>
public sealed class WebSocketCall
{
    internal WebSocketCall(
        WebSocketEngine engine,
        WebSocketHandshakeRequest request,
        WebSocketHandshakeResponse? response,
        string? subprotocol)
    {
        Engine = engine;
        Request = request;
        Response = response;
        Subprotocol = subprotocol;
    }

    /// <summary>The engine that made the connection.</summary>
    public WebSocketEngine Engine { get; }

    /// <summary>The handshake request.</summary>
    public WebSocketHandshakeRequest Request { get; }

    /// <summary>The server's response; null if the engine lacks <see cref="EngineCapability.Response"/>.</summary>
    public WebSocketHandshakeResponse? Response { get; }

    /// <summary>The subprotocol that the server chose; null for none.</summary>
    public string? Subprotocol { get; }
}
