using System.Runtime.InteropServices;

namespace Duplex.Protocol;

/// <summary>
/// A part of a message for a <see cref="WebSocketExtension"/>: outgoing, the message or a fragment as its sender made
/// it; incoming, any number of bytes received of a frame. A message's parts arrive in order, never mixed with
/// another's.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly ref struct MessagePart
{
    /// <summary>Creates a part, for tests of an extension.</summary>
    public MessagePart() => MaxMessageSize = WebSocketLimits.LargestSize;

    /// <summary>The message's type: text or binary.</summary>
    public required FrameType Type { get; init; }

    /// <summary>The bytes, valid during the call; may be empty, and cut within a text's character.</summary>
    public ReadOnlySpan<byte> Data { get; init; }

    /// <summary>
    /// The extension's own reserved bits set on the frame, by the peer (incoming) or the sender (outgoing).
    /// </summary>
    public ReservedBits Reserved { get; init; }

    /// <summary>Whether it is the first part of a message.</summary>
    public bool StartsMessage { get; init; }

    /// <summary>Whether it is the first part of a frame.</summary>
    public bool StartsFrame { get; init; }

    /// <summary>
    /// Whether it is the last part of a frame; always true for outgoing parts. What is written so far is sent as that
    /// frame, so do not hold back bytes that the peer needs.
    /// </summary>
    public bool EndsFrame { get; init; }

    /// <summary>Whether it is the last part of a message.</summary>
    public bool EndsMessage { get; init; }

    /// <summary>
    /// The largest message, in bytes; for incoming parts the session's <c>MaxMessageSize</c>. The output enforces it;
    /// an extension that buffers parts must, too.
    /// </summary>
    public long MaxMessageSize { get; init; }

    /// <summary>Creates a part that is a whole message, for tests of an extension.</summary>
    /// <param name="type">Text or binary.</param>
    /// <param name="data">The bytes.</param>
    /// <param name="reserved">The extension's own reserved bits.</param>
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
