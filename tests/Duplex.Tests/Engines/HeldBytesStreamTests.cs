namespace Duplex.Tests;

/// <summary>What was read before comes first; everything else is the connection's.</summary>
public sealed class HeldBytesStreamTests
{
    [Fact]
    public async Task Held_bytes_come_first_in_as_many_reads_as_they_need()
    {
        var inner = new MemoryStream([4, 5]);
        await using var stream = new HeldBytesStream((byte[])[1, 2, 3], inner);
        byte[] buffer = new byte[2];
        Assert.Equal(0, await stream.ReadAsync(Memory<byte>.Empty));
        Assert.Equal((2, 1, 2), (await stream.ReadAsync(buffer), buffer[0], buffer[1]));
        Assert.Equal((1, 3), (await stream.ReadAsync(buffer), buffer[0]));
        Assert.Equal((2, 4, 5), (await stream.ReadAsync(buffer), buffer[0], buffer[1]));
        Assert.Equal(0, await stream.ReadAsync(buffer));
    }

    [Fact]
    public async Task Writes_and_disposal_are_the_connections()
    {
        var inner = new MemoryStream();
        var stream = new HeldBytesStream((byte[])[1], inner);
        await stream.WriteAsync((byte[])[7]);
        await stream.FlushAsync();
        Assert.Equal([7], inner.ToArray());
        await stream.DisposeAsync();
        Assert.False(inner.CanRead);
    }
}
