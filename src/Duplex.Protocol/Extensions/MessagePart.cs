using System.Runtime.InteropServices;

namespace Duplex.Protocol;

/// <summary>
/// What a <see cref="WebSocketExtension"/> gets to see at a time. Outgoing it is a whole message, or a fragment as its sender made it; incoming whatever has come of a frame, down to
/// single bytes. Parts of a message come in order, and no other message comes between them.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly ref struct MessagePart
{
    /// <summary>Describes a part; for whoever tests an extension by itself.</summary>
    public MessagePart() => MaxMessageSize = WebSocketLimits.LargestSize;

    /// <summary>Text or binary: the message's type.</summary>
    public required FrameType Type { get; init; }

    /// <summary>The bytes, for the length of the call; there may be none. Those of a text may begin and end within a character.</summary>
    public ReadOnlySpan<byte> Data { get; init; }

    /// <summary>Those of the extension's own reserved bits that are set on the frame that the part belongs to: incoming by the peer, outgoing by the user.</summary>
    public ReservedBits Reserved { get; init; }

    /// <summary>Whether it is the first part of a message.</summary>
    public bool StartsMessage { get; init; }

    /// <summary>Whether it is the first part of a frame.</summary>
    public bool StartsFrame { get; init; }

    /// <summary>Whether it is the last part of a frame. Outgoing it always is: what is written until now goes out as that frame, so nothing the peer needs to read it may be held back.</summary>
    public bool EndsFrame { get; init; }

    /// <summary>Whether it is the last part of a message.</summary>
    public bool EndsMessage { get; init; }

    /// <summary>How many bytes a message may have: incoming the session's <c>MaxMessageSize</c>. The output holds to it by itself; an extension that gathers parts must, too.</summary>
    public long MaxMessageSize { get; init; }

    /// <summary>A message in one part; for whoever tests an extension by itself.</summary>
    /// <param name="type">Text or binary.</param>
    /// <param name="data">The bytes.</param>
    /// <param name="reserved">The extension's bits that are set.</param>
    public static MessagePart Whole(FrameType type, ReadOnlySpan<byte> data, ReservedBits reserved = ReservedBits.None) =>
        new() { Type = type, Data = data, Reserved = reserved, StartsMessage = true, StartsFrame = true, EndsFrame = true, EndsMessage = true };
}
