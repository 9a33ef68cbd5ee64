namespace Duplex.Tests;

/// <summary>A stream of any length whose every byte follows from its place: to send what need not be kept, and to check what came.</summary>
internal sealed class PatternStream(long length) : BareStream
{
    // So long that no fragment, buffer or slab is a multiple of it.
    private const int Period = 65_521;

    private static readonly byte[] TwoPeriods = [.. Enumerable.Range(0, 2 * Period).Select(i => (byte)((i % Period * 31) ^ (i % Period >> 8)))];

    private long _position;

    public override long Length => length;

    public override long Position { get => Volatile.Read(ref _position); set => throw new NotSupportedException(); }

    public override bool CanWrite => false;

    /// <summary>The bytes from a place on, at most a period of them.</summary>
    public static ReadOnlySpan<byte> At(long position, int count) => TwoPeriods.AsSpan((int)(position % Period), Math.Min(count, Period));

    public override int Read(Span<byte> buffer)
    {
        int total = 0;
        while (total < buffer.Length && _position < length)
        {
            ReadOnlySpan<byte> bytes = At(_position, (int)Math.Min(length - _position, buffer.Length - total));
            bytes.CopyTo(buffer[total..]);
            total += bytes.Length;
            Volatile.Write(ref _position, _position + bytes.Length);
        }

        return total;
    }
}

/// <summary>Checks bytes against the pattern as they come.</summary>
internal sealed class PatternCheck
{
    /// <summary>How many came.</summary>
    public long Count { get; private set; }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ReadOnlySpan<byte> expected = PatternStream.At(Count, bytes.Length);
            if (!bytes[..expected.Length].SequenceEqual(expected))
                Assert.Fail($"Of the {expected.Length} bytes from {Count} on one is not what was sent.");
            Count += expected.Length;
            bytes = bytes[expected.Length..];
        }
    }
}
