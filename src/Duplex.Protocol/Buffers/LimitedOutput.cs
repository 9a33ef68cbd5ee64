using System.Buffers;

namespace Duplex.Protocol;

/// <summary>Where an extension writes: memory that grows with what is written, up to a limit for each message. Past it nothing is written, and the violation is kept.</summary>
/// <remarks>Not thread-safe: it belongs to one direction of one connection.</remarks>
internal abstract class LimitedOutput : IBufferWriter<byte>
{
    // All only touched by the one direction.
    private long _limit;
    private long _total;

    /// <summary>How many bytes were written of the message in progress.</summary>
    public long Total => _total;

    /// <summary>What was wrong once the limit was passed.</summary>
    public ProtocolViolation? Violation { get; private set; }

    /// <summary>A part of a message follows.</summary>
    /// <param name="starts">Whether it is the first.</param>
    /// <param name="limit">The most bytes of the message.</param>
    public void Begin(bool starts, long limit)
    {
        _limit = limit;
        if (starts)
            _total = 0;
    }

    /// <summary>The message in progress was written elsewhere so far.</summary>
    /// <param name="total">How many bytes of it.</param>
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

        // One byte more than the limit allows is enough for whoever fills what he gets to notice that there is more.
        Memory<byte> free = GetFree(Math.Max(1, sizeHint));
        long left = Math.Max(0, _limit - _total);
        return free.Length > left ? free[..(int)Math.Min(free.Length, Math.Max(sizeHint, left + 1))] : free;
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    protected abstract int FreeCapacity { get; }

    protected abstract Memory<byte> GetFree(int atLeast);

    protected abstract void Commit(int count);
}
