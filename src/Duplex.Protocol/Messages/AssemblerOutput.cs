namespace Duplex.Protocol;

/// <summary>What a <see cref="MessageAssembler"/> makes of the data frames of the wire. Control frames are always delivered whole.</summary>
internal enum AssemblerOutput
{
    /// <summary>One frame for each message, its fragments joined.</summary>
    Messages,

    /// <summary>Each frame of the wire as it came; the limits of messages do not apply.</summary>
    Frames,

    /// <summary>
    /// Each message in pieces, as its bytes come, with the message's type and reserved bits; the last has <see cref="Frame.Fin"/> set. Where fragments end is not told. Nothing is
    /// assembled, so limits may be larger than an array.
    /// </summary>
    Pieces,
}
