using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Duplex.Protocol;

/// <summary>
/// Collects one payload in one array, which grows with the bytes received, never with the declared length.
/// </summary>
internal sealed class MessageSink(PayloadAllocator allocator) : PayloadSink
{
    /// <summary>What a declared length may reserve before any byte arrives: one read of the stream.</summary>
    public const int FirstReservation = 64 * 1024;

    // A codec writes in bulk while its longest output fits (258 bytes in DEFLATE): 1 KiB expands an eighth faster
    // (measured).
    private const int Spare = 320;

    // Accessed only by the thread that parses.
    private SharedBuffer? _owner;
    private ArraySegment<byte> _memory = ArraySegment<byte>.Empty;
    private long _announced; // including the announced frame
    private bool _final;
    private int _lastLength; // may be reserved at once

    public override int FreeCapacity => _memory.Count - Length;

    public override void Expect(long bytes, bool final)
    {
        _announced = Length + bytes;
        _final = final;
    }

    public override Memory<byte> GetTail(long most)
    {
        if (Length == _memory.Count)
            Grow(1);
        return _memory.AsMemory(Length, (int)Math.Min(most, _memory.Count - Length));
    }

    public override Memory<byte> GetFree(int atLeast)
    {
        if (FreeCapacity < atLeast)
        {
            // First the rest of a slab, whose unused part is returned; then as much as the last message took.
            int likely = (int)Math.Min(Array.MaxLength, Math.Max(atLeast, (long)_lastLength + Spare));
            if (_memory.Count == 0 && atLeast <= PayloadAllocator.SlabSize)
            {
                _memory = allocator.AllocateRest(Math.Min(likely, PayloadAllocator.SlabSize), out _owner);
            }
            else
            {
                _announced = likely;
                _final = false;
                Grow(atLeast);
            }
        }

        return _memory.AsMemory(Length);
    }

    public override ReadOnlySpan<byte> Since(int start) => _memory.AsSpan(start, Length - start);

    public override void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        if (_memory.Count - Length < bytes.Length)
            Grow(bytes.Length);
        Span<byte> tail = _memory.AsSpan(Length);
        if (!Unsafe.AreSame(in MemoryMarshal.GetReference(bytes), in MemoryMarshal.GetReference(tail)))
            bytes.CopyTo(tail);
        Length += bytes.Length;
    }

    public override SharedBuffer TakeWhole(ReadOnlySpan<byte> payload, out int offset)
    {
        _lastLength = payload.Length;
        offset = allocator.Allocate(payload.Length, out SharedBuffer owner).Offset;
        payload.CopyTo(owner.Array.AsSpan(offset));
        return owner;
    }

    public override ReadOnlyMemory<byte> Take(out SharedBuffer? owner)
    {
        if (Length is > 0 and <= PayloadAllocator.SmallPayload && _memory.Count > PayloadAllocator.SlabSize)
        {
            // Memory that a large message left: a kept small frame keeps its slab and no more.
            int length = Length;
            owner = TakeWhole(Since(0), out int offset);
            Rewind();
            return owner.Array.AsMemory(offset, length);
        }

        owner = _owner;
        ReadOnlyMemory<byte> payload = _memory.AsMemory(0, Length);
        if (owner is not null && allocator.TryGiveBack(owner, _memory, Length) && Length == 0)
        {
            owner.Release();
            owner = null;
        }

        _lastLength = Length;
        _owner = null;
        Reset();
        return payload;
    }

    /// <summary>Drops the payload and keeps its memory for the next.</summary>
    public void Rewind()
    {
        _lastLength = Length;
        Length = 0;
        _announced = 0;
        _final = false;
    }

    /// <summary>Leaves the payload's memory to the collector, as it may still be read.</summary>
    public void Abandon()
    {
        _owner = null;
        Reset();
    }

    public override void Trim()
    {
        if (Length == 0 && _announced == 0)
            Discard();
    }

    public override void Discard()
    {
        _owner?.Release();
        Abandon();
    }

    private void Reset()
    {
        _memory = ArraySegment<byte>.Empty;
        Length = 0;
        _announced = 0;
        _final = false;
    }

    private void Grow(int more)
    {
        int needed = checked(Length + more);
        // Doubling copies each byte about once; the announced length keeps the last step small.
        long doubled = 2L * _memory.Count;
        long reservation = Math.Max(FirstReservation, _lastLength);
        long target = _final
            ? Math.Min(_announced, Math.Max(reservation, doubled))
            : Math.Max(doubled, Math.Min(_announced, reservation));
        int size = (int)Math.Min(Math.Max(needed, target), Array.MaxLength);
        ArraySegment<byte> grown = allocator.Allocate(size, out SharedBuffer owner);
        _memory.AsSpan(0, Length).CopyTo(grown.AsSpan());
        _owner?.Release();
        _owner = owner;
        _memory = grown;
    }
}
