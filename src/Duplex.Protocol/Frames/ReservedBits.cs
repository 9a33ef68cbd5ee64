namespace Duplex;

/// <summary>The three reserved bits of a frame's first byte, at their place on the wire (RFC 6455 §5.2).</summary>
[Flags]
public enum ReservedBits : byte
{
    /// <summary>No bit.</summary>
    None = 0,

    /// <summary>RSV1, which permessage-deflate owns where it is negotiated (RFC 7692 §6).</summary>
    Rsv1 = 0x40,

    /// <summary>RSV2.</summary>
    Rsv2 = 0x20,

    /// <summary>RSV3.</summary>
    Rsv3 = 0x10,
}
