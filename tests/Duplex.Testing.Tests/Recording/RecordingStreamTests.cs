namespace Duplex.Tests;

public sealed class RecordingStreamTests : IDisposable
{
    private readonly InnerStream _inner = new();
    private readonly SessionRecorder _recorder = new(options => options.KeepPayloads = true);

    public void Dispose() => _inner.Dispose();

    [Fact]
    public async Task It_passes_everything_on_and_notes_it()
    {
        await using var stream = new RecordingStream(_inner, _recorder, new Uri("wss://host.test/feed?x=1"));
        byte[] sent = Wired.Text("ping", masked: true), received = Wired.Text("pong");
        byte[] buffer = new byte[100];
        _inner.Send(received);

        await stream.WriteAsync(sent);
        await stream.FlushAsync();
        Assert.Equal(received.Length, await stream.ReadAsync(buffer).Soon());

        Assert.Equal(sent, _inner.Written);
        Assert.Equal(1, _inner.Flushes);
        Assert.Equal(received, buffer[..received.Length]);
        Assert.Equal([(RecordedDirection.Sent, "ping"), (RecordedDirection.Received, "pong")], stream.Recording.Frames.Select(frame => (frame.Direction, frame.Text)));
        Assert.Equal(new Uri("wss://host.test/feed"), stream.Recording.Url);
        Assert.Equal(2, Assert.Single(_recorder.Recordings).Frames.Count);
        await stream.DisposeAsync();
        Assert.True(_inner.Disposed.IsCompleted);
    }

    [Fact]
    public void Synchronous_use_is_noted_too()
    {
        byte[] text = Wired.Text("abc");
        using var memory = new MemoryStream();
        using var stream = new RecordingStream(memory, _recorder);

        stream.Write(text, 0, text.Length);
        stream.Flush();
        memory.Position = 0;
        Assert.Equal(text.Length, stream.Read(new byte[100], 0, 100));

        Assert.Equal([RecordedDirection.Sent, RecordedDirection.Received], stream.Recording.Frames.Select(frame => frame.Direction));
        Assert.True(stream is { CanRead: true, CanWrite: true, CanSeek: false });
        Assert.Throws<NotSupportedException>(() => stream.Length);
        Assert.Throws<NotSupportedException>(() => stream.Position);
        Assert.Throws<NotSupportedException>(() => stream.Position = 1);
        Assert.Throws<NotSupportedException>(() => stream.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => stream.SetLength(0));
        Assert.Throws<ArgumentNullException>(() => new RecordingStream(null!, _recorder));
        Assert.Throws<ArgumentNullException>(() => new RecordingStream(memory, null!));
    }
}
