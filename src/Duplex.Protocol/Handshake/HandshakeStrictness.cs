namespace Duplex;

/// <summary>How strictly the response to a handshake must obey RFC 6455.</summary>
public enum HandshakeStrictness
{
    /// <summary>Rejects every response that breaks a rule; the default.</summary>
    Strict,

    /// <summary>
    /// Accepts exactly four faults, with one warning logged for each session that has any: the status 101 of HTTP/1.0;
    /// an offered extension's name in a different case (<c>Permessage-Deflate</c>); a semicolon at an extension's end
    /// (<c>permessage-deflate;</c>); an empty <c>Sec-WebSocket-Extensions</c> header.
    /// </summary>
    Lenient,
}
