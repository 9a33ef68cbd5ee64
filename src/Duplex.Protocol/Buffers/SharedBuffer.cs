using System.Buffers;

namespace Duplex.Protocol;

/// <summary>A pooled array shared by frames, returned with the last reference. Thread-safe.</summary>
internal sealed class SharedBuffer(byte[] array, ArrayPool<byte> pool, int references = 1)
{
    // Only decremented, atomically: creating all references at once makes handing one out free.
    private int _references = references;

    public byte[] Array { get; } = array;

    public void Release(int count = 1)
    {
        if (Interlocked.Add(ref _references, -count) == 0)
            pool.Return(Array);
    }
}
