namespace Duplex;

/// <summary>What failed in a WebSocket handshake.</summary>
public enum HandshakeCheck
{
    /// <summary>The status of the response was not the one that opens a WebSocket.</summary>
    Status,

    /// <summary>The HTTP version of the request or the response cannot carry the handshake.</summary>
    HttpVersion,

    /// <summary>The <c>Upgrade</c> header was missing or wrong.</summary>
    Upgrade,

    /// <summary>The <c>Connection</c> header was missing or wrong.</summary>
    Connection,

    /// <summary>The <c>Sec-WebSocket-Accept</c> header was missing, repeated or wrong.</summary>
    Accept,

    /// <summary>
    /// The <c>Sec-WebSocket-Protocol</c> header of the response was malformed, chose what was not offered, or was
    /// missing where the caller requires one.
    /// </summary>
    Subprotocol,

    /// <summary>The <c>Sec-WebSocket-Extensions</c> header of the response was malformed or chose what was not offered.</summary>
    Extensions,

    /// <summary>The method of the request was not GET (seen by a server only).</summary>
    Method,

    /// <summary>The <c>Host</c> header was missing or repeated (seen by a server only).</summary>
    Host,

    /// <summary>The <c>Sec-WebSocket-Version</c> header was missing, repeated or not 13 (seen by a server only).</summary>
    Version,

    /// <summary>The <c>Sec-WebSocket-Key</c> header was missing, repeated or malformed (seen by a server only).</summary>
    Key,

    /// <summary>The answer came from another address than the one that was asked: a redirect was followed behind our back (seen by a client only).</summary>
    Redirect,

    /// <summary>The connection could not be made, or broke before the handshake was over.</summary>
    Transport,

    /// <summary>The handshake was not over in time.</summary>
    Timeout,

    /// <summary>The client was disposed before the handshake was over.</summary>
    Disposed,

    /// <summary>The proxy refused the tunnel to the server, or could not be reached. A status is the proxy's, not the server's (seen by a client only).</summary>
    Proxy,
}
