namespace Duplex.Tests;

public sealed class RecordingEnginesTests
{
    [Fact]
    public async Task A_sessions_frames_are_recorded_with_its_url()
    {
        (Stream near, Stream far) = Ends.Create();
        var recorder = new SessionRecorder(options => options.KeepPayloads = true);
        WebSocketEngine engine = WebSocketEngines.FromStream((_, _) => new ValueTask<Stream>(near)).WithRecorder(recorder);
        using var client = new HttpClient(new WebSocketsHandler(ws => ws.Engine = engine));
        await using DefaultWebSocketSession peer = WebSocketSessions.Create(far, WebSocketRole.Server);
        DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("wss://host.test/feed?token=1").Soon();

        await session.SendAsync("question");
        Assert.Equal("question", await peer.ReceiveTextAsync().Soon());
        await peer.SendAsync("answer");
        Assert.Equal("answer", await session.ReceiveTextAsync().Soon());
        await session.CloseAsync(CloseCode.NormalClosure, "bye").Soon();
        await session.DisposeAsync();

        Recording recording = Assert.Single(recorder.Recordings);
        Assert.Equal(new Uri("wss://host.test/feed"), recording.Url);
        Assert.Equal(["question", "answer"], recording.Frames.Where(frame => !frame.IsControl).Select(frame => frame.Text));
        Assert.Equal([RecordedDirection.Sent, RecordedDirection.Received], recording.Frames.Where(frame => frame.Opcode == Opcode.Close).Select(frame => frame.Direction));
    }

    [Fact]
    public void There_must_be_an_engine_and_a_recorder()
    {
        Assert.Throws<ArgumentNullException>(() => WebSocketEngines.Http.WithRecorder(null!));
        Assert.Throws<ArgumentNullException>(() => ((WebSocketEngine)null!).WithRecorder(new SessionRecorder()));
    }
}
