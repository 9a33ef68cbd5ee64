namespace Duplex.Protocol;

/// <summary>How far back compressed data may refer, as a power of two in bytes.</summary>
internal static class DeflateWindow
{
    /// <summary>RFC 7692 §7.1.2.1: the value is "between 8 to 15, inclusive".</summary>
    public const int MinBits = 8;

    /// <summary>RFC 7692 §7.1.2.1, and what holds where nothing is said: 32 KiB, the most that DEFLATE knows.</summary>
    public const int MaxBits = 15;
}
