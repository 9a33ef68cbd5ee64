using System.Buffers;

namespace Duplex;

/// <summary>Pooled memory that grows as a converter writes; the message is sent from it without a copy.</summary>
/// <remarks>Not thread-safe: owned by one send, which returns the memory by disposing it.</remarks>
internal sealed class PooledBufferWriter(ArrayPool<byte> pool) : IBufferWriter<byte>, IDisposable
{
    // Few messages are larger, and for those the first copy is short.
    private const int FirstSize = 1024;

    // Only touched by the owning send. Null after disposal.
    private byte[]? _array = [];
    private int _written;

    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, _written);

    public void Advance(int count)
    {
        ObjectDisposedException.ThrowIf(_array is null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _array.Length - _written);
        _written += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => Reserve(sizeHint).AsMemory(_written);

    public Span<byte> GetSpan(int sizeHint = 0) => Reserve(sizeHint).AsSpan(_written);

    public void Dispose()
    {
        Return(_array);
        _array = null;
        _written = 0;
    }

    private byte[] Reserve(int sizeHint)
    {
        ObjectDisposedException.ThrowIf(_array is null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        int more = Math.Max(1, sizeHint);
        if (_array.Length - _written >= more)
            return _array;

        long needed = (long)_written + more;
        if (needed > Array.MaxLength)
        {
            throw new InvalidOperationException(
                $"The serialized message is larger than {Array.MaxLength} bytes, which is what one array holds. " +
                "Send it as a stream.");
        }

        // Doubling copies each byte about once, and keeps unused memory below the used.
        byte[] grown = pool.Rent(
            (int)Math.Max(needed, Math.Min(Math.Max(FirstSize, 2L * _array.Length), Array.MaxLength)));
        _array.AsSpan(0, _written).CopyTo(grown);
        Return(_array);
        return _array = grown;
    }

    private void Return(byte[]? array)
    {
        if (array is { Length: > 0 })
            pool.Return(array);
    }
}
