namespace Duplex.Tests;

public sealed class RecordingTapTests
{
    [Fact]
    public async Task It_passes_bytes_on_and_shows_what_is_read()
    {
        var link = new MemoryLink();
        var found = new List<FrameType>();
        await using var tap = new RecordingTap(link.Server, new MessageParser((type, _) => found.Add(type)));
        using var writer = new FrameWriter(WebSocketRole.Client);
        writer.Write(Opcode.Text, "x"u8);
        byte[] sent = [.. writer.Take()];
        await link.Client.WriteAsync(sent);

        byte[] read = new byte[sent.Length];
        await tap.ReadExactlyAsync(read);
        await tap.WriteAsync(new byte[] { 9 });
        await tap.FlushAsync();
        tap.Flush();

        Assert.Equal(sent, read);
        Assert.Equal([FrameType.Text], found);
        Assert.Equal(1, await link.Client.ReadAsync(read));
        await tap.DisposeAsync();
        Assert.Equal(0, await link.Client.ReadAsync(read));
    }

    [Fact]
    public void It_has_no_length_no_position_and_no_synchronous_reads()
    {
        using var tap = new RecordingTap(new MemoryStream(), new MessageParser((_, _) => { }));
        Assert.Equal((true, true, false), (tap.CanRead, tap.CanWrite, tap.CanSeek));
        Assert.Throws<NotSupportedException>(() => tap.Length);
        Assert.Throws<NotSupportedException>(() => tap.Position);
        Assert.Throws<NotSupportedException>(() => tap.Position = 1);
        Assert.Throws<NotSupportedException>(() => tap.Read(new byte[1], 0, 1));
        Assert.Throws<NotSupportedException>(() => tap.Write(new byte[1], 0, 1));
        Assert.Throws<NotSupportedException>(() => tap.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => tap.SetLength(1));
    }
}
