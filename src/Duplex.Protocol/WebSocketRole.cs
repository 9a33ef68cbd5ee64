namespace Duplex;

/// <summary>Our end of the connection. A client masks its frames, a server never does (RFC 6455 §5.1).</summary>
public enum WebSocketRole
{
    /// <summary>The end that opened the connection.</summary>
    Client,

    /// <summary>The end that accepted the connection.</summary>
    Server,
}
