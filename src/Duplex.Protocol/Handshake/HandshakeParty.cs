namespace Duplex.Protocol;

/// <summary>Who refused to open a session.</summary>
internal enum HandshakeParty
{
    /// <summary>The server, or a gateway in front of it, that answered the handshake.</summary>
    Server,

    /// <summary>The proxy that the connection goes through.</summary>
    Proxy,

    /// <summary>The network, or the first thing that was reached through it.</summary>
    Network,

    /// <summary>A handler above <c>WebSocketsHandler</c>, or the client itself.</summary>
    HandlerAbove,

    /// <summary>A handler below <c>WebSocketsHandler</c>, or what stands in its place: an engine's connect function.</summary>
    HandlerBelow,

    /// <summary>This process.</summary>
    Ourselves,
}
