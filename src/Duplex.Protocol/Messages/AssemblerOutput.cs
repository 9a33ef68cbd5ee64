namespace Duplex.Protocol;

/// <summary>
/// What a <see cref="MessageAssembler"/> creates from data frames. Control frames are always delivered whole.
/// </summary>
internal enum AssemblerOutput
{
    /// <summary>One frame for each message, with its fragments joined.</summary>
    Messages,

    /// <summary>Each frame as received; message limits do not apply.</summary>
    Frames,

    /// <summary>
    /// Each message in pieces as its bytes arrive, with the message's type and reserved bits. The last piece has
    /// <see cref="Frame.Fin"/> set; fragment boundaries are lost. No message is held whole, so limits may exceed
    /// the size of an array.
    /// </summary>
    Pieces,
}
