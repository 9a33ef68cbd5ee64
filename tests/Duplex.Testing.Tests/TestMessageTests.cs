namespace Duplex.Tests;

public sealed class TestMessageTests
{
    [Fact]
    public void A_text_is_shown_in_quotes_and_cut_and_bytes_are_counted()
    {
        Assert.Equal("\"grüße\"", new TestMessage(FrameType.Text, "grüße"u8.ToArray(), default).ToString());
        Assert.Equal($"\"{new string('x', 100)}…\"", new TestMessage(FrameType.Text, Enumerable.Repeat((byte)'x', 101).ToArray(), default).ToString());
        Assert.Equal("Binary of 3 bytes", new TestMessage(FrameType.Binary, new byte[3], default).ToString());
    }
}
