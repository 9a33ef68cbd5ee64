namespace Duplex.Protocol;

/// <summary>Feeds the codec a message's compressed bytes, in chunks, then the tail that the peer has removed.</summary>
internal sealed class DeflateFeed : CodecStream
{
    // RFC 7692 §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the message."
    private static ReadOnlySpan<byte> Tail => [0x00, 0x00, 0xFF, 0xFF];

    // Only touched by the incoming direction.
    private byte[] _chunk = [];
    private int _start;
    private int _end;
    private int _tail;

    public override bool CanRead => true;

    public override bool CanWrite => false;

    public bool IsEmpty => _start == _end && _tail == 0;

    /// <summary>The codec stops reading once it has seen a final block.</summary>
    public int Reads { get; private set; }

    public bool RanDry { get; private set; }

    /// <summary>The previous chunk must have been read completely.</summary>
    public void Fill(byte[] chunk, int length)
    {
        _chunk = chunk;
        _start = 0;
        _end = length;
    }

    public void AddTail() => _tail = Tail.Length;

    public void DropTail() => _tail = 0;

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
