namespace Duplex;

/// <summary>What a <see cref="Frame"/> is. The numbers are the opcodes of RFC 6455 §5.2; a continuation has the type of the message it carries on.</summary>
public enum FrameType
{
    /// <summary>UTF-8 text.</summary>
    Text = 0x1,

    /// <summary>Bytes.</summary>
    Binary = 0x2,

    /// <summary>The closing handshake.</summary>
    Close = 0x8,

    /// <summary>Asks for a pong.</summary>
    Ping = 0x9,

    /// <summary>Answers a ping, or says "alive" unasked.</summary>
    Pong = 0xA,
}
