namespace Duplex.Tests;

public sealed class FeedMessageTests
{
    [Fact]
    public void A_text_counts_its_bytes_of_utf8()
    {
        var message = new FeedMessage("aé😀");
        Assert.Equal((FrameType.Text, 7), (message.Type, message.Length));
        Assert.Equal("aé😀"u8.ToArray(), message.Copy());
        Assert.Equal(0, new FeedMessage("").Length);
        Assert.Throws<ArgumentNullException>(() => new FeedMessage(null!));
    }

    [Fact]
    public void A_copy_of_data_does_not_change_with_it()
    {
        byte[] data = [1, 2, 3];
        var message = new FeedMessage(data, FrameType.Binary);
        byte[] copy = message.Copy();
        data[0] = 9;
        Assert.Equal([1, 2, 3], copy);
        Assert.Equal((FrameType.Binary, 3), (message.Type, message.Length));
    }

    [Fact]
    public void A_whole_text_or_binary_frame_is_a_message()
    {
        Assert.Equal(FrameType.Text, FeedMessage.Of(new Frame.Text("x")).Type);
        FeedMessage binary = FeedMessage.Of(new Frame.Binary(new byte[] { 1 }));
        Assert.Equal((FrameType.Binary, 1), (binary.Type, binary.Length));
    }

    [Fact]
    public void A_fragment_or_a_control_frame_is_none()
    {
        Assert.Throws<ArgumentNullException>("frame", () => FeedMessage.Of(null!));
        foreach (Frame frame in (Frame[])[
            new Frame.Text(fin: false, "x"u8.ToArray()), new Frame.Ping(), new Frame.Pong(), new Frame.Close()])
            Assert.Contains($"{frame.Type}", Assert.Throws<ArgumentException>(() => FeedMessage.Of(frame)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_sent_as_what_it_is()
    {
        await using var scene = new Scene();
        await using DefaultClientWebSocketSession session =
            await scene.Client.WebSocketSessionAsync("ws://server.test/").Soon();
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        await new FeedMessage("text").SendAsync(session, default, default).Soon();
        await new FeedMessage("as bytes"u8.ToArray(), FrameType.Text).SendAsync(session, default, default).Soon();
        await new FeedMessage(new byte[] { 7 }, FrameType.Binary).SendAsync(session, default, default).Soon();
        Assert.Equal("text", ((Frame.Text)(await server.Incoming.ReadAsync().Soon())).ReadText());
        Assert.Equal("as bytes", ((Frame.Text)(await server.Incoming.ReadAsync().Soon())).ReadText());
        Assert.Equal([7], ((Frame.Binary)await server.Incoming.ReadAsync().Soon()).ReadBytes());
    }
}
