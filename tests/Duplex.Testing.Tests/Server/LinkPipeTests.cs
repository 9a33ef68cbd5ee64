namespace Duplex.Tests;

public sealed class LinkPipeTests
{
    private readonly LinkPipe _pipe = new();

    [Fact]
    public void Bytes_come_out_as_they_went_in_whatever_the_sizes()
    {
        var random = new Random(5);
        var sent = new List<byte>();
        var read = new List<byte>();
        byte[] buffer = new byte[5000];
        while (sent.Count < 500_000)
        {
            byte[] some = new byte[random.Next(4000)];
            random.NextBytes(some);
            int written = _pipe.Write(some, out _);
            sent.AddRange(some.AsSpan(0, written));
            if (_pipe.TryRead(buffer.AsSpan(0, random.Next(1, buffer.Length)), out int count, out _))
                read.AddRange(buffer.AsSpan(0, count));
        }

        _pipe.End();
        while (_pipe.TryRead(buffer, out int count, out _) && count > 0)
            read.AddRange(buffer.AsSpan(0, count));
        Assert.Equal(sent, read);
    }

    [Fact]
    public async Task A_writer_without_room_waits_for_the_reader()
    {
        int written = 0;
        Task wait;
        do
            written += _pipe.Write(new byte[10_000], out wait);
        while (wait.IsCompleted);
        Assert.Equal(LinkPipe.Room, written);

        Assert.True(_pipe.TryRead(new byte[1], out _, out _));
        await wait.Soon();
        Assert.Equal(1, _pipe.Write(new byte[10_000], out _));
    }

    [Fact]
    public async Task A_read_of_nothing_waits_for_something_and_takes_none()
    {
        Assert.False(_pipe.TryRead([], out _, out Task wait));
        _pipe.Write([7], out _);
        await wait.Soon();
        Assert.True(_pipe.TryRead([], out int read, out _));
        Assert.Equal(0, read);
        byte[] one = new byte[2];
        Assert.True(_pipe.TryRead(one, out read, out _));
        Assert.Equal((1, 7), (read, one[0]));
    }

    [Fact]
    public async Task A_gone_reader_gets_nothing_and_writes_fail()
    {
        Assert.False(_pipe.TryRead(new byte[1], out _, out Task wait));
        _pipe.Leave();
        await wait.Soon();
        Assert.True(_pipe.TryRead(new byte[1], out int read, out _));
        Assert.Equal(0, read);
        Assert.Throws<IOException>(() => _pipe.Write([1], out _));
    }

    [Fact]
    public void A_reset_comes_after_what_was_written()
    {
        _pipe.Write([1], out _);
        _pipe.Break();
        Assert.True(_pipe.TryRead(new byte[1], out int read, out _));
        Assert.Equal(1, read);
        Assert.Throws<IOException>(() => _pipe.TryRead(new byte[1], out _, out _));
        Assert.Throws<IOException>(() => _pipe.Write([1], out _));
    }

    [Fact]
    public void A_silent_pipe_takes_bytes_and_gives_none_not_even_an_end()
    {
        _pipe.Write([1], out _);
        _pipe.Silence();
        _pipe.Write([2], out _);
        _pipe.End();
        Assert.False(_pipe.TryRead(new byte[1], out _, out Task wait));
        Assert.False(wait.IsCompleted);
    }
}
