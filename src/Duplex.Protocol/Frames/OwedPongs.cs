namespace Duplex.Protocol;

/// <summary>
/// The pongs that we owe, until there is a place between frames for them. Bounded: a peer that floods us with pings costs constant memory, the oldest pong is dropped.
/// RFC 6455 §5.5.3: "If an endpoint receives a Ping frame and has not yet sent Pong frame(s) in response to previous Ping frame(s), the endpoint MAY elect to send a Pong frame
/// for only the most recently processed Ping frame."
/// </summary>
/// <remarks>Not thread-safe: its owner holds a lock around it.</remarks>
internal sealed class OwedPongs
{
    /// <summary>How many are owed at most: 64 of the largest are 8 KiB, and no honest peer has that many pings on their way.</summary>
    public const int Capacity = 64;

    private const int SlotSize = FrameHeader.MaxControlPayload + 1; // a length byte before each payload

    // All only touched under the owner's lock.
    private byte[] _slots = [];
    private int _first;

    /// <summary>How many are owed.</summary>
    public int Count { get; private set; }

    /// <summary>Owes a pong with a ping's payload; if that is one too many, the oldest is forgotten.</summary>
    /// <exception cref="ArgumentException">The payload is longer than 125 bytes.</exception>
    public void Add(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > FrameHeader.MaxControlPayload)
            throw new ArgumentException($"A pong takes at most {FrameHeader.MaxControlPayload} bytes (RFC 6455 §5.5), not {payload.Length}.", nameof(payload));

        if (Count == Capacity)
        {
            _first = (_first + 1) % Capacity;
            Count--;
        }

        // Most sessions never owe two pongs at a time: the slots grow with what is owed.
        if (_slots.Length / SlotSize == Count)
            Grow();
        Span<byte> slot = Slot(Count);
        slot[0] = (byte)payload.Length;
        payload.CopyTo(slot[1..]);
        Count++;
    }

    /// <summary>Writes all that is owed, the oldest first.</summary>
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

    /// <summary>Forgets all that is owed.</summary>
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
