using System.Text;

namespace Duplex.Tests;

/// <summary>What Ktor's own tests say of the bytes of a session, asked of ours with a peer that writes and reads them by hand.</summary>
public sealed class WireTests
{
    [Fact]
    [KtorParity("test-default-session/testWebSocketGenericSequence")]
    public async Task A_text_and_a_close_are_received_and_the_close_is_echoed()
    {
        await using RawSession test = await RawSession.OpenAsync(tls: false);

        await test.Peer.WriteHexAsync("81 05 48656c6c6f  88 02 03e8");

        Assert.Equal("Hello", Assert.IsType<Frame.Text>(await test.Session.Incoming.ReadAsync().Soon()).ReadText());
        Assert.False(await test.Session.Incoming.WaitToReadAsync().Soon());
        Assert.Equal(CloseReason.Normal, Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason());
        Assert.Equal(CloseReason.Normal, await test.Session.CloseReason.Soon());
    }

    [Fact]
    [KtorParity("test-data/WebSocketTest.testCountPong", "test-default-session/DefaultWebSocketTest.pingPong")]
    public async Task Each_ping_is_answered_by_one_pong_with_its_payload_in_order()
    {
        await using RawSession test = await RawSession.OpenAsync(tls: false);

        for (int i = 0; i < 5; i++)
        {
            await test.Peer.WriteHexAsync($"89 02 700{i}");
            Assert.Equal([0x70, (byte)i], Assert.IsType<Frame.Pong>(await test.Peer.ReceiveAsync()).ReadBytes());
        }

        // Exactly one each: the next frame is our Close.
        _ = test.Session.CloseAsync();
        Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync());
        await test.Peer.WriteHexAsync("88 02 03e8");
        await test.Peer.EndAsync();
        Assert.True((await test.Session.Completion.Soon()).WasClean);
        Assert.Equal(0, test.Session.Incoming.Count);
    }

    [Fact]
    [KtorParity("test-data/DarwinEngineTest.testWebSocketPingInterval")]
    [KtorParity("test-default-session/WebSocketEngineSuite.testWebSocketPingPong")]
    public async Task Pings_go_out_by_themselves_and_neither_they_nor_their_pongs_are_seen_by_the_user()
    {
        await using RawSession test = await RawSession.OpenAsync(tls: false, ws => ws.PingInterval = TimeSpan.FromMilliseconds(20));

        for (int i = 0; i < 5; i++)
        {
            Frame.Ping ping = Assert.IsType<Frame.Ping>(await test.Peer.ReceiveAsync());
            Assert.True(ping.Fin);
            Assert.NotEqual(0, ping.Data.Length);
            await test.Peer.WriteHexAsync($"8a {ping.Data.Length:x2} {Convert.ToHexString(ping.Data.Span)}");
        }

        await test.Peer.WriteHexAsync("88 02 03e8");
        Frame? frame;
        do
            frame = await test.Peer.ReceiveAsync();
        while (frame is Frame.Ping);
        Assert.Equal(CloseReason.Normal, Assert.IsType<Frame.Close>(frame).ReadReason());
        Assert.False(await test.Session.Incoming.WaitToReadAsync().Soon());
    }

    [Theory]
    [InlineData("receiving")]
    [InlineData("sending")]
    [InlineData("idle")]
    [KtorParity("test-default-session/testWebSocketDisconnectDuringConsuming")]
    [KtorParity("test-default-session/testWebSocketDisconnectDuringSending")]
    [KtorParity("test-default-session/testWebSocketDisconnectDuringDowntime")]
    public async Task A_peer_that_vanishes_ends_the_session_whatever_it_was_doing(string doing)
    {
        await using RawSession test = await RawSession.OpenAsync(tls: false);

        Task? busy = doing switch
        {
            "receiving" => test.Session.Incoming.ReadAsync().AsTask(),
            "sending" => SendForEverAsync(test.Session),
            _ => null,
        };
        test.Peer.Reset();

        if (busy is not null)
            await Assert.ThrowsAsync<WebSocketClosedException>(() => busy.Soon());
        CloseResult end = await test.Session.Completion.Soon();
        Assert.Equal((CloseReason.Abnormal, CloseInitiator.None, false), (end.Reason, end.Initiator, end.WasClean));
        Assert.IsAssignableFrom<IOException>(end.Error);
        Assert.Equal(CloseReason.Abnormal, await test.Session.CloseReason.Soon());
    }

    [Theory]
    [InlineData("receiving")]
    [InlineData("sending")]
    [InlineData("idle")]
    [KtorParity("test-default-session/testRawWebSocketDisconnectDuringConsuming")]
    public async Task A_peer_that_vanishes_ends_a_raw_session_too(string doing)
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();
        (RawPeer peer, ClientWebSocketSession session) = await OpenRawAsync(server, client);
        using RawPeer released = peer;
        await using ClientWebSocketSession ended = session;

        Task? busy = doing switch
        {
            "receiving" => session.Incoming.ReadAsync().AsTask(),
            "sending" => SendForEverAsync(session),
            _ => null,
        };
        peer.Reset();

        if (busy is not null)
            await Assert.ThrowsAsync<WebSocketClosedException>(() => busy.Soon());
        Assert.Equal(CloseReason.Abnormal, (await session.Completion.Soon()).Reason);
    }

    [Fact]
    [KtorParity("test-default-session/testServerClosingFirst")]
    public async Task A_close_is_on_the_wire_at_once_and_the_peer_may_still_answer()
    {
        await using RawSession test = await RawSession.OpenAsync(tls: false);
        var reason = new CloseReason(CloseCode.TryAgainLater, "test");

        Task<CloseResult> closing = test.Session.CloseAsync(reason);

        Assert.Equal(reason, Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason());
        Assert.False(closing.IsCompleted);
        await test.Peer.WriteHexAsync("88 02 03e8");
        CloseResult end = await closing.Soon();
        Assert.Equal((reason, CloseReason.Normal, true), (end.Sent, end.Received, end.WasClean));
    }

    [Fact]
    [KtorParity("test-default-session/server-WebSocketTest.testFlushClosed")]
    [KtorParity("test-protocol/WriterTest.testWriteBigThenClose", "test-protocol/WriterTest.testWriteDataAfterClose")]
    public async Task A_large_frame_and_a_close_go_out_whole_and_nothing_follows()
    {
        await using RawSession test = await RawSession.OpenAsync(tls: false);
        byte[] large = new byte[65_535];
        new Random(1).NextBytes(large);

        Task sending = test.Session.SendAsync(large).AsTask();
        Task<CloseResult> closing = test.Session.CloseAsync();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.SendAsync("late").AsTask());

        Assert.True(Assert.IsType<Frame.Binary>(await test.Peer.ReceiveAsync()).Data.Span.SequenceEqual(large));
        Assert.Equal([0x03, 0xe8], Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadBytes());
        await sending.Soon();
        await test.Peer.WriteHexAsync("88 02 03e8");
        await test.Peer.EndAsync();
        await closing.Soon();
        await test.Session.FlushAsync().Soon();
        Assert.Null(await test.Peer.ReceiveAsync());
    }

    [Fact]
    [KtorParity("test-protocol/testALotOfFrames")]
    public async Task A_hundred_thousand_frames_without_a_pause_arrive_whole_and_in_order()
    {
        const int Frames = 100_000; // as many as Ktor's
        await using RawSession test = await RawSession.OpenAsync(tls: false);
        byte[] wire = [.. Enumerable.Range(0, Frames).SelectMany(i => (byte[])[0x81, (byte)i.ToString(null as IFormatProvider).Length, .. Encoding.ASCII.GetBytes(i.ToString(null as IFormatProvider))])];

        Task writing = test.Peer.WriteAsync(wire);
        for (int i = 0; i < Frames; i++)
        {
            Frame frame = await test.Session.Incoming.ReadAsync().Soon();
            Assert.Equal(i, int.Parse(frame.Data.Span, null));
            frame.Recycle();
        }

        await writing.Soon();
    }

    [Fact]
    [KtorParity("test-protocol/server-WebSocketTest.testFragmentation")]
    public async Task Fragments_with_a_ping_between_are_one_message()
    {
        await using RawSession test = await RawSession.OpenAsync(tls: false);

        await test.Peer.WriteHexAsync("01 03 414243  89 01 70  00 02 3132  80 01 33");

        Frame.Text message = Assert.IsType<Frame.Text>(await test.Session.Incoming.ReadAsync().Soon());
        Assert.Equal(("ABC123", true), (message.ReadText(), message.Fin));
        Assert.IsType<Frame.Pong>(await test.Peer.ReceiveAsync());
    }

    [Theory]
    [InlineData("82 7e 0400", 1023)] // one frame of 1024
    [InlineData("02 7e 0400 {1024} 80 02", 1025)] // two fragments, together 1026
    [InlineData("02 7e 0400 {1024} 00 7e 0400", 1025)]
    [KtorParity("test-protocol/testMaxSize", "test-protocol/testFragmentationMaxSize")]
    public async Task A_message_beyond_the_limit_is_1009_for_the_peer_and_an_exception_here(string hex, int limit)
    {
        await using RawSession test = await RawSession.OpenAsync(tls: false, ws => ws.MaxMessageSize = limit);

        await test.Peer.WriteHexAsync(hex.Replace("{1024}", new string('0', 2048), StringComparison.Ordinal));

        await Assert.ThrowsAsync<FrameTooBigException>(() => test.Session.Incoming.ReadAsync().Soon());
        Assert.Equal(CloseCode.MessageTooBig, Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason()!.Code);
        Assert.Equal(CloseCode.MessageTooBig, (await test.Session.CloseReason.Soon()).Code);
    }

    [Fact]
    [KtorParity("weakness/25-races")]
    public async Task The_limit_holds_for_the_first_frame_behind_the_answer()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create(ws => ws.MaxFrameSize = 10);

        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(server.Uri);
        using RawPeer peer = await server.AcceptAsync();
        await peer.WriteAsync($"{peer.Accept()}\u0081\u000bhello world");
        await using DefaultClientWebSocketSession session = await opening.Soon();

        await Assert.ThrowsAsync<FrameTooBigException>(() => session.Incoming.ReadAsync().Soon());
        Assert.Equal(CloseCode.MessageTooBig, Assert.IsType<Frame.Close>(await peer.ReceiveAsync()).ReadReason()!.Code);
        await peer.EndAsync();
    }

    [Fact]
    [KtorParity("test-protocol/WebSocketReaderTest.testInterruptedContinuation")]
    public async Task A_raw_session_delivers_what_came_before_a_message_that_interrupts_another()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();
        (RawPeer peer, ClientWebSocketSession session) = await OpenRawAsync(server, client);
        using RawPeer released = peer;
        await using ClientWebSocketSession ended = session;

        await peer.WriteHexAsync("01 01 61  89 00  01 01 62");

        Assert.Equal("a", Encoding.ASCII.GetString((await session.Incoming.ReadAsync().Soon()).Data.Span));
        Assert.IsType<Frame.Ping>(await session.Incoming.ReadAsync().Soon());
        await Assert.ThrowsAsync<WebSocketProtocolException>(() => session.Incoming.ReadAsync().Soon());
        Assert.Equal(CloseCode.ProtocolError, Assert.IsType<Frame.Close>(await peer.ReceiveAsync()).ReadReason()!.Code);
        await peer.EndAsync();
        await session.Completion.Soon();
    }

    [Fact]
    [KtorParity("test-raw/NettyEngineTest.testRawWebSocketFreeze")]
    public async Task A_raw_session_gives_ten_texts_and_the_close_as_eleven_frames_and_then_ends()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();
        (RawPeer peer, ClientWebSocketSession session) = await OpenRawAsync(server, client);
        using RawPeer released = peer;
        await using ClientWebSocketSession ended = session;

        await peer.WriteHexAsync(string.Concat(Enumerable.Repeat("81 01 61", 10)) + "88 02 03e8");

        var types = new List<FrameType>();
        await foreach (Frame frame in session.Incoming)
        {
            types.Add(frame.Type);
            if (frame is Frame.Close)
                await session.SendAsync(frame);
        }

        Assert.Equal([.. Enumerable.Repeat(FrameType.Text, 10), FrameType.Close], types);
        Assert.IsType<Frame.Close>(await peer.ReceiveAsync()); // an end before it would not be clean
        await peer.EndAsync();
        Assert.True((await session.Completion.Soon()).WasClean);
    }

    [Fact]
    [KtorParity("test-raw/testCloseSequenceInitiatedByClientNoMessages", "test-raw/testSendToClosed")]
    [KtorParity("test-raw/server-WebSocketTest.testSendClose")]
    public async Task A_raw_sessions_empty_close_is_answered_and_the_answer_is_a_frame()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();
        (RawPeer peer, ClientWebSocketSession session) = await OpenRawAsync(server, client);
        using RawPeer released = peer;
        await using ClientWebSocketSession ended = session;

        await session.SendAsync(new Frame.Close());
        Assert.Equal(0, Assert.IsType<Frame.Close>(await peer.ReceiveAsync()).Data.Length);
        await peer.WriteHexAsync("88 02 03e8");

        Assert.Equal(CloseReason.Normal, Assert.IsType<Frame.Close>(await session.Incoming.ReadAsync().Soon()).ReadReason());
        Assert.False(await session.Incoming.WaitToReadAsync().Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => session.SendAsync("late").AsTask());
        await peer.EndAsync();
        Assert.True((await session.Completion.Soon()).WasClean);
    }

    [Fact]
    [KtorParity("session/masking", "untested/masks-on-the-wire")]
    public async Task Every_frame_of_ours_is_masked_with_a_key_of_its_own()
    {
        await using RawSession test = await RawSession.OpenAsync(tls: false);
        byte[] wire = new byte[80]; // eight frames of ten bytes

        for (int i = 0; i < 8; i++)
            await test.Session.SendAsync("aaaa");
        await test.Session.FlushAsync().Soon();
        await test.Peer.Stream.ReadExactlyAsync(wire).Soon();

        byte[][] frames = [.. wire.Chunk(10)];
        Assert.All(frames, frame => Assert.Equal([0x81, 0x84], frame[..2]));
        Assert.All(frames, frame => Assert.Equal("aaaa"u8.ToArray(), frame[6..].Select((b, i) => (byte)(b ^ frame[2 + i]))));
        Assert.Equal(8, frames.Select(frame => Convert.ToHexString(frame[2..6])).Distinct().Count());
    }

    private static async Task SendForEverAsync(WebSocketSession session)
    {
        byte[] message = new byte[16 * 1024];
        while (true)
            await session.SendAsync(message);
    }

    private static async Task<(RawPeer Peer, ClientWebSocketSession Session)> OpenRawAsync(RawServer server, HttpClient client)
    {
        Task<ClientWebSocketSession> opening = client.WebSocketRawSessionAsync(server.Uri);
        RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();
        return (peer, await opening.Soon());
    }
}
