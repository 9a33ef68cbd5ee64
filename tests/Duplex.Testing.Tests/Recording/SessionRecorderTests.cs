namespace Duplex.Tests;

public sealed class SessionRecorderTests
{
    [Theory]
    [InlineData(false, "wss://host.test:8443/feed")]
    [InlineData(true, "wss://host.test:8443/feed?token=1")]
    public void A_url_is_recorded_without_secrets(bool keepsQuery, string expected)
    {
        var recorder = new SessionRecorder(options => options.KeepQuery = keepsQuery);

        Assert.Equal(new Uri(expected), recorder.Begin(new Uri("wss://user:pass@host.test:8443/feed?token=1")).Snapshot().Url);
        Assert.Null(recorder.Begin(null).Snapshot().Url);
        Assert.Null(recorder.Begin(new Uri("feed?token=1", UriKind.Relative)).Snapshot().Url);
    }

    [Fact]
    public void The_bounds_hold_for_all_connections_together_and_connections_count()
    {
        var recorder = new SessionRecorder(options =>
        {
            options.MaxFrames = 4;
            options.MaxPayloadBytes = 5;
            options.KeepPayloads = true;
        });
        ConnectionRecorder first = recorder.Begin(null), second = recorder.Begin(null);
        first.NoteSent(Wired.Text("abc"));
        second.NoteSent(Wired.Text("abc"));
        second.NoteSent(Wired.Text("x"));
        ConnectionRecorder third = recorder.Begin(null);
        third.NoteSent(Wired.Text("x"));

        Assert.Equal([1, 1], recorder.Recordings.Select(recording => recording.Frames.Count));
        Assert.Equal([(0L, 0L), (1, 1)], recorder.Recordings.Select(recording => (recording.OmittedFrames, recording.OmittedPayloads)));
        Assert.Equal(1, recorder.OmittedConnections);
        Assert.Empty(third.Snapshot().Frames);
    }

    [Fact]
    public void Options_are_copied_and_checked()
    {
        SessionRecorderOptions? kept = null;
        var recorder = new SessionRecorder(options => kept = options);
        kept!.KeepPayloads = true;

        ConnectionRecorder connection = recorder.Begin(null);
        connection.NoteSent(Wired.Text("abc"));

        Assert.Null(connection.Snapshot().Frames[0].Payload);
        Assert.Throws<ArgumentOutOfRangeException>(() => new SessionRecorder(options => options.MaxFrames = -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SessionRecorder(options => options.MaxPayloadBytes = -1));
        Assert.Throws<ArgumentNullException>(() => new SessionRecorder(options => options.TimeProvider = null!));
    }
}
