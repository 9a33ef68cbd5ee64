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

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_read_that_began_before_comes_first_with_what_it_brings(bool isEnd)
    {
        var reading = new TaskCompletionSource<int>();
        await using var stream = new HeldBytesStream(reading.Task, (byte[])[1], new MemoryStream([2, 3]));
        byte[] buffer = new byte[8];
        Task<int> first = stream.ReadAsync(buffer).AsTask();
        Assert.False(first.IsCompleted);
        reading.SetResult(isEnd ? 0 : 1);
        Assert.Equal(isEnd ? (2, 2) : (1, 1), (await first, buffer[0]));
        Assert.Equal(isEnd ? 0 : 2, stream.Read(buffer));
    }

    [Fact]
    public async Task Synchronous_calls_and_arrays_work_as_well()
    {
        var inner = new MemoryStream();
        await using var stream = new HeldBytesStream((byte[])[1, 2], inner);
        byte[] buffer = new byte[4];
        Assert.Equal((1, 1), (stream.Read(buffer, 3, 1), buffer[3]));
#pragma warning disable CA1835 // the older overloads are what is tested
        Assert.Equal((1, 2), (await stream.ReadAsync(buffer, 0, 4), buffer[0]));
        stream.Write([3]);
        stream.Write([4, 5], 1, 1);
        await stream.WriteAsync([6, 7], 0, 1);
#pragma warning restore CA1835
        stream.Flush();
        Assert.Equal([3, 5, 6], inner.ToArray());
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
