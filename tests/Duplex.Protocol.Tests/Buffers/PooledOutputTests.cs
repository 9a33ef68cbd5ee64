using System.Buffers;

namespace Duplex.Tests;

public sealed class PooledOutputTests : IDisposable
{
    private readonly CountingPool _pool = new();
    private readonly PooledOutput _output;

    public PooledOutputTests()
    {
        _output = new PooledOutput(_pool);
        _output.Begin(starts: true, limit: 100_000);
    }

    public void Dispose()
    {
        _output.Clear();
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public void It_grows_and_keeps_what_was_written()
    {
        byte[] all = [.. Enumerable.Range(0, 5000).Select(i => (byte)i)];
        foreach (byte[] chunk in all.Chunk(700))
            _output.Write(chunk);

        Assert.Equal(all, _output.Written.ToArray());
        Assert.Equal(1, _pool.Outstanding);
    }

    [Fact]
    public void Cleared_it_holds_no_memory_and_counts_on()
    {
        _output.Write("abc"u8);
        _output.Clear();
        Assert.Equal(0, _pool.Outstanding);
        Assert.True(_output.Written.IsEmpty);

        _output.Begin(starts: false, limit: 100);
        _output.Write("d"u8);
        Assert.Equal(4, _output.Total);
        Assert.Equal("d"u8.ToArray(), _output.Written.ToArray());
    }

    [Fact]
    public void Without_a_write_it_takes_nothing()
    {
        Assert.True(_output.Written.IsEmpty);
        Assert.Equal(0, _pool.Rents);
    }
}
