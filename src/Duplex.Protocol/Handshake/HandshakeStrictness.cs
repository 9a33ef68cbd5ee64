namespace Duplex;

/// <summary>How strictly the answer to a handshake is held to RFC 6455.</summary>
public enum HandshakeStrictness
{
    /// <summary>Refuses every answer that breaks a rule. The default.</summary>
    Strict,

    /// <summary>
    /// Accepts exactly four faults, which some servers and proxies have, and logs a warning once a session where one was used: the status 101 of HTTP/1.0; the name of an offered extension
    /// in another case (<c>Permessage-Deflate</c>); a semicolon at the end of an extension (<c>permessage-deflate;</c>); an empty <c>Sec-WebSocket-Extensions</c> header, which is
    /// taken for none.
    /// </summary>
    Lenient,
}
