using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Duplex.Protocol;

/// <summary>Gathers one payload in one array. Its memory grows with the bytes that arrived, never with the length that the peer declared.</summary>
internal sealed class MessageSink(PayloadAllocator allocator) : PayloadSink
{
    /// <summary>What a declared length may reserve before a byte of it has come: as much as one read of the stream takes anyway.</summary>
    public const int FirstReservation = 64 * 1024;

    // What is left free where the length is not known: a codec writes in bulk as long as there is room for the longest thing that it may write, which in DEFLATE has 258 bytes; measured, without
    // it expanding 1 KiB takes an eighth longer.
    private const int Spare = 320;

    // All only touched by the receive loop.
    private SharedBuffer? _owner;
    private ArraySegment<byte> _memory = ArraySegment<byte>.Empty;
    private long _announced; // what it will hold once the announced frame is here
    private bool _final; // whether that is all of it
    private int _lastLength; // what the payload before this one held: so much may be reserved at once, because so much has come before

    /// <inheritdoc/>
    public override int FreeCapacity => _memory.Count - Length;

    /// <inheritdoc/>
    public override void Expect(long bytes, bool final)
    {
        _announced = Length + bytes;
        _final = final;
    }

    /// <inheritdoc/>
    public override Memory<byte> GetTail(long most)
    {
        if (Length == _memory.Count)
            Grow(1);
        return _memory.AsMemory(Length, (int)Math.Min(most, _memory.Count - Length));
    }

    /// <inheritdoc/>
    public override Memory<byte> GetFree(int atLeast)
    {
        if (FreeCapacity < atLeast)
        {
            // First what is left of a slab, of which the rest goes back; then as much as the message before took.
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

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Since(int start) => _memory.AsSpan(start, Length - start);

    /// <inheritdoc/>
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

    /// <inheritdoc/>
    public override SharedBuffer TakeWhole(ReadOnlySpan<byte> payload, out int offset)
    {
        _lastLength = payload.Length;
        offset = allocator.Allocate(payload.Length, out SharedBuffer owner).Offset;
        payload.CopyTo(owner.Array.AsSpan(offset));
        return owner;
    }

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> Take(out SharedBuffer? owner)
    {
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

    /// <summary>Does nothing: what it holds is needed, and otherwise it has no memory.</summary>
    public override void Trim()
    {
    }

    /// <inheritdoc/>
    public override void Discard()
    {
        _owner?.Release();
        _owner = null;
        Reset();
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
        // Doubling keeps the copying within one pass over the payload, however it is cut. What was announced keeps the last step from overshooting.
        long doubled = 2L * _memory.Count;
        long reservation = Math.Max(FirstReservation, _lastLength);
        long target = _final ? Math.Min(_announced, Math.Max(reservation, doubled)) : Math.Max(doubled, Math.Min(_announced, reservation));
        int size = (int)Math.Min(Math.Max(needed, target), Array.MaxLength);
        ArraySegment<byte> grown = allocator.Allocate(size, out SharedBuffer owner);
        _memory.AsSpan(0, Length).CopyTo(grown.AsSpan());
        _owner?.Release();
        _owner = owner;
        _memory = grown;
    }
}
