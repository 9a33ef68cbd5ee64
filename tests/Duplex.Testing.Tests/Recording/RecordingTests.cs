namespace Duplex.Tests;

public sealed class RecordingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("duplex-recordings").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory, InlineData("feed.har"), InlineData("feed.jsonl")]
    public async Task It_is_saved_and_loaded(string name)
    {
        string path = Path.Combine(_folder, name);
        var recording = new Recording(new Uri("wss://host.test/feed"), Sample.Started.ToOffset(TimeSpan.FromHours(2)), Sample.Frames);

        await recording.SaveAsync(path);
        Recording loaded = await Recording.LoadAsync(path);

        Assert.Equal((recording.Url, TimeSpan.Zero, recording.Started), (loaded.Url, loaded.Started.Offset, loaded.Started));
        Assert.Equal(Sample.Frames.Select(Sample.Describe), loaded.Frames.Select(Sample.Describe));
        Assert.Equal("wss://host.test/feed, 2026-05-01 12:00:00Z: 10 frames", loaded.ToString());
    }

    [Fact]
    public async Task A_recorder_saves_all_and_one_cannot_be_loaded_of_several()
    {
        var recorder = new SessionRecorder();
        recorder.Begin(null).NoteSent(Wired.Text("a"));
        recorder.Begin(null);
        string path = Path.Combine(_folder, "feed.har");
        await recorder.SaveAsync(path);

        Assert.Equal([1, 0], (await Recording.LoadAllAsync(path)).Select(recording => recording.Frames.Count));
        Assert.Equal("2", (await Assert.ThrowsAsync<RecordingFormatException>(() => Recording.LoadAsync(path))).Found);
        await Assert.ThrowsAsync<ArgumentException>(() => recorder.SaveAsync(Path.Combine(_folder, "feed.txt")));
        Assert.False(File.Exists(Path.Combine(_folder, "feed.txt")));
    }

    [Fact]
    public async Task Streams_stay_open_and_arguments_are_checked()
    {
        using var file = new MemoryStream();
        await Recording.WriteAllAsync(file, RecordingFormat.JsonLines, []);

        Assert.True(file.CanWrite);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Recording.WriteAllAsync(file, (RecordingFormat)9, []));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Recording.ReadAllAsync(null!));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Recording.LoadAsync(null!));
        Assert.Throws<ArgumentNullException>(() => new Recording(null, Sample.Started, null!));
    }

    [Fact]
    public async Task A_session_that_was_recorded_can_be_replayed_over_a_stream()
    {
        var time = new ArmedClock();
        var recording = new Recording(null, Sample.Started, [Sample.Text(RecordedDirection.Received, 1, "one"), Sample.Text(RecordedDirection.Received, 3600, "two"), Sample.Received(Opcode.Close, 3601, [3, 232])]);
        (Stream near, Stream far) = Ends.Create();
        await using DefaultWebSocketSession client = WebSocketSessions.Create(near, WebSocketRole.Client, ws => ws.PingInterval = Timeout.InfiniteTimeSpan);

        Task<ReplayResult> replay = recording.ReplayAsync(far, time);
        Task<string?> one = client.ReceiveTextAsync().AsTask();
        await time.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal("one", await one.Soon());
        await time.Pass(TimeSpan.FromSeconds(3599));
        Assert.Equal("two", await client.ReceiveTextAsync().Soon());
        await time.PassUntil(client.Completion);

        Assert.StartsWith("1000", (await client.Completion).Received!.ToString(), StringComparison.Ordinal);
        await time.PassUntil(replay);
        Assert.Equal(3, (await replay).SentFrames);
    }
}
