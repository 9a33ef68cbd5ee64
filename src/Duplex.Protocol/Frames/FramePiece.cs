namespace Duplex.Protocol;

/// <summary>
/// What a <see cref="FrameReader"/> found of a frame: its start, payload bytes, its end, or all of them.
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
    /// The frame's header, valid until the reader's next call; by reference, because copying it is slow.
    /// </summary>
    public ref readonly FrameHeader Header => ref _header;

    /// <summary>The frame's type; for a continuation, the type of its message.</summary>
    public FrameType Type { get; }

    /// <summary>The next payload bytes, unmasked: a slice of the reader's input.</summary>
    public Span<byte> Payload { get; }

    /// <summary>Whether this is the frame's first piece.</summary>
    public bool Starts { get; }

    /// <summary>Whether this is the frame's last piece.</summary>
    public bool Ends { get; }

    /// <summary>Whether this is a message's first piece; false for control frames.</summary>
    public bool StartsMessage => Starts && !Header.IsControl && Header.Opcode != Opcode.Continuation;

    /// <summary>Whether this is a whole message.</summary>
    internal bool IsMessage => Starts && Ends && Header.IsMessage;

    /// <summary>Whether this is a message's last piece; false for control frames.</summary>
    public bool EndsMessage => Ends && !Header.IsControl && Header.Fin;
}
