using System.Text;
using System.Text.Unicode;
using Duplex.Protocol;

namespace Duplex.Testing;

/// <summary>One frame of a <see cref="Recording"/>, as it was on the wire, but unmasked. Immutable.</summary>
public sealed record RecordedFrame
{
    private readonly long? _length;

    /// <summary>Which way it went.</summary>
    public required RecordedDirection Direction { get; init; }

    /// <summary>When it was complete, after <see cref="Recording.Started"/>.</summary>
    public TimeSpan Offset { get; init; }

    /// <summary>The opcode; <see cref="Opcode.Continuation"/> for all but the first frame of a message.</summary>
    public Opcode Opcode { get; init; } = Opcode.Text;

    /// <summary>Whether it is its message's last frame. Default: true.</summary>
    public bool Fin { get; init; } = true;

    /// <summary>The reserved bits that are set.</summary>
    public ReservedBits Reserved { get; init; }

    /// <summary>
    /// Whether the payload is a part of a compressed message: the message's first frame has RSV1, which
    /// permessage-deflate uses.
    /// </summary>
    public bool IsCompressed { get; init; }

    /// <summary>
    /// Whether <see cref="SessionRecorderOptions.Redact"/> changed the payload or removed it.
    /// </summary>
    public bool IsRedacted { get; init; }

    /// <summary>The length of the payload on the wire in bytes. Default: that of <see cref="Payload"/>.</summary>
    public long Length
    {
        get => _length ?? Payload?.Length ?? 0;
        init => _length = value;
    }

    /// <summary>The payload; null if it was not recorded.</summary>
    public ReadOnlyMemory<byte>? Payload { get; init; }

    /// <summary>
    /// The payload of a text frame that is uncompressed and valid UTF-8 by itself; null for any other.
    /// </summary>
    public string? Text
    {
        get
        {
            if (Opcode != Opcode.Text || IsCompressed || Payload is not { } payload)
                return null;
            return Utf8.IsValid(payload.Span) ? Encoding.UTF8.GetString(payload.Span) : null;
        }
    }

    /// <summary>Whether it is a Close, ping or pong.</summary>
    public bool IsControl => Opcode >= Opcode.Close;

    /// <summary>Describes the frame without its payload.</summary>
    public override string ToString() =>
        $"{Direction} {Opcode} after {Offset} ({Length} bytes{(Fin ? "" : ", continued")})";
}
