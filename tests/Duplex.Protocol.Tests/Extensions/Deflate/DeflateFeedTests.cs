namespace Duplex.Tests;

public sealed class DeflateFeedTests : IDisposable
{
    private readonly DeflateFeed _feed = new();

    public void Dispose() => _feed.Dispose();

    [Fact]
    public void The_tail_of_the_message_before_comes_first_and_in_the_same_read()
    {
        _feed.AddTail();
        _feed.Fill([1, 2, 3, 9], 3);

        Assert.Equal("0000FFFF010203", Read(100));
        Assert.True(_feed.IsEmpty);
        Assert.False(_feed.RanDry);
        Assert.Equal("", Read(100));
        Assert.True(_feed.RanDry);
        Assert.Equal(2, _feed.Reads);
    }

    [Fact]
    public void It_gives_no_more_than_is_asked_for()
    {
        _feed.AddTail();
        _feed.Fill([1, 2, 3], 3);

        Assert.Equal(["0000FF", "FF0102", "03"], [Read(3), Read(3), Read(3)]);
    }

    [Fact]
    public void A_tail_or_all_can_be_dropped()
    {
        _feed.AddTail();
        _feed.Fill([1], 1);
        _feed.DropTail();
        Assert.Equal("01", Read(9));

        _feed.AddTail();
        _feed.Fill([1], 1);
        _feed.Clear();
        Assert.True(_feed.IsEmpty);
        Assert.Equal("", Read(9));
    }

    private string Read(int most)
    {
        byte[] buffer = new byte[most + 1];
        return Hex.Text(buffer.AsSpan(1, _feed.Read(buffer, 1, most)));
    }
}
