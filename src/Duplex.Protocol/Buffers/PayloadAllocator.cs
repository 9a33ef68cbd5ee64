using System.Buffers;

namespace Duplex;

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

    // Both only touched by the receive loop.
    private SharedBuffer? _slab;
    private int _used;

    /// <summary>Gives <paramref name="length"/> bytes or more; the caller owns one reference of <paramref name="owner"/>.</summary>
    public Memory<byte> Allocate(int length, out SharedBuffer owner)
    {
        if (length > SmallPayload)
        {
            owner = new SharedBuffer(pool.Rent(length), pool);
            return owner.Array;
        }

        if (_slab is null || SlabSize - _used < length)
        {
            Trim();
            _slab = new SharedBuffer(pool.Rent(SlabSize), pool);
        }

        owner = _slab;
        owner.AddReference();
        Memory<byte> memory = owner.Array.AsMemory(_used, length);
        _used += length;
        return memory;
    }

    /// <summary>Lets go of the slab in use: when the connection falls silent, and at its end.</summary>
    public void Trim()
    {
        _slab?.Release();
        _slab = null;
        _used = 0;
    }
}
