namespace Duplex;

/// <summary>A <see cref="Frame"/>'s type, by opcode (RFC 6455 §5.2); a continuation has its message's.</summary>
public enum FrameType
{
    /// <summary>UTF-8 text.</summary>
    Text = 0x1,

    /// <summary>Bytes.</summary>
    Binary = 0x2,

    /// <summary>Begins or answers the close handshake.</summary>
    Close = 0x8,

    /// <summary>Asks the peer for a pong.</summary>
    Ping = 0x9,

    /// <summary>Answers a ping, or is sent unsolicited as a heartbeat.</summary>
    Pong = 0xA,
}
