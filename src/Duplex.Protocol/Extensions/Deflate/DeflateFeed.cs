namespace Duplex.Protocol;

/// <summary>Gives the codec compressed bytes to read: those of a message, chunk by chunk, then what the peer has left out at its end.</summary>
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

    /// <summary>The chunk to read. All that was there before must be read.</summary>
    public void Fill(byte[] chunk, int length)
    {
        _chunk = chunk;
        _start = 0;
        _end = length;
    }

    /// <summary>The tail is to be read, behind the chunk.</summary>
    public void AddTail() => _tail = Tail.Length;

    /// <summary>What was not read of the tail is not wanted.</summary>
    public void DropTail() => _tail = 0;

    /// <summary>Drops all.</summary>
    public void Clear()
    {
        Fill([], 0);
        DropTail();
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

        int taken = Math.Min(buffer.Length - count, _end - _start);
        _chunk.AsSpan(_start, taken).CopyTo(buffer[count..]);
        _start += taken;
        count += taken;
        RanDry = count == 0;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
