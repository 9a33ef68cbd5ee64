using System.Buffers;

namespace Duplex.Protocol;

/// <summary>Pooled memory for data between extensions and to the transport, returned after each part.</summary>
internal sealed class PooledOutput(ArrayPool<byte> pool) : LimitedOutput
{
    // Fits a small message with its frame's overhead, and is a common pool size.
    private const int FirstSize = 1024;

    // Accessed only by the one direction.
    private byte[]? _buffer;
    private int _length;

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, _length);

    protected override int FreeCapacity => (_buffer?.Length ?? 0) - _length;

    public void Clear()
    {
        if (_buffer is { } buffer)
        {
            _buffer = null;
            pool.Return(buffer);
        }

        _length = 0;
    }

    protected override Memory<byte> GetFree(int atLeast)
    {
        if (FreeCapacity < atLeast)
        {
            long likely = _buffer is null ? FirstSize : Math.Min(2L * _buffer.Length, Array.MaxLength);
            byte[] grown = pool.Rent((int)Math.Max(likely, checked(_length + atLeast)));
            if (_buffer is { } buffer)
            {
                buffer.AsSpan(0, _length).CopyTo(grown);
                pool.Return(buffer);
            }

            _buffer = grown;
        }

        return _buffer.AsMemory(_length);
    }

    protected override void Commit(int count) => _length += count;
}
