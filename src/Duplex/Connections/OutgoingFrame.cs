namespace Duplex;

/// <summary>A data frame on its way to the stage. The memory is borrowed until the send completes.</summary>
/// <param name="Type">Text or binary, for a continuation, too: it has the type of its message.</param>
/// <param name="Payload">The payload, neither masked nor copied.</param>
/// <param name="Fin">Whether it ends its message.</param>
/// <param name="Reserved">Its reserved bits.</param>
/// <param name="IsValidText">Whether the payload is known to be valid UTF-8 by itself.</param>
/// <param name="Transform">What its sender wishes of the extensions; of a message the first fragment counts.</param>
/// <param name="IsCommitted">Whether it has to go out, because extensions have transformed it: it is what they made of it.</param>
internal readonly record struct OutgoingFrame(
    FrameType Type, ReadOnlyMemory<byte> Payload, bool Fin = true, ReservedBits Reserved = ReservedBits.None, bool IsValidText = false,
    SendTransform Transform = SendTransform.Default, bool IsCommitted = false);
