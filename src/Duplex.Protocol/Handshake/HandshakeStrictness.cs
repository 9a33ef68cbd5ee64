namespace Duplex;

/// <summary>How strictly the response to a handshake must obey RFC 6455.</summary>
public enum HandshakeStrictness
{
    /// <summary>Rejects every response that breaks a rule. The default.</summary>
    Strict,

    /// <summary>
    /// Accepts exactly four faults of some servers and proxies, and logs a warning once for each session that has one.
    /// The faults are: the status 101 of HTTP/1.0; the name of an offered extension in a different case
    /// (<c>Permessage-Deflate</c>); a semicolon at the end of an extension (<c>permessage-deflate;</c>); an empty
    /// <c>Sec-WebSocket-Extensions</c> header, which counts as missing.
    /// </summary>
    Lenient,
}
