namespace Duplex.Tests;

public sealed class LinkEndTests : IDisposable
{
    private readonly LinkPipe _in = new();
    private readonly LinkPipe _out = new();
    private readonly LinkEnd _end;

    public LinkEndTests() => _end = new LinkEnd(_in, _out);

    public void Dispose() => _end.Dispose();

#pragma warning disable CA1835 // the older forms are tested, too
    [Fact]
    public async Task It_reads_and_writes_by_memory_and_by_array()
    {
        _in.Write([1, 2, 3], out _);
        byte[] buffer = new byte[2];
        Assert.Equal(2, await _end.ReadAsync(buffer.AsMemory()));
        Assert.Equal(1, await _end.ReadAsync(buffer, 1, 1, default));
        Assert.Equal([1, 3], buffer);

        await _end.WriteAsync(new byte[] { 4 }.AsMemory());
        await _end.WriteAsync([5, 6], 1, 1, default);
        await _end.FlushAsync();
        _end.Flush();
        Assert.True(_out.TryRead(buffer, out int read, out _));
        Assert.Equal([4, 6], buffer[..read]);
    }
#pragma warning restore CA1835

    [Fact]
    public async Task A_large_write_completes_when_all_has_found_room()
    {
        Task writing = _end.WriteAsync(new byte[3 * LinkPipe.Room]).AsTask();
        byte[] buffer = new byte[10_000];
        int read = 0;
        for (; read < 2 * LinkPipe.Room;)
        {
            Assert.False(writing.IsCompleted);
            if (_out.TryRead(buffer, out int count, out Task wait))
                read += count;
            else
                await wait.Soon();
        }

        await writing.Soon();
    }

    [Fact]
    public async Task A_wait_ends_with_its_token_and_with_the_end()
    {
        using var source = new CancellationTokenSource();
        Task<int> cancelled = _end.ReadAsync(new byte[1], source.Token).AsTask();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);

        Task<int> pending = _end.ReadAsync(new byte[1]).AsTask();
        await _end.DisposeAsync();
        Assert.Equal(0, await pending.Soon());
        await Assert.ThrowsAsync<IOException>(() => _end.WriteAsync(new byte[1]).AsTask());
    }

    [Fact]
    public void It_has_no_length_no_position_and_no_synchronous_reads()
    {
        Assert.Equal((true, true, false), (_end.CanRead, _end.CanWrite, _end.CanSeek));
        Assert.Throws<NotSupportedException>(() => _end.Length);
        Assert.Throws<NotSupportedException>(() => _end.Position);
        Assert.Throws<NotSupportedException>(() => _end.Position = 1);
        Assert.Throws<NotSupportedException>(() => _end.Read(new byte[1], 0, 1));
        Assert.Throws<NotSupportedException>(() => _end.Write(new byte[1], 0, 1));
        Assert.Throws<NotSupportedException>(() => _end.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => _end.SetLength(1));
    }
}
