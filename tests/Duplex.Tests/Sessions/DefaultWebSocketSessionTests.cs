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
}
