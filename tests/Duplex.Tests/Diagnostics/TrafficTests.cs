namespace Duplex.Tests;

public sealed class TrafficTests
{
    private readonly Traffic _traffic = new();

    [Fact]
    public void A_message_counts_at_its_end_and_its_bytes_at_once()
    {
        _traffic.Add(FrameType.Text, 3, isEnd: false);
        Assert.Equal(new Traffic.Count(0, 3), _traffic.Text);

        _traffic.Add(FrameType.Text, 4, isEnd: true);
        _traffic.Add(FrameType.Binary, 5, isEnd: true);

        Assert.Equal(new Traffic.Count(1, 7), _traffic.Text);
        Assert.Equal(new Traffic.Count(1, 5), _traffic.Binary);
        Assert.Equal(2, _traffic.Messages);
    }

    [Fact]
    public void Control_frames_are_no_messages()
    {
        foreach (FrameType type in (FrameType[])[FrameType.Ping, FrameType.Pong, FrameType.Close])
            _traffic.Add(type, 10, isEnd: true);

        Assert.Equal((default, default), (_traffic.Text, _traffic.Binary));
    }

    [Fact]
    public void Bytes_may_be_more_than_an_int_counts()
    {
        for (int i = 0; i < 4; i++)
            _traffic.Add(FrameType.Binary, int.MaxValue, isEnd: i == 3);

        Assert.Equal(new Traffic.Count(1, 4L * int.MaxValue), _traffic.Binary);
    }
}
