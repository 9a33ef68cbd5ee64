namespace Duplex;

/// <summary>Makes frames of the bytes that were read, a batch at a time, and passes them on. Synchronous: it waits for nothing.</summary>
/// <remarks>Not thread-safe: it belongs to one connection's receive loop.</remarks>
internal sealed class BatchParser(FrameReader reader, MessageAssembler assembler)
{
    /// <summary>
    /// The most frames of a batch: few enough to be still in the cache when their consumer, who runs on the same thread, gets to them, and enough to share what a batch costs.
    /// Measured at 16 bytes a frame: 16 and 64 cost the same, 256 a tenth more.
    /// </summary>
    public const int BatchSize = 64;

    // Only touched by the thread that reads.
    private Frame.Close? _close;

    /// <summary>Why a batch ended.</summary>
    public enum End
    {
        /// <summary>The peer closed, or broke a rule: nothing after it is parsed.</summary>
        Last,

        /// <summary>It is full; there may be more in the input.</summary>
        Full,

        /// <summary>The input holds no whole frame, or no whole header, any more.</summary>
        LacksBytes,

        /// <summary>The receiver has no room.</summary>
        LacksRoom,
    }

    /// <summary>What the peer did wrong, once it did.</summary>
    public ProtocolViolation? Violation => reader.Violation is { } refused ? assembler.WithLimits(refused, reader.Header) : assembler.Violation;

    /// <summary>Whether the peer closed, or broke a rule. The frames before that were passed on.</summary>
    public bool IsOver => _close is not null || reader.Violation is not null || assembler.Violation is not null;

    /// <summary>How many frames, or pieces, the last batch passed on.</summary>
    public int Passed { get; private set; }

    /// <summary>The payload length of the frame that was met last.</summary>
    public long LastPayloadLength { get; private set; }

    /// <summary>How many payload bytes the frame in progress lacks, where they can be read straight into the message; 0 where not.</summary>
    public long Direct => assembler.TakesPayloadInPlace ? reader.Remaining : 0;

    /// <summary>Whether payloads can be read straight into the message.</summary>
    public bool MayBeDirect => assembler.TakesPayloadInPlace;

    /// <summary>Takes the peer's Close; null if none came, or it was taken.</summary>
    public Frame.Close? TakeClose()
    {
        Frame.Close? close = _close;
        _close = null;
        return close;
    }

    /// <summary>Memory of the message in progress for its next bytes; what was read there is the next input.</summary>
    public Memory<byte> GetDirectMemory() => assembler.GetPayloadMemory(reader.Remaining);

    /// <summary>Lets go of memory that only a connection in traffic needs.</summary>
    public void Trim() => assembler.Trim();

    /// <summary>Gives the memory back.</summary>
    public void Release()
    {
        TakeClose()?.Recycle();
        assembler.Dispose();
    }

    /// <summary>Parses from the front of the input, and leaves there what it has not parsed.</summary>
    /// <returns>Why it stopped: whether there is room may have changed a moment later, while whole frames still lie in the input.</returns>
    public End Parse(ref Memory<byte> input, IFrameReceiver receiver)
    {
        Passed = 0;
        if (IsOver)
            return End.Last;
        Span<byte> rest = input.Span;
        End end = Parse(ref rest, receiver);
        PassPiece(receiver);
        input = rest.IsEmpty ? default : input[^rest.Length..]; // empty, it would still keep a message's memory
        return end;
    }

    private End Parse(ref Span<byte> input, IFrameReceiver receiver)
    {
        while (Passed < BatchSize)
        {
            if (!receiver.HasRoom)
                return End.LacksRoom;
            if (!reader.TryRead(ref input, out FramePiece piece))
                return reader.Violation is null ? End.LacksBytes : End.Last;

            LastPayloadLength = piece.Header.PayloadLength;
            if (assembler.TryAccept(piece, out Frame? frame))
            {
                if (frame.Type == FrameType.Close)
                {
                    _close = (Frame.Close)frame;
                    return End.Last;
                }

                Passed++;
                receiver.OnFrame(frame);
            }
            else if (assembler.Violation is not null)
            {
                return End.Last;
            }
        }

        return End.Full;
    }

    // Where messages come in pieces: whatever has come is passed on, without waiting for more.
    private void PassPiece(IFrameReceiver receiver)
    {
        if (!assembler.TryTakePiece(out Frame? piece))
            return;
        Passed++;
        receiver.OnFrame(piece);
    }
}
