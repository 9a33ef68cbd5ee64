namespace Duplex;

/// <summary>Gives the codec compressed bytes to read: those of a message, chunk by chunk, and before them what the message before has left out at its end.</summary>
internal sealed class DeflateFeed : CodecStream
{
    // RFC 7692 §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the message."
    private static ReadOnlySpan<byte> Tail => [0x00, 0x00, 0xFF, 0xFF];

    // All only touched by the incoming direction.
    private byte[] _chunk = [];
    private int _start;
    private int _end;
    private int _tail; // how many bytes of the tail are still to be read

    public override bool CanRead => true;

    public override bool CanWrite => false;

    /// <summary>Whether all was read.</summary>
    public bool IsEmpty => _start == _end && _tail == 0;

    /// <summary>How often it was read: the codec does not read any more once it has seen a final block.</summary>
    public int Reads { get; private set; }

    /// <summary>Whether the last read found nothing.</summary>
    public bool RanDry { get; private set; }

    /// <summary>Whether to give single bytes, so that it is known how many of them the codec has used.</summary>
    public bool IsBytewise { get; set; }

    /// <summary>The next byte of the chunk; there must be one.</summary>
    public byte Next => _chunk[_start];

    /// <summary>Whether there is more of the chunk.</summary>
    public bool HasChunk => _start < _end;

    /// <summary>The chunk to read. All that was there before must be read.</summary>
    public void Fill(byte[] chunk, int length)
    {
        _chunk = chunk;
        _start = 0;
        _end = length;
    }

    /// <summary>The tail is to be read first.</summary>
    public void AddTail() => _tail = Tail.Length;

    /// <summary>What was not read of the tail is not wanted.</summary>
    public void DropTail() => _tail = 0;

    /// <summary>Drops all.</summary>
    public void Clear()
    {
        Fill([], 0);
        DropTail();
        IsBytewise = false;
    }

    public override int Read(Span<byte> buffer)
    {
        Reads++;
        int count = 0;
        if (_tail > 0)
        {
            count = Math.Min(_tail, buffer.Length);
            Tail.Slice(Tail.Length - _tail, count).CopyTo(buffer);
            _tail -= count;
        }

        if (count == 0 || !IsBytewise)
        {
            int taken = Math.Min(IsBytewise ? 1 : buffer.Length - count, _end - _start);
            _chunk.AsSpan(_start, taken).CopyTo(buffer[count..]);
            _start += taken;
            count += taken;
        }

        RanDry = count == 0;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
