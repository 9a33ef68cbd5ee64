namespace Duplex.Protocol;

/// <summary>The party that refused to open a session.</summary>
internal enum HandshakeParty
{
    Server,

    Proxy,

    Network,

    /// <summary>A handler above <c>WebSocketsHandler</c>, or the client itself.</summary>
    HandlerAbove,

    /// <summary>A handler below <c>WebSocketsHandler</c>, or an engine's connect function.</summary>
    HandlerBelow,

    Ourselves,
}
