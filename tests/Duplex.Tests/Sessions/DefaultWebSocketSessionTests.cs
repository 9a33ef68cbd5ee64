namespace Duplex.Tests;

public sealed class DefaultWebSocketSessionTests
{
    [Fact]
    public async Task A_text_is_received_and_a_ping_is_answered()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();

        test.Peer.SendHex("81 05 48 65 6c 6c 6f  89 02 01 02");

        Frame frame = await test.Session.Incoming.ReadAsync().Soon();
        Assert.Equal("Hello", Assert.IsType<Frame.Text>(frame).ReadText());
        frame.Recycle();
        Frame pong = await test.Peer.ReceiveAsync();
        Assert.Equal([1, 2], Assert.IsType<Frame.Pong>(pong).ReadBytes());
    }

    [Fact]
    public async Task The_peers_close_is_echoed_and_is_a_normal_end()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var reason = new CloseReason((CloseCode)4000, "bye");

        test.Peer.SendClose(reason);

        Assert.Equal(reason, Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason());
        Assert.False(await test.Session.Incoming.WaitToReadAsync().Soon());
        test.Peer.SendEof();
        CloseResult result = await test.Session.Completion.Soon();
        Assert.True(result.WasClean);
        Assert.Equal(reason, result.Sent);
        Assert.Equal(CloseInitiator.Remote, result.Initiator);
        Assert.Equal(reason, await test.Session.CloseReason.Soon());
    }

    [Fact]
    public async Task A_batch_comes_through_a_queue_of_one_frame_whole()
    {
        for (int i = 0; i < 300; i++) // a race, if it is one
        {
            await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { Incoming = ChannelConfig.Bounded(1, 1000) });
            Task<string> first = test.ReceiveAsync();

            test.Peer.SendHex("81 01 61  81 01 62  81 01 63  81 01 64");

            Assert.Equal("a", await first);
            Assert.Equal("b", await test.ReceiveAsync());
            Assert.Equal("c", await test.ReceiveAsync());
            Assert.Equal("d", await test.ReceiveAsync());
        }
    }
}
