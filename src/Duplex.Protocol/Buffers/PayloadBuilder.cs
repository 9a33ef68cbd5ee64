using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Duplex;

/// <summary>One payload on its way in. Its memory grows with the bytes that arrived, never with the length that the peer declared.</summary>
/// <remarks>Not thread-safe: it belongs to one connection's receive loop.</remarks>
internal sealed class PayloadBuilder(PayloadAllocator allocator)
{
    /// <summary>What a declared length may reserve before a byte of it has come: as much as one read of the stream takes anyway.</summary>
    public const int FirstReservation = 64 * 1024;

    // What is left free where nobody knows a length: a codec writes in bulk as long as there is room for the longest thing that it may write, which in DEFLATE has 258 bytes; measured, without
    // it expanding 1 KiB takes an eighth longer.
    private const int Spare = 320;

    // All only touched by the receive loop.
    private SharedBuffer? _owner;
    private ArraySegment<byte> _memory = ArraySegment<byte>.Empty;
    private long _announced; // what it will hold once the announced frame is here
    private bool _final; // whether that is all of it
    private int _lastLength; // what the payload before this one held: so much may be reserved at once, because so much has come before

    /// <summary>How many bytes it holds.</summary>
    public int Length { get; private set; }

    /// <summary>Announces a frame's payload, so that memory of about the right size is taken when its bytes come.</summary>
    /// <param name="bytes">The declared length.</param>
    /// <param name="final">Whether no frame of the same message follows.</param>
    public void Expect(long bytes, bool final)
    {
        _announced = Length + bytes;
        _final = final;
    }

    /// <summary>Free memory behind what it holds, for a read straight into it: at least 1 byte, at most <paramref name="most"/>.</summary>
    public Memory<byte> GetTail(long most)
    {
        if (Length == _memory.Count)
            Grow(1);
        return _memory.AsMemory(Length, (int)Math.Min(most, _memory.Count - Length));
    }

    /// <summary>How many bytes there is memory for without taking more.</summary>
    public int FreeCapacity => _memory.Count - Length;

    /// <summary>Free memory behind what it holds, for whoever writes what nobody has announced. What is used of it counts by <see cref="Commit"/>.</summary>
    /// <param name="atLeast">How many bytes it must have, at least one.</param>
    public Memory<byte> GetFree(int atLeast)
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

    /// <summary>Takes over bytes that were written into <see cref="GetFree"/>'s memory.</summary>
    public void Commit(int count) => Length += count;

    /// <summary>What it holds from a position on.</summary>
    public ReadOnlySpan<byte> Since(int start) => _memory.AsSpan(start, Length - start);

    /// <summary>Takes over bytes; those that already lie in <see cref="GetTail"/>'s memory are not copied.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
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

    /// <summary>While it holds nothing: copies a payload, of a byte at least, that is all there, and gives it away.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="offset">Where the copy stands.</param>
    /// <returns>The memory of the copy; the caller owns one reference.</returns>
    public SharedBuffer TakeWhole(ReadOnlySpan<byte> payload, out int offset)
    {
        _lastLength = payload.Length;
        offset = allocator.Allocate(payload.Length, out SharedBuffer owner).Offset;
        payload.CopyTo(owner.Array.AsSpan(offset));
        return owner;
    }

    /// <summary>Gives away what it holds, and begins anew. The caller owns one reference of <paramref name="owner"/>, if there is one.</summary>
    public ReadOnlyMemory<byte> Take(out SharedBuffer? owner)
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

    /// <summary>Drops what it holds.</summary>
    public void Discard()
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
