using System.Buffers;

namespace Duplex.Tests;

public class MessageOutputTests
{
    [Fact]
    public void It_writes_straight_into_the_message()
    {
        var pool = new CountingPool();
        var allocator = new PayloadAllocator(pool);
        var message = new MessageSink(allocator);
        var output = new MessageOutput(message);
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
}
