namespace Duplex;

/// <summary>The check that failed in a WebSocket handshake.</summary>
public enum HandshakeCheck
{
    /// <summary>The response's status was not the one that opens a WebSocket.</summary>
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
    /// The response's <c>Sec-WebSocket-Protocol</c> header was malformed, chose a subprotocol that was not offered, or
    /// was missing although required.
    /// </summary>
    Subprotocol,

    /// <summary>
    /// The response's <c>Sec-WebSocket-Extensions</c> header was malformed, or chose an extension that was not offered.
    /// </summary>
    Extensions,

    /// <summary>The request's method was not GET (server only).</summary>
    Method,

    /// <summary>The <c>Host</c> header was missing or repeated (server only).</summary>
    Host,

    /// <summary>The <c>Sec-WebSocket-Version</c> header was missing, repeated or not 13 (server only).</summary>
    Version,

    /// <summary>The <c>Sec-WebSocket-Key</c> header was missing, repeated or malformed (server only).</summary>
    Key,

    /// <summary>
    /// The response came from another address than requested: a handler followed a redirect (client only).
    /// </summary>
    Redirect,

    /// <summary>The connection failed, or was lost before the handshake ended.</summary>
    Transport,

    /// <summary>The handshake did not end before its timeout.</summary>
    Timeout,

    /// <summary>The client was disposed before the handshake ended.</summary>
    Disposed,

    /// <summary>
    /// The proxy refused the tunnel or could not be reached. A status is then the proxy's (client only).
    /// </summary>
    Proxy,

    /// <summary>
    /// The server's certificate is not trusted, or not for its name (client only). Without an inner handler only:
    /// another handler's error does not tell this from other failures of TLS, which are <see cref="Transport"/>.
    /// </summary>
    Certificate,
}
