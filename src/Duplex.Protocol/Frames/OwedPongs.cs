namespace Duplex.Protocol;

/// <summary>
/// The pongs to send between frames, bounded against a flood of pings. RFC 6455 §5.5.3: "the endpoint MAY elect to send
/// a Pong frame for only the most recently processed Ping frame."
/// </summary>
/// <remarks>Not thread-safe: the owner must hold a lock.</remarks>
internal sealed class OwedPongs
{
    /// <summary>64 of the largest take 8 KiB; a well-behaved peer has fewer pings in flight.</summary>
    public const int Capacity = 64;

    private const int SlotSize = FrameHeader.MaxControlPayload + 1; // a length byte before each payload

    // Accessed only under the owner's lock.
    private byte[] _slots = [];
    private int _first;

    public int Count { get; private set; }

    /// <summary>Drops the oldest if there are too many.</summary>
    public void Add(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > FrameHeader.MaxControlPayload)
        {
            throw new ArgumentException(
                $"A pong takes at most {FrameHeader.MaxControlPayload} bytes (RFC 6455 §5.5), " +
                $"not {payload.Length}.",
                nameof(payload));
        }

        if (Count == Capacity)
        {
            _first = (_first + 1) % Capacity;
            Count--;
        }

        // Most sessions never have two waiting.
        if (_slots.Length / SlotSize == Count)
            Grow();
        Span<byte> slot = Slot(Count);
        slot[0] = (byte)payload.Length;
        payload.CopyTo(slot[1..]);
        Count++;
    }

    public void WriteTo(FrameWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        for (int i = 0; i < Count; i++)
        {
            Span<byte> slot = Slot(i);
            writer.Write(Opcode.Pong, slot.Slice(1, slot[0]));
        }

        Clear();
    }

    public void Clear()
    {
        Count = 0;
        _first = 0;
    }

    private Span<byte> Slot(int index)
    {
        int slots = _slots.Length / SlotSize;
        return _slots.AsSpan((_first + index) % slots * SlotSize, SlotSize);
    }

    private void Grow()
    {
        byte[] grown = new byte[Math.Min(Math.Max(1, 2 * Count), Capacity) * SlotSize];
        for (int i = 0; i < Count; i++)
            Slot(i).CopyTo(grown.AsSpan(i * SlotSize));
        _slots = grown;
        _first = 0;
    }
}
