using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Duplex.Protocol;

/// <summary>
/// Collects payload that is delivered in pieces as it arrives. Pieces share arrays, so queued pieces take little
/// more memory than their bytes. An array returns to the pool when its last piece is released.
/// </summary>
internal sealed class PieceSink(ArrayPool<byte> pool) : PayloadSink
{
    /// <summary>The size of one read of the stream: a batch fits in one array and becomes one piece.</summary>
    public const int SlabSize = 64 * 1024;

    /// <summary>
    /// One page: enough for light traffic, and the smallest rest of an array worth a system call to read into.
    /// </summary>
    public const int SmallSlab = 4096;

    // Accessed only by the receive loop.
    private SharedBuffer? _slab;
    private int _unshared; // the slab's references not handed out yet
    private int _start; // the offset in the slab of the bytes held
    private long _announced; // the bytes of the frame in progress that have not arrived yet
    private int _lastSize; // the size of the previous slab

    public override int FreeCapacity => _slab is null ? 0 : _slab.Array.Length - _start - Length;

    public override void Expect(long bytes, bool final) => _announced = bytes;

    public override Memory<byte> GetTail(long most)
    {
        int least = (int)Math.Min(most, SmallSlab);
        if (FreeCapacity < least)
            Grow(least);
        return _slab!.Array.AsMemory(_start + Length, (int)Math.Min(most, FreeCapacity));
    }

    public override Memory<byte> GetFree(int atLeast)
    {
        // One batch may expand to many slabs. Doubling limits the copying to one pass over it.
        if (FreeCapacity < atLeast)
            Grow(Math.Max(atLeast, Math.Min(Length, Array.MaxLength - Length)));
        return _slab!.Array.AsMemory(_start + Length);
    }

    public override ReadOnlySpan<byte> Since(int start) =>
        _slab is null ? [] : _slab.Array.AsSpan(_start + start, Length - start);

    public override void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        if (FreeCapacity < bytes.Length)
            Grow(bytes.Length);
        Span<byte> tail = _slab!.Array.AsSpan(_start + Length);
        if (!Unsafe.AreSame(in MemoryMarshal.GetReference(bytes), in MemoryMarshal.GetReference(tail)))
            bytes.CopyTo(tail);
        Length += bytes.Length;
        _announced -= bytes.Length;
    }

    public override SharedBuffer TakeWhole(ReadOnlySpan<byte> payload, out int offset)
    {
        Expect(payload.Length, final: true);
        Append(payload);
        offset = _start;
        Take(out SharedBuffer? owner);
        return owner!;
    }

    public override ReadOnlyMemory<byte> Take(out SharedBuffer? owner)
    {
        owner = null;
        if (Length == 0)
            return ReadOnlyMemory<byte>.Empty;

        owner = _slab!;
        _unshared--;
        ReadOnlyMemory<byte> piece = owner.Array.AsMemory(_start, Length);
        _start += Length;
        Length = 0;

        // A small piece would keep all of an oversized array alive, so no other piece shares it.
        if (FreeCapacity == 0 || owner.Array.Length > 2 * SlabSize)
            LetGo();
        return piece;
    }

    public override void Trim()
    {
        if (Length > 0)
            return;
        LetGo();
        _lastSize = 0;
    }

    public override void Discard()
    {
        Length = 0;
        Trim();
    }

    private void Grow(int more)
    {
        // Doubling from one page on keeps small messages small; an announced large one gets a whole read at once.
        long likely = Math.Clamp(Math.Max(_announced, 2L * _lastSize), SmallSlab, SlabSize);
        int size = (int)Math.Max(checked(Length + more), likely);
        byte[] grown = pool.Rent(size);
        if (_slab is not null)
            _slab.Array.AsSpan(_start, Length).CopyTo(grown);
        LetGo();

        // Each piece takes at least one byte, so these references suffice, including one of our own.
        _unshared = grown.Length + 1;
        _slab = new SharedBuffer(grown, pool, _unshared);
        _lastSize = size;
    }

    private void LetGo()
    {
        _slab?.Release(_unshared);
        _slab = null;
        _start = 0;
    }
}
