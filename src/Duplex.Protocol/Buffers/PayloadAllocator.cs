using System.Buffers;

namespace Duplex.Protocol;

/// <summary>
/// Allocates memory for received payloads. Small payloads share a slab, larger ones get their own array.
/// A retained small frame thus keeps only one slab alive.
/// </summary>
/// <remarks>Not thread-safe: only the receive loop allocates. Any thread may release the memory.</remarks>
internal sealed class PayloadAllocator(ArrayPool<byte> pool)
{
    /// <summary>The most that a retained small frame keeps alive: one page.</summary>
    public const int SlabSize = 4096;

    /// <summary>
    /// The largest payload that is put into a slab: a quarter, so at most a quarter is wasted at the end.
    /// </summary>
    public const int SmallPayload = SlabSize / 4;

    // Accessed only by the receive loop.
    private SharedBuffer? _slab;
    private int _used;
    private int _unshared; // the slab's references not handed out yet

    /// <summary>
    /// Returns at least <paramref name="length"/> bytes and at least one.
    /// The caller owns one reference of <paramref name="owner"/>.
    /// </summary>
    public ArraySegment<byte> Allocate(int length, out SharedBuffer owner)
    {
        if (length > SmallPayload)
        {
            owner = new SharedBuffer(pool.Rent(length), pool);
            return owner.Array;
        }

        if (_slab is null || SlabSize - _used < length)
            TakeSlab();
        return Share(length, out owner);
    }

    /// <summary>
    /// Returns the rest of a slab for a payload of unknown length: at least <paramref name="atLeast"/> bytes, at most
    /// <see cref="SlabSize"/>. The caller owns one reference of <paramref name="owner"/>.
    /// </summary>
    public ArraySegment<byte> AllocateRest(int atLeast, out SharedBuffer owner)
    {
        if (_slab is null || SlabSize - _used < atLeast)
            TakeSlab();
        return Share(SlabSize - _used, out owner);
    }

    /// <summary>Returns the unused part of an allocation; false if the current slab does not end with it.</summary>
    public bool TryGiveBack(SharedBuffer owner, ArraySegment<byte> memory, int used)
    {
        if (owner != _slab || memory.Offset + memory.Count != _used)
            return false;
        _used = memory.Offset + used;
        return true;
    }

    /// <summary>Releases the current slab, when the connection is idle or ends.</summary>
    public void Trim()
    {
        _slab?.Release(_unshared);
        _slab = null;
        _used = 0;
    }

    private void TakeSlab()
    {
        Trim();

        // Each payload takes at least one byte, so these references suffice, including one of our own.
        _unshared = SlabSize + 1;
        _slab = new SharedBuffer(pool.Rent(SlabSize), pool, _unshared);
    }

    private ArraySegment<byte> Share(int length, out SharedBuffer owner)
    {
        owner = _slab!;
        _unshared--;
        var memory = new ArraySegment<byte>(owner.Array, _used, length);
        _used += length;
        return memory;
    }
}
