namespace Duplex.Protocol;

/// <summary>The three reserved bits of a frame, at their wire positions (RFC 6455 §5.2).</summary>
[Flags]
public enum ReservedBits : byte
{
    /// <summary>No bit.</summary>
    None = 0,

    /// <summary>RSV1, which permessage-deflate uses if negotiated (RFC 7692 §6).</summary>
    Rsv1 = 0x40,

    /// <summary>RSV2.</summary>
    Rsv2 = 0x20,

    /// <summary>RSV3.</summary>
    Rsv3 = 0x10,
}

internal static class ReservedBitsWording
{
    /// <summary>"the reserved bit RSV1", "the reserved bits RSV2 and RSV3".</summary>
    public static string InWords(this ReservedBits bits)
    {
        // In wire order, not the values'.
        (ReservedBits Bit, string Name)[] all =
            [(ReservedBits.Rsv1, "RSV1"), (ReservedBits.Rsv2, "RSV2"), (ReservedBits.Rsv3, "RSV3")];
        string[] names = [.. all.Where(bit => (bits & bit.Bit) != 0).Select(bit => bit.Name)];
        return names switch
        {
            [] => "no reserved bit",
            [var one] => $"the reserved bit {one}",
            [.. var first, var last] => $"the reserved bits {string.Join(", ", first)} and {last}",
        };
    }
}
