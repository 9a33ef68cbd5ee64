using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Duplex.Protocol;

/// <summary>
/// Collects payload in pieces, which share arrays: queued ones take little more memory than their bytes.
/// </summary>
internal sealed class PieceSink(ArrayPool<byte> pool) : PayloadSink
{
    /// <summary>One read of the stream becomes one piece.</summary>
    public const int SlabSize = 64 * 1024;

    /// <summary>One page: enough for light traffic, and the smallest rest of an array worth a system call.</summary>
    public const int SmallSlab = 4096;

    // Accessed only by the thread that parses.
    private SharedBuffer? _slab;
    private int _unshared;
    private int _start; // where the bytes held start
    private long _announced; // bytes of the frame still to arrive
    private int _lastSize;

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
        // One batch may expand to many slabs, so double.
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

        // Not shared: a small piece would keep all of an oversized array alive.
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
        // Doubling from one page keeps small messages small; an announced large one gets a whole read.
        long likely = Math.Clamp(Math.Max(_announced, 2L * _lastSize), SmallSlab, SlabSize);
        int size = (int)Math.Max(checked(Length + more), likely);
        byte[] grown = pool.Rent(size);
        if (_slab is not null)
            _slab.Array.AsSpan(_start, Length).CopyTo(grown);
        LetGo();

        // Each piece takes at least one byte; one reference is our own.
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
