using System.Buffers;

namespace Duplex.Protocol;

/// <summary>The buffer that an extension writes to, with a limit for each message.</summary>
/// <remarks>
/// A write past it throws and sets <see cref="Violation"/>. Not thread-safe: used by one direction of a connection.
/// </remarks>
internal abstract class LimitedOutput : IBufferWriter<byte>
{
    // Accessed only by that direction.
    private long _limit;
    private long _total;

    public long Total => _total;

    public ProtocolViolation? Violation { get; private set; }

    public void Begin(bool starts, long limit)
    {
        _limit = limit;
        if (starts)
            _total = 0;
    }

    public void Continue(long total) => _total = total;

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, FreeCapacity);
        if (count > _limit - _total)
        {
            Violation = ProtocolViolation.TooBig("MaxMessageSize", _limit, _total + count);
            throw Violation.ToException();
        }

        _total += count;
        Commit(count);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);

        // One byte past the limit lets a writer that fills the buffer exceed it.
        Memory<byte> free = GetFree(Math.Max(1, sizeHint));
        long left = Math.Max(0, _limit - _total);
        return free.Length > left ? free[..(int)Math.Min(free.Length, Math.Max(sizeHint, left + 1))] : free;
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    protected abstract int FreeCapacity { get; }

    protected abstract Memory<byte> GetFree(int atLeast);

    protected abstract void Commit(int count);
}
