using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class ConnectionRecorderTests
{
    [Fact]
    public void Frames_have_the_time_since_the_start()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero));
        var recorder = new ConnectionRecorder(new Uri("wss://host.test/"), new SessionRecorderOptions { TimeProvider = time }, new RecordingBudget(0, 100));
        time.Advance(TimeSpan.FromSeconds(1));
        recorder.NoteSent(Wired.Text("a", masked: true));
        byte[] answer = Wired.Text("b");
        recorder.NoteReceived(answer.AsSpan(0, 1));
        time.Advance(TimeSpan.FromSeconds(2));
        recorder.NoteReceived(answer.AsSpan(1));

        RecordedConnection recorded = recorder.Snapshot();

        Assert.Equal(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero), recorded.Started);
        Assert.Equal([(RecordedDirection.Sent, 1d), (RecordedDirection.Received, 3d)], recorded.Frames.Select(frame => (frame.Direction, frame.Offset.TotalSeconds)));
    }

    [Fact]
    public void Beyond_the_bound_frames_are_counted_and_their_payload_is_given_back()
    {
        var budget = new RecordingBudget(10, 2);
        var recorder = new ConnectionRecorder(null, new SessionRecorderOptions { KeepPayloads = true }, budget);

        for (int i = 0; i < 5; i++)
            recorder.NoteReceived(Wired.Text("abc"));

        Assert.Equal((2, 3L, 0L), (recorder.Snapshot().Frames.Count, recorder.Snapshot().OmittedFrames, recorder.Snapshot().OmittedPayloads));
        Assert.True(budget.TryTakePayload(4));
        Assert.False(budget.TryTakePayload(1));
    }
}
