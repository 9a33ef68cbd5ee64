namespace Duplex;

/// <summary>
/// The close codes of the IANA "WebSocket Close Code Number Registry" (RFC 6455 §7.4, §11.7). Cast others, 3000-4999.
/// </summary>
public enum CloseCode : ushort
{
    /// <summary>1000: the connection's purpose is fulfilled.</summary>
    NormalClosure = 1000,

    /// <summary>1001: the endpoint is going away: a server shuts down, or a page is left.</summary>
    GoingAway = 1001,

    /// <summary>1002: the peer broke the protocol.</summary>
    ProtocolError = 1002,

    /// <summary>1003: the endpoint cannot accept this type of data.</summary>
    UnsupportedData = 1003,

    /// <summary>1005: the Close frame had no code. Never sent.</summary>
    NoStatusReceived = 1005,

    /// <summary>1006: the connection ended without a Close frame. Never sent.</summary>
    AbnormalClosure = 1006,

    /// <summary>1007: data does not fit its type, such as text that is not UTF-8.</summary>
    InvalidFramePayloadData = 1007,

    /// <summary>1008: a message violates the endpoint's policy.</summary>
    PolicyViolation = 1008,

    /// <summary>1009: a message is too big to process.</summary>
    MessageTooBig = 1009,

    /// <summary>1010: the client expected an extension that the server did not negotiate.</summary>
    MandatoryExtension = 1010,

    /// <summary>1011: an unexpected condition on the endpoint.</summary>
    InternalError = 1011,

    /// <summary>1012: the service restarts.</summary>
    ServiceRestart = 1012,

    /// <summary>1013: the service is overloaded; try again later.</summary>
    TryAgainLater = 1013,

    /// <summary>1014: a gateway got an invalid response from upstream.</summary>
    BadGateway = 1014,

    /// <summary>1015: the TLS handshake failed. Never sent.</summary>
    TlsHandshake = 1015,
}
