using System.Buffers;

namespace Duplex.Tests;

public class SinkOutputTests
{
    [Fact]
    public void It_writes_straight_into_the_message()
    {
        var pool = new CountingPool();
        var allocator = new PayloadAllocator(pool);
        var message = new MessageSink(allocator);
        var output = new SinkOutput(message);
        output.Begin(starts: true, limit: 100_000);
        byte[] all = [.. Enumerable.Range(0, 9000).Select(i => (byte)i)];

        foreach (byte[] chunk in all.Chunk(900))
            output.Write(chunk);

        Assert.Equal(all.AsSpan(8000), message.Since(8000));
        Assert.Equal(all, message.Take(out SharedBuffer? owner).ToArray());
        owner!.Release();
        allocator.Trim();
        Assert.Equal(0, pool.Outstanding);
    }

    [Fact]
    public void It_writes_straight_into_the_next_piece()
    {
        var pool = new CountingPool();
        var pieces = new PieceSink(pool);
        var output = new SinkOutput(pieces);
        output.Begin(starts: true, limit: long.MaxValue);
        byte[] all = [.. Enumerable.Range(0, 200_000).Select(i => (byte)i)];

        pieces.Append("before"u8);
        pieces.Take(out SharedBuffer? first);
        foreach (byte[] chunk in all.Chunk(900))
            output.Write(chunk);

        Assert.Equal(all.AsSpan(8000), pieces.Since(8000));
        Assert.Equal(all, pieces.Take(out SharedBuffer? owner).ToArray());
        Assert.InRange(pool.Rents, 3, 12); // doubled, not grown by each write
        first!.Release();
        owner!.Release();
        pieces.Discard();
        Assert.Equal(0, pool.Outstanding);
    }

    [Fact]
    public void With_nothing_written_there_is_nothing_since() => Assert.True(new PieceSink(new CountingPool()).Since(0).IsEmpty);
}
