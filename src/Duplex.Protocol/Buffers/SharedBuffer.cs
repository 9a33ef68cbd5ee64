using System.Buffers;

namespace Duplex.Protocol;

/// <summary>A pooled array that several frames may lie in; it goes back to its pool when the last of them lets go. Thread-safe.</summary>
/// <param name="array">The array.</param>
/// <param name="pool">Where it goes back.</param>
/// <param name="references">How many references there are from the beginning: handing one out then costs nothing.</param>
internal sealed class SharedBuffer(byte[] array, ArrayPool<byte> pool, int references = 1)
{
    // Lowered by whoever drops references, atomically; never raised.
    private int _references = references;

    public byte[] Array { get; } = array;

    /// <summary>Drops references.</summary>
    public void Release(int count = 1)
    {
        if (Interlocked.Add(ref _references, -count) == 0)
            pool.Return(Array);
    }
}
