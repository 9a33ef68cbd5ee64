namespace Duplex.Tests;

public class CodecStreamTests
{
    [Fact]
    public void It_is_read_or_written_in_order_and_nothing_else()
    {
        using CodecStream feed = new DeflateFeed(), sink = new DeflateSink();

        foreach (CodecStream stream in (CodecStream[])[feed, sink])
        {
            Assert.False(stream.CanSeek);
            stream.Flush();
            Assert.Throws<NotSupportedException>(() => stream.Length);
            Assert.Throws<NotSupportedException>(() => stream.Position);
            Assert.Throws<NotSupportedException>(() => stream.Position = 0);
            Assert.Throws<NotSupportedException>(() => stream.Seek(0, SeekOrigin.Begin));
            Assert.Throws<NotSupportedException>(() => stream.SetLength(0));
        }

        Assert.Equal((true, false, false, true), (feed.CanRead, feed.CanWrite, sink.CanRead, sink.CanWrite));
        Assert.Throws<NotSupportedException>(() => feed.Write([1], 0, 1));
        Assert.Throws<NotSupportedException>(() => sink.Read([1], 0, 1));
    }
}
