namespace Duplex.Protocol;

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

/// <summary>Reserved bits in words, as RFC 6455 spells them.</summary>
internal static class ReservedBitsWording
{
    /// <summary>Says which bits: "the reserved bit RSV1", "the reserved bits RSV2 and RSV3".</summary>
    public static string InWords(this ReservedBits bits)
    {
        // In the order of the wire, which is not that of their values.
        string[] names = [.. new[] { (ReservedBits.Rsv1, "RSV1"), (ReservedBits.Rsv2, "RSV2"), (ReservedBits.Rsv3, "RSV3") }.Where(bit => (bits & bit.Item1) != 0).Select(bit => bit.Item2)];
        return names switch
        {
            [] => "no reserved bit",
            [var one] => $"the reserved bit {one}",
            [.. var first, var last] => $"the reserved bits {string.Join(", ", first)} and {last}",
        };
    }
}
