namespace Duplex.Tests;

public sealed class RecordedConnectionTests
{
    [Fact]
    public void It_lasts_until_its_last_frame()
    {
        var empty = new RecordedConnection(null, DateTimeOffset.UnixEpoch, []);

        Assert.Equal(TimeSpan.Zero, empty.Duration);
        Assert.Equal(TimeSpan.FromSeconds(3), (empty with { Frames = [new RecordedFrame { Direction = RecordedDirection.Sent, Offset = TimeSpan.FromSeconds(3) }] }).Duration);
    }
}
