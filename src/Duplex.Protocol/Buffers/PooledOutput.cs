using System.Buffers;

namespace Duplex.Protocol;

/// <summary>Writes into pooled memory, which is given back after each part: what one extension hands to the next, and the last one to the wire.</summary>
internal sealed class PooledOutput(ArrayPool<byte> pool) : LimitedOutput
{
    // What is rented first: a small message and its frame's overhead fit, and pools have plenty of this size.
    private const int FirstSize = 1024;

    // Both only touched by the one direction.
    private byte[]? _buffer;
    private int _length;

    /// <summary>What was written since it was cleared.</summary>
    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, _length);

    protected override int FreeCapacity => (_buffer?.Length ?? 0) - _length;

    /// <summary>Gives the memory back.</summary>
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
            // Doubling keeps the copying within one pass over what is written.
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
