namespace Duplex.Protocol;

/// <summary>The size of the LZ77 window, as a power of two in bytes.</summary>
internal static class DeflateWindow
{
    /// <summary>RFC 7692 §7.1.2.1: the value is "between 8 to 15, inclusive".</summary>
    public const int MinBits = 8;

    /// <summary>RFC 7692 §7.1.2.1; also the default: 32 KiB, DEFLATE's largest window.</summary>
    public const int MaxBits = 15;
}
