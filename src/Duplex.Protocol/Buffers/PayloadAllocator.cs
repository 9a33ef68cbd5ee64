using System.Buffers;

namespace Duplex.Protocol;

/// <summary>
/// Memory for received payloads: small ones share a slab, larger ones get an array of their own, so that a kept small frame keeps a slab alive and no more.
/// </summary>
/// <remarks>Not thread-safe: it belongs to one connection's receive loop. What it gave out may be released on any thread.</remarks>
internal sealed class PayloadAllocator(ArrayPool<byte> pool)
{
    /// <summary>What a kept small frame can hold alive: one page.</summary>
    public const int SlabSize = 4096;

    /// <summary>Up to here a payload is put into a slab: four of these fill one, so at most a quarter of it is lost at its end.</summary>
    public const int SmallPayload = SlabSize / 4;

    // All only touched by the receive loop.
    private SharedBuffer? _slab;
    private int _used;
    private int _unshared; // the references of the slab that were not handed out

    /// <summary>Gives <paramref name="length"/> bytes or more, at least one; the caller owns one reference of <paramref name="owner"/>.</summary>
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

    /// <summary>Gives what is left of a slab, for a payload whose length nobody knows yet: <see cref="TryGiveBack"/> gives back what it leaves.</summary>
    /// <param name="atLeast">How many bytes it must be, at most <see cref="SlabSize"/>; the caller owns one reference of <paramref name="owner"/>.</param>
    /// <param name="owner">Its owner.</param>
    public ArraySegment<byte> AllocateRest(int atLeast, out SharedBuffer owner)
    {
        if (_slab is null || SlabSize - _used < atLeast)
            TakeSlab();
        return Share(SlabSize - _used, out owner);
    }

    /// <summary>Takes back what was not needed of a slab's last memory; false if it does not end the slab in use.</summary>
    /// <param name="owner">Its owner.</param>
    /// <param name="memory">The memory.</param>
    /// <param name="used">How many bytes of it are needed.</param>
    public bool TryGiveBack(SharedBuffer owner, ArraySegment<byte> memory, int used)
    {
        if (owner != _slab || memory.Offset + memory.Count != _used)
            return false;
        _used = memory.Offset + used;
        return true;
    }

    /// <summary>Lets go of the slab in use: when the connection falls silent, and at its end.</summary>
    public void Trim()
    {
        _slab?.Release(_unshared);
        _slab = null;
        _used = 0;
    }

    private void TakeSlab()
    {
        Trim();

        // Each payload takes a byte or more, so there are enough references for all, and one for us.
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
