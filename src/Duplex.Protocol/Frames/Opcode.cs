namespace Duplex.Protocol;

/// <summary>The frame opcodes of RFC 6455 §5.2; 3-7 and 11-15 are reserved.</summary>
public enum Opcode : byte
{
    /// <summary>Continues the message that an earlier frame began.</summary>
    Continuation = 0x0,

    /// <summary>Begins a message of UTF-8 text.</summary>
    Text = 0x1,

    /// <summary>Begins a message of bytes.</summary>
    Binary = 0x2,

    /// <summary>Begins or answers the close handshake.</summary>
    Close = 0x8,

    /// <summary>Asks the peer for a pong.</summary>
    Ping = 0x9,

    /// <summary>Answers a ping, or is sent unsolicited as a heartbeat.</summary>
    Pong = 0xA,
}
