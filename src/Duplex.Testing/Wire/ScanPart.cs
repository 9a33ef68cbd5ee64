namespace Duplex.Testing;

/// <summary>What a <see cref="FrameScanner"/> took.</summary>
internal enum ScanPart
{
    /// <summary>Bytes of a header that is incomplete.</summary>
    PartialHeader,

    /// <summary>The last bytes of a header.</summary>
    Header,

    /// <summary>Bytes of a payload.</summary>
    Payload,
}
