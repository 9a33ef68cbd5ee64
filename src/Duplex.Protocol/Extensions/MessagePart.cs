using System.Runtime.InteropServices;

namespace Duplex.Protocol;

/// <summary>
/// The unit of data that a <see cref="WebSocketExtension"/> processes. An outgoing part is a whole message, or a
/// fragment as its sender made it. An incoming part is what has been received of a frame: any number of bytes. Parts of
/// a message arrive in order, and parts of different messages never interleave.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly ref struct MessagePart
{
    /// <summary>Creates a part, for tests of an extension.</summary>
    public MessagePart() => MaxMessageSize = WebSocketLimits.LargestSize;

    /// <summary>The message's type: text or binary.</summary>
    public required FrameType Type { get; init; }

    /// <summary>
    /// The bytes, valid during the call; may be empty. A part of a text may begin and end within a character.
    /// </summary>
    public ReadOnlySpan<byte> Data { get; init; }

    /// <summary>
    /// The extension's own reserved bits that are set on the part's frame, by the peer (incoming) or the sender
    /// (outgoing).
    /// </summary>
    public ReservedBits Reserved { get; init; }

    /// <summary>Whether it is the first part of a message.</summary>
    public bool StartsMessage { get; init; }

    /// <summary>Whether it is the first part of a frame.</summary>
    public bool StartsFrame { get; init; }

    /// <summary>
    /// Whether it is the last part of a frame. Always true for outgoing parts. Everything written so far is sent as
    /// that frame, so the extension must not hold back bytes that the peer needs to read it.
    /// </summary>
    public bool EndsFrame { get; init; }

    /// <summary>Whether it is the last part of a message.</summary>
    public bool EndsMessage { get; init; }

    /// <summary>
    /// The largest message, in bytes. For incoming parts it is the session's <c>MaxMessageSize</c>. The output enforces
    /// it; an extension that buffers parts must enforce it, too.
    /// </summary>
    public long MaxMessageSize { get; init; }

    /// <summary>Creates a part that is a whole message, for tests of an extension.</summary>
    /// <param name="type">Text or binary.</param>
    /// <param name="data">The bytes.</param>
    /// <param name="reserved">The extension's own reserved bits that are set.</param>
    public static MessagePart Whole(
        FrameType type, ReadOnlySpan<byte> data, ReservedBits reserved = ReservedBits.None) =>
        new()
        {
            Type = type,
            Data = data,
            Reserved = reserved,
            StartsMessage = true,
            StartsFrame = true,
            EndsFrame = true,
            EndsMessage = true,
        };
}
