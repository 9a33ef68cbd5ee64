using System.Buffers;

namespace Duplex.Tests;

public class PieceOutputTests
{
    [Fact]
    public void It_writes_straight_into_the_next_piece()
    {
        var pool = new CountingPool();
        var pieces = new PieceSink(pool);
        var output = new PieceOutput(pieces);
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
