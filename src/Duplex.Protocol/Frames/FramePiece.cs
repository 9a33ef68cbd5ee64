namespace Duplex.Protocol;

/// <summary>
/// What a <see cref="FrameReader"/> found: a frame's start, bytes of its payload, its end, or all at once. A frame that lies wholly in the buffer is one piece.
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

    /// <summary>The header of the frame. It stands in the reader, which a copy for each piece would cost more than all else: the reader's next call ends the piece.</summary>
    public ref readonly FrameHeader Header => ref _header;

    /// <summary>The frame's type; for a continuation that of the message it carries on.</summary>
    public FrameType Type { get; }

    /// <summary>Unmasked payload bytes: a slice of the reader's input, the next ones of this frame.</summary>
    public Span<byte> Payload { get; }

    /// <summary>Whether this is the frame's first piece.</summary>
    public bool Starts { get; }

    /// <summary>Whether this is the frame's last piece.</summary>
    public bool Ends { get; }

    /// <summary>Whether this is the first piece of a message, which control frames are not part of.</summary>
    public bool StartsMessage => Starts && !Header.IsControl && Header.Opcode != Opcode.Continuation;

    /// <summary>Whether this is the last piece of a message, which control frames are not part of.</summary>
    public bool EndsMessage => Ends && !Header.IsControl && Header.Fin;
}
