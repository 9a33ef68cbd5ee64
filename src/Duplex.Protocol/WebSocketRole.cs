namespace Duplex;

/// <summary>Which end of the connection we are: a client masks what it sends, a server never does (RFC 6455 §5.1).</summary>
public enum WebSocketRole
{
    /// <summary>The end that asked for the connection.</summary>
    Client,

    /// <summary>The end that was asked.</summary>
    Server,
}
