namespace Duplex.Protocol;

/// <summary>What a <see cref="MessageAssembler"/> makes of data frames; control frames are always whole.</summary>
internal enum AssemblerOutput
{
    Messages,

    /// <summary>Each frame as received; message limits do not apply.</summary>
    Frames,

    /// <summary>
    /// Each message in pieces as its bytes arrive, the last with <see cref="Frame.Fin"/> set; fragment boundaries are
    /// lost, and limits may exceed the size of an array.
    /// </summary>
    Pieces,
}
