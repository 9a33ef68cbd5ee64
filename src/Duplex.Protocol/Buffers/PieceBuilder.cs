using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Duplex;

/// <summary>
/// Payload that is handed on as it comes. Pieces lie one behind the other in shared arrays, so what waits to be consumed takes little more memory than its bytes, however it was cut;
/// an array goes back when its last piece does.
/// </summary>
/// <remarks>Not thread-safe: it belongs to one connection's receive loop. What it gave out may be released on any thread.</remarks>
internal sealed class PieceBuilder(ArrayPool<byte> pool)
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

    /// <summary>How many bytes it holds, to be taken as the next piece.</summary>
    public int Length { get; private set; }

    /// <summary>How many bytes there is memory for without taking more.</summary>
    public int FreeCapacity => _slab is null ? 0 : _slab.Array.Length - _start - Length;

    /// <summary>Announces a frame's payload, so that memory of about the right size is taken when its bytes come.</summary>
    public void Expect(long bytes) => _announced = bytes;

    /// <summary>Free memory behind what it holds, for a read straight into it: at least 1 byte, at most <paramref name="most"/>.</summary>
    public Memory<byte> GetTail(long most)
    {
        int least = (int)Math.Min(most, SmallSlab);
        if (FreeCapacity < least)
            Grow(least);
        return _slab!.Array.AsMemory(_start + Length, (int)Math.Min(most, FreeCapacity));
    }

    /// <summary>Free memory behind what it holds, for whoever writes what nobody has announced. What is used of it counts by <see cref="Commit"/>.</summary>
    /// <param name="atLeast">How many bytes it must have, at least one.</param>
    public Memory<byte> GetFree(int atLeast)
    {
        // What one batch becomes may be many times a slab: doubling keeps the copying within one pass over it.
        if (FreeCapacity < atLeast)
            Grow(Math.Max(atLeast, Length));
        return _slab!.Array.AsMemory(_start + Length);
    }

    /// <summary>Takes over bytes that were written into <see cref="GetFree"/>'s memory.</summary>
    public void Commit(int count) => Length += count;

    /// <summary>What it holds from a position on.</summary>
    public ReadOnlySpan<byte> Since(int start) => _slab is null ? [] : _slab.Array.AsSpan(_start + start, Length - start);

    /// <summary>Takes over bytes; those that already lie in <see cref="GetTail"/>'s memory are not copied.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
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

    /// <summary>Gives away what it holds as one piece. The caller owns one reference of <paramref name="owner"/>, if there is one.</summary>
    public ReadOnlyMemory<byte> Take(out SharedBuffer? owner)
    {
        owner = null;
        if (Length == 0)
            return ReadOnlyMemory<byte>.Empty;

        owner = _slab!;
        _unshared--;
        ReadOnlyMemory<byte> piece = owner.Array.AsMemory(_start, Length);
        _start += Length;
        Length = 0;
        if (FreeCapacity == 0)
            LetGo();
        return piece;
    }

    /// <summary>Lets go of the slab in use, unless it holds something: when the connection falls silent.</summary>
    public void Trim()
    {
        if (Length > 0)
            return;
        LetGo();
        _lastSize = 0;
    }

    /// <summary>Drops what it holds, and lets go of its memory.</summary>
    public void Discard()
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
