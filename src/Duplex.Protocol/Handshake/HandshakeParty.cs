namespace Duplex.Protocol;

/// <summary>The party that refused to open a session.</summary>
internal enum HandshakeParty
{
    /// <summary>The server, or a gateway in front of it, that answered the handshake.</summary>
    Server,

    /// <summary>The proxy that the connection goes through.</summary>
    Proxy,

    /// <summary>The network, or the first host reached through it.</summary>
    Network,

    /// <summary>A handler above <c>WebSocketsHandler</c>, or the client itself.</summary>
    HandlerAbove,

    /// <summary>A handler below <c>WebSocketsHandler</c>, or its replacement: an engine's connect function.</summary>
    HandlerBelow,

    /// <summary>This process.</summary>
    Ourselves,
}
