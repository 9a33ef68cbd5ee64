using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Duplex.Protocol;

/// <summary>
/// Gathers payload that is handed on as it comes. Pieces lie one after the other in shared arrays, so what waits to be consumed takes little more memory than its bytes, however it was
/// cut; an array is returned when its last piece is released.
/// </summary>
internal sealed class PieceSink(ArrayPool<byte> pool) : PayloadSink
{
    /// <summary>As much as one read of the stream takes: a batch fits one array, and so becomes one piece.</summary>
    public const int SlabSize = 64 * 1024;

    /// <summary>A page: what little traffic takes, and what the end of an array must still hold for a read to be worth its system call.</summary>
    public const int SmallSlab = 4096;

    // All only touched by the receive loop.
    private SharedBuffer? _slab;
    private int _unshared; // the references of the slab that were not handed out
    private int _start; // where in the slab lies what it holds
    private long _announced; // what is still to come of the frame in progress
    private int _lastSize; // of the slab before

    /// <inheritdoc/>
    public override int FreeCapacity => _slab is null ? 0 : _slab.Array.Length - _start - Length;

    /// <inheritdoc/>
    public override void Expect(long bytes, bool final) => _announced = bytes;

    /// <inheritdoc/>
    public override Memory<byte> GetTail(long most)
    {
        int least = (int)Math.Min(most, SmallSlab);
        if (FreeCapacity < least)
            Grow(least);
        return _slab!.Array.AsMemory(_start + Length, (int)Math.Min(most, FreeCapacity));
    }

    /// <inheritdoc/>
    public override Memory<byte> GetFree(int atLeast)
    {
        // What one batch becomes may be many times a slab: doubling keeps the copying within one pass over it.
        if (FreeCapacity < atLeast)
            Grow(Math.Max(atLeast, Math.Min(Length, Array.MaxLength - Length)));
        return _slab!.Array.AsMemory(_start + Length);
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Since(int start) => _slab is null ? [] : _slab.Array.AsSpan(_start + start, Length - start);

    /// <inheritdoc/>
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

    /// <inheritdoc/>
    public override SharedBuffer TakeWhole(ReadOnlySpan<byte> payload, out int offset)
    {
        Expect(payload.Length, final: true);
        Append(payload);
        offset = _start;
        Take(out SharedBuffer? owner);
        return owner!;
    }

    /// <inheritdoc/>
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

        // One that a single batch has made large: small pieces that lie in it would keep all of it alive.
        if (FreeCapacity == 0 || owner.Array.Length > 2 * SlabSize)
            LetGo();
        return piece;
    }

    /// <inheritdoc/>
    public override void Trim()
    {
        if (Length > 0)
            return;
        LetGo();
        _lastSize = 0;
    }

    /// <inheritdoc/>
    public override void Discard()
    {
        Length = 0;
        Trim();
    }

    private void Grow(int more)
    {
        // From a page on it doubles, so that a small message takes no more than a few pages; a large one is announced, and gets a whole read's worth at once.
        long likely = Math.Clamp(Math.Max(_announced, 2L * _lastSize), SmallSlab, SlabSize);
        int size = (int)Math.Max(checked(Length + more), likely);
        byte[] grown = pool.Rent(size);
        if (_slab is not null)
            _slab.Array.AsSpan(_start, Length).CopyTo(grown);
        LetGo();

        // Each piece takes a byte or more, so there are enough references for all, and one for us.
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
