using System.Buffers;

namespace Duplex.Protocol;

/// <summary>
/// Allocates received payloads. Small ones share a slab, so a retained small frame keeps only one slab alive.
/// </summary>
/// <remarks>Only the thread that parses allocates; any thread may release.</remarks>
internal sealed class PayloadAllocator(ArrayPool<byte> pool)
{
    /// <summary>The most that a retained small frame keeps alive: one page.</summary>
    public const int SlabSize = 4096;

    /// <summary>A quarter, so at most a quarter is wasted at a slab's end.</summary>
    public const int SmallPayload = SlabSize / 4;

    // Accessed only by the thread that parses.
    private SharedBuffer? _slab;
    private int _used;
    private int _unshared; // references not handed out

    /// <summary>The caller owns one reference of <paramref name="owner"/>.</summary>
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

    /// <summary>For a payload of unknown length; the caller owns one reference of <paramref name="owner"/>.</summary>
    public ArraySegment<byte> AllocateRest(int atLeast, out SharedBuffer owner)
    {
        if (_slab is null || SlabSize - _used < atLeast)
            TakeSlab();
        return Share(SlabSize - _used, out owner);
    }

    /// <summary>False if the current slab does not end with the allocation.</summary>
    public bool TryGiveBack(SharedBuffer owner, ArraySegment<byte> memory, int used)
    {
        if (owner != _slab || memory.Offset + memory.Count != _used)
            return false;
        _used = memory.Offset + used;
        return true;
    }

    public void Trim()
    {
        _slab?.Release(_unshared);
        _slab = null;
        _used = 0;
    }

    private void TakeSlab()
    {
        Trim();

        // Each payload takes at least one byte; one reference is our own.
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
