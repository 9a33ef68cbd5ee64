using System.Buffers;

namespace Duplex;

/// <summary>A pooled array that several frames may lie in; it goes back to its pool when the last of them lets go. Thread-safe.</summary>
internal sealed class SharedBuffer(byte[] array, ArrayPool<byte> pool)
{
    // Starts with its maker's own reference. Changed by whoever takes or drops one, atomically.
    private int _references = 1;

    public byte[] Array { get; } = array;

    public void AddReference() => Interlocked.Increment(ref _references);

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
            pool.Return(Array);
    }
}
