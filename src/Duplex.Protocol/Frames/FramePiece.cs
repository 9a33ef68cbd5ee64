namespace Duplex.Protocol;

/// <summary>
/// A part of a frame that a <see cref="FrameReader"/> found: its start, payload bytes, its end, or all of them.
/// A frame that is complete in the input is one piece.
/// </summary>
public readonly ref struct FramePiece
{
    private readonly ref readonly FrameHeader _header;

    internal FramePiece(in FrameHeader header, FrameType type, Span<byte> payload, bool starts, bool ends)
    {
        _header = ref header;
        Type = type;
        Payload = payload;
        Starts = starts;
        Ends = ends;
    }

    /// <summary>
    /// The frame's header, by reference because copying it for each piece is slow. Valid until the reader's next call.
    /// </summary>
    public ref readonly FrameHeader Header => ref _header;

    /// <summary>The frame's type; for a continuation, the type of its message.</summary>
    public FrameType Type { get; }

    /// <summary>The frame's next payload bytes, unmasked: a slice of the reader's input.</summary>
    public Span<byte> Payload { get; }

    /// <summary>Whether this is the frame's first piece.</summary>
    public bool Starts { get; }

    /// <summary>Whether this is the frame's last piece.</summary>
    public bool Ends { get; }

    /// <summary>Whether this is the first piece of a message. False for control frames.</summary>
    public bool StartsMessage => Starts && !Header.IsControl && Header.Opcode != Opcode.Continuation;

    /// <summary>Whether this is the last piece of a message. False for control frames.</summary>
    public bool EndsMessage => Ends && !Header.IsControl && Header.Fin;
}
