namespace Duplex.Tests;

public sealed class PooledBufferWriterTests
{
    private readonly CountingPool _pool = new();

    [Fact]
    public void What_was_written_is_there_however_it_was_cut()
    {
        byte[] expected = new byte[100_000];
        new Random(1).NextBytes(expected);
        foreach (int step in new[] { 1, 7, 1023, 1024, 1025, 99_999, 100_000 })
        {
            using var writer = new PooledBufferWriter(_pool);
            for (int at = 0; at < expected.Length; at += step)
            {
                ReadOnlySpan<byte> part = expected.AsSpan(at, Math.Min(step, expected.Length - at));
                part.CopyTo(step % 2 == 0 ? writer.GetSpan(part.Length) : writer.GetMemory(part.Length).Span);
                writer.Advance(part.Length);
            }

            Assert.True(expected.AsSpan().SequenceEqual(writer.Written.Span));
            Assert.Equal(1, _pool.Rented);
        }

        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public void Nothing_is_rented_until_somebody_writes()
    {
        using var writer = new PooledBufferWriter(_pool);

        Assert.True(writer.Written.IsEmpty);
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public void Less_lies_idle_than_twice_what_was_written()
    {
        using var writer = new PooledBufferWriter(_pool);
        for (int i = 0; i < 1_000_000; i++)
        {
            writer.GetSpan()[0] = (byte)i;
            writer.Advance(1);
        }

        Assert.InRange(_pool.RentedBytes, 1_000_000, 2_000_000);
        Assert.InRange(_pool.PeakBytes, 1_000_000, 3_000_000); // the last copy has both
    }

    [Fact]
    public void A_large_hint_is_met_exactly()
    {
        using var writer = new PooledBufferWriter(_pool);

        Assert.Equal(5_000_000, writer.GetSpan(5_000_000).Length);
    }

    [Fact]
    public void Memory_is_never_empty()
    {
        using var writer = new PooledBufferWriter(_pool);
        for (int i = 0; i < 5; i++)
        {
            Assert.NotEqual(0, writer.GetMemory().Length);
            writer.Advance(writer.GetSpan().Length);
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1025)]
    public void More_than_was_given_cannot_be_advanced(int count)
    {
        using var writer = new PooledBufferWriter(_pool);
        writer.GetSpan(1024);

        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Advance(count));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.GetMemory(-1));
        Assert.True(writer.Written.IsEmpty);
    }

    [Fact]
    public void More_than_one_array_holds_is_refused_before_memory_is_taken()
    {
        using var writer = new PooledBufferWriter(_pool);
        writer.GetSpan(10);
        writer.Advance(10);

        Assert.Throws<InvalidOperationException>(() => writer.GetMemory(Array.MaxLength));
        Assert.Equal(10, writer.Written.Length);
    }

    [Fact]
    public void A_converter_that_kept_it_cannot_write_behind_its_message()
    {
        var writer = new PooledBufferWriter(_pool);
        writer.GetSpan(1);
        writer.Dispose();
        writer.Dispose();

        Assert.Throws<ObjectDisposedException>(() => writer.GetMemory());
        Assert.Throws<ObjectDisposedException>(() => writer.GetSpan());
        Assert.Throws<ObjectDisposedException>(() => writer.Advance(0));
        Assert.True(writer.Written.IsEmpty);
        Assert.Equal(0, _pool.Rented);
    }
}
