namespace Duplex.Tests;

public sealed class RawWebSocketSessionTests
{
    [Fact]
    [KtorParity("test-raw/RawWebSocketTest.smokeTest")]
    public async Task Every_frame_comes_as_it_stood_on_the_wire_and_nothing_is_answered()
    {
        await using SessionUnderTest<RawWebSocketSession> test = SessionUnderTest.Raw();

        // A character split between two fragments, a ping between them, and a Close.
        test.Peer.SendHex("01 02 48 c3  89 01 09  00 01 a9  80 02 6c 6c  8a 01 0a  82 01 ff  82 00  88 04 03 e8 6f 6b");

        Frame first = await test.Session.Incoming.ReadAsync().Soon();
        Assert.Equal((FrameType.Text, false, "48C3"), Take(first));
        Assert.Equal((FrameType.Ping, true, "09"), Take(await test.Session.Incoming.ReadAsync().Soon()));
        Assert.Equal((FrameType.Text, false, "A9"), Take(await test.Session.Incoming.ReadAsync().Soon()));
        Assert.Equal((FrameType.Text, true, "6C6C"), Take(await test.Session.Incoming.ReadAsync().Soon()));
        Assert.Equal((FrameType.Pong, true, "0A"), Take(await test.Session.Incoming.ReadAsync().Soon()));
        Assert.Equal((FrameType.Binary, true, "FF"), Take(await test.Session.Incoming.ReadAsync().Soon()));
        Assert.Equal((FrameType.Binary, true, ""), Take(await test.Session.Incoming.ReadAsync().Soon()));
        Assert.Equal((FrameType.Close, true, "03E86F6B"), Take(await test.Session.Incoming.ReadAsync().Soon()));
        Assert.False(await test.Session.Incoming.WaitToReadAsync().Soon());
        Assert.Equal(WebSocketSessionState.PeerClosing, test.Session.State);
        Assert.Empty(test.Peer.Received);
    }

    [Fact]
    public async Task The_limits_of_messages_do_not_apply_and_those_of_frames_do()
    {
        await using SessionUnderTest<RawWebSocketSession> test = SessionUnderTest.Raw(settings =>
            settings with { Connection = settings.Connection with { MaxMessageSize = 2, MaxFragments = 1, MaxFrameSize = 3 } });

        test.Peer.SendHex("02 03 01 02 03  00 03 04 05 06  80 03 07 08 09  82 04");

        Assert.Equal("Binary(010203)...", await test.ReceiveAsync());
        Assert.Equal("Binary(040506)...", await test.ReceiveAsync());
        Assert.Equal("Binary(070809)", await test.ReceiveAsync());
        var tooBig = await Assert.ThrowsAsync<FrameTooBigException>(() => test.Session.Incoming.ReadAsync().Soon());
        Assert.Equal((3, 4), (tooBig.Limit, tooBig.Size));
        Assert.Contains("MaxFrameSize", tooBig.Message, StringComparison.Ordinal);
        Assert.Equal("Close(1009 MessageTooBig)", await test.SentAsync());
    }

    [Fact]
    public async Task Text_is_checked_across_fragments_as_strictly_as_anywhere()
    {
        await using SessionUnderTest<RawWebSocketSession> test = SessionUnderTest.Raw();

        test.Peer.SendHex("01 01 c3  80 01 28");

        Assert.Equal((FrameType.Text, false, "C3"), Take(await test.Session.Incoming.ReadAsync().Soon()));
        var invalid = await Assert.ThrowsAsync<WebSocketProtocolException>(() => test.Session.Incoming.ReadAsync().Soon());
        Assert.Equal(CloseCode.InvalidFramePayloadData, invalid.CloseCode);
        Assert.Equal("Close(1007 InvalidFramePayloadData)", await test.SentAsync());
    }

    [Fact]
    public async Task No_ping_is_sent_and_no_timer_runs()
    {
        await using SessionUnderTest<RawWebSocketSession> test = SessionUnderTest.Raw(settings => settings with { PingInterval = TimeSpan.FromSeconds(1) });

        Assert.Equal(0, test.Time.LiveTimers);
        test.Time.Advance(TimeSpan.FromDays(1));

        Assert.Empty(test.Peer.Received);
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
    }

    [Theory, InlineData("88 00", "1005 NoStatusReceived"), InlineData("88 02 03 e9", "1001 GoingAway")]
    public async Task CloseAsync_answers_the_peers_close_with_our_own_reason(string close, string received)
    {
        await using SessionUnderTest<RawWebSocketSession> test = SessionUnderTest.Raw();
        test.Peer.SendHex(close);
        test.Peer.SendEof();
        await test.Until(WebSocketSessionState.PeerClosing);
        var ours = new CloseReason((CloseCode)4000, "bye");

        CloseResult result = await test.Session.CloseAsync(ours).Soon();

        Assert.Equal(received, result.Received!.ToString());
        Assert.Equal(new CloseResult { Initiator = CloseInitiator.Remote, Sent = ours, Received = result.Received, WasClean = true }, result);
        Assert.Equal("Close(4000: bye)", await test.SentAsync());
        Assert.Equal(result, await test.Session.Completion.Soon());
    }

    [Fact]
    public async Task Only_the_first_answer_to_the_peers_close_is_sent()
    {
        await using SessionUnderTest<RawWebSocketSession> test = SessionUnderTest.Raw();
        test.Peer.SendClose(CloseReason.Normal);
        test.Peer.SendEof();
        await test.Until(WebSocketSessionState.PeerClosing);

        Task<CloseResult>[] closings = [.. Enumerable.Range(0, 4).Select(i => Task.Run(() => test.Session.CloseAsync(new CloseReason((CloseCode)(4000 + i)))))];
        CloseResult[] results = await Task.WhenAll(closings).Soon();

        Assert.All(results, result => Assert.Equal(results[0], result));
        await test.Session.Completion.Soon();
        Assert.Equal($"Close({results[0].Sent})", Ending.Describe(test.Peer));
    }

    private static (FrameType Type, bool Fin, string Data) Take(Frame frame)
    {
        (FrameType, bool, string) seen = (frame.Type, frame.Fin, Convert.ToHexString(frame.Data.Span));
        frame.Recycle();
        return seen;
    }
}
