
namespace Duplex.Tests;

public sealed class SessionsOverHttpTests
{
    public static TheoryData<bool> PlainAndTls => [false, true];

    [Theory, MemberData(nameof(PlainAndTls))]
    [KtorParity("test-life/WebSocketTest.testImmediateReceiveAfterConnect", "weakness/25-races")]
    public async Task A_frame_in_the_same_segment_or_TLS_record_as_the_answer_is_never_lost(bool tls)
    {
        const int Sessions = 100;
        using var server = new RawServer(tls);
        using HttpClient client = Clients.Create();

        Task serving = Task.WhenAll(Enumerable.Range(0, Sessions).Select(async _ =>
        {
            using RawPeer peer = await server.AcceptAsync();
            string name = peer.Header("X-Name")!;
            await peer.WriteAsync($"{peer.Accept()}\u0081{(char)name.Length}{name}\u0089\u0000");
            Assert.IsType<Frame.Pong>(await peer.ReceiveAsync());
            Assert.IsType<Frame.Close>(await peer.ReceiveAsync());
            await peer.WriteHexAsync("88 00");
        }));
        await Task.WhenAll(Enumerable.Range(0, Sessions).Select(async number =>
        {
            await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(server.Uri, request => request.Headers.Add("X-Name", $"session {number}"));
            Assert.Equal($"session {number}", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync()).ReadText());
            Assert.True((await session.CloseAsync()).WasClean);
        })).Soon();
        await serving.Soon();
    }

    [Theory, MemberData(nameof(PlainAndTls))]
    [KtorParity("test-default-session/testClientClosingFirst")]
    public async Task The_peers_close_is_echoed(bool tls)
    {
        await using var test = await RawSession.OpenAsync(tls);

        await test.Peer.WriteHexAsync("81 01 61  88 06 0fa0 62796521");

        Assert.Equal("a", Assert.IsType<Frame.Text>(await test.Session.Incoming.ReadAsync().Soon()).ReadText());
        Assert.False(await test.Session.Incoming.WaitToReadAsync().Soon());
        Assert.Equal(new CloseReason((CloseCode)4000, "bye!"), Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason());
        await test.Peer.EndAsync();
        CloseResult end = await test.Session.Completion.Soon();
        Assert.True(end.WasClean);
        Assert.Equal(CloseInitiator.Remote, end.Initiator);
        Assert.Equal((CloseCode)4000, end.Sent!.Code);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.SendAsync("late").AsTask());
    }

    [Theory, MemberData(nameof(PlainAndTls))]
    public async Task The_peers_empty_close_is_answered_by_an_empty_one(bool tls)
    {
        await using var test = await RawSession.OpenAsync(tls);

        await test.Peer.WriteHexAsync("88 00");

        Assert.Equal(0, (await test.Peer.ReceiveAsync())!.Data.Length);
        await test.Peer.EndAsync();
        CloseResult end = await test.Session.Completion.Soon();
        Assert.Equal(CloseReason.NoStatus, end.Sent);
        Assert.Equal(CloseReason.NoStatus, end.Received);
        Assert.True(end.WasClean);
    }

    [Theory, MemberData(nameof(PlainAndTls))]
    public async Task Our_close_goes_behind_what_was_sent_and_waits_for_the_peers(bool tls)
    {
        await using var test = await RawSession.OpenAsync(tls);

        await test.Session.SendAsync("last words");
        Task<CloseResult> closing = test.Session.CloseAsync(new CloseReason(CloseCode.GoingAway, "done"));

        Assert.IsType<Frame.Text>(await test.Peer.ReceiveAsync());
        Assert.Equal("done", Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason()!.Message);
        Assert.False(closing.IsCompleted);
        await test.Peer.WriteHexAsync("81 01 61  88 02 03e9");
        CloseResult handshake = await closing.Soon();
        Assert.True(handshake.WasClean);
        Assert.Equal("a", Assert.IsType<Frame.Text>(await test.Session.Incoming.ReadAsync().Soon()).ReadText());
        Assert.False(await test.Session.Incoming.WaitToReadAsync().Soon());
        await test.Peer.EndAsync();
        Assert.Equal(CloseInitiator.Local, (await test.Session.Completion.Soon()).Initiator);
    }

    [Theory, MemberData(nameof(PlainAndTls))]
    [KtorParity("test-protocol/WebSocketEngineSuite.testCorruptFrameWithBadOpcode")]
    public async Task A_violation_is_told_and_the_connection_released(bool tls)
    {
        await using var test = await RawSession.OpenAsync(tls);

        await test.Peer.WriteHexAsync("81 01 61  83 00");

        Assert.Equal("a", Assert.IsType<Frame.Text>(await test.Session.Incoming.ReadAsync().Soon()).ReadText());
        await Assert.ThrowsAsync<WebSocketProtocolException>(() => test.Session.Incoming.ReadAsync().AsTask().Soon());
        Assert.Equal(CloseCode.ProtocolError, Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason()!.Code);
        await test.Peer.EndAsync();
        CloseResult end = await test.Session.Completion.Soon();
        Assert.False(end.WasClean);
        Assert.Equal(CloseCode.ProtocolError, (await test.Session.CloseReason.Soon()).Code);
        Assert.Null(await test.Peer.ReceiveAsync());
    }

    [Theory, MemberData(nameof(PlainAndTls))]
    [KtorParity("weakness/2-the-cause-of-an-abnormal-end-is-lost")]
    public async Task An_end_without_a_close_frame_is_an_error_behind_the_last_frame(bool tls)
    {
        await using var test = await RawSession.OpenAsync(tls);

        await test.Peer.WriteHexAsync("81 01 61");
        await test.Peer.EndAsync();

        Assert.Equal("a", Assert.IsType<Frame.Text>(await test.Session.Incoming.ReadAsync().Soon()).ReadText());
        WebSocketClosedException error = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.ReadAsync().AsTask().Soon());
        Assert.IsType<EndOfStreamException>(error.InnerException);
        Assert.Equal(CloseInitiator.None, (await test.Session.Completion.Soon()).Initiator);
        Assert.Equal(CloseReason.Abnormal, await test.Session.CloseReason.Soon());
    }

    [Theory, MemberData(nameof(PlainAndTls))]
    [KtorParity("weakness/2-the-cause-of-an-abnormal-end-is-lost")]
    public async Task A_reset_is_an_error_behind_the_last_frame(bool tls)
    {
        await using var test = await RawSession.OpenAsync(tls);

        await test.Peer.WriteHexAsync("81 01 61");
        Assert.Equal("a", Assert.IsType<Frame.Text>(await test.Session.Incoming.ReadAsync().Soon()).ReadText());
        test.Peer.Reset();

        WebSocketClosedException error = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.ReadAsync().AsTask().Soon());
        Assert.IsAssignableFrom<IOException>(error.InnerException);
        CloseResult end = await test.Session.Completion.Soon();
        Assert.Equal(CloseInitiator.None, end.Initiator);
        Assert.IsAssignableFrom<IOException>(end.Error);
    }

    [Theory, MemberData(nameof(PlainAndTls))]
    [KtorParity("weakness/3-no-close-timeout-half-closed-right-after")]
    public async Task A_peer_that_never_answers_a_close_is_dropped_after_the_close_timeout(bool tls)
    {
        var time = new TestClock();
        await using var test = await RawSession.OpenAsync(tls, ws => ws.TimeProvider = time);

        Task<CloseResult> closing = test.Session.CloseAsync();
        Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync());
        await Patience.Until(() => test.Session.BufferedBytes == 0); // the peer may have our Close before our write returns
        await AdvanceUntilAsync(time, closing);

        CloseResult end = await closing;
        Assert.False(end.WasClean);
        Assert.Equal(CloseReason.Normal, end.Sent);
        Assert.IsType<TimeoutException>(end.Error);
        WebSocketClosedException error = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.ReadAsync().AsTask().Soon());
        Assert.IsType<TimeoutException>(error.InnerException);
        await test.Session.Completion.Soon();
    }

    [Theory, MemberData(nameof(PlainAndTls))]
    public async Task A_peer_that_never_reads_cannot_hold_up_the_end(bool tls)
    {
        var time = new TestClock();
        await using var test = await RawSession.OpenAsync(tls, ws => ws.TimeProvider = time);

        // More than the sockets' buffers and our own hold: the send waits for room.
        Task sending = test.Session.SendAsync(new byte[64 << 20]).AsTask();
        Task disposing = test.Session.DisposeAsync().AsTask();
        await AdvanceUntilAsync(time, disposing);

        await disposing;
        await Assert.ThrowsAsync<WebSocketClosedException>(() => sending.Soon());
        Assert.Null((await test.Session.Completion).Sent);
    }

    [Theory, MemberData(nameof(PlainAndTls))]
    [KtorParity("test-default-session/DefaultWebSocketTest.testPingPongTimeout", "untested/a-peer-that-is-really-dead")]
    public async Task A_silent_peer_is_given_up_after_interval_and_timeout(bool tls)
    {
        var time = new TestClock();
        await using var test = await RawSession.OpenAsync(tls, ws =>
        {
            ws.TimeProvider = time;
            ws.PingInterval = TimeSpan.FromSeconds(10);
            ws.PingTimeout = TimeSpan.FromSeconds(5);
        });

        time.Advance(TimeSpan.FromSeconds(10));
        Assert.IsType<Frame.Ping>(await test.Peer.ReceiveAsync());
        await AdvanceUntilAsync(time, test.Session.Completion);

        CloseResult end = await test.Session.Completion;
        Assert.Contains("Ping timeout", Assert.IsType<TimeoutException>(end.Error).Message, StringComparison.Ordinal);
        Assert.Equal(CloseReason.Abnormal, end.Reason);
        WebSocketClosedException error = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.ReadAsync().AsTask().Soon());
        Assert.IsType<TimeoutException>(error.InnerException);
    }

    [Theory, MemberData(nameof(PlainAndTls))]
    public async Task A_peer_that_sends_one_byte_at_a_time_is_understood(bool tls)
    {
        await using var test = await RawSession.OpenAsync(tls);

        foreach (byte b in Convert.FromHexString("01026869" + "890121" + "80022121" + "880203e8"))
            await test.Peer.WriteAsync(new[] { b });

        Assert.Equal("hi!!", Assert.IsType<Frame.Text>(await test.Session.Incoming.ReadAsync().Soon()).ReadText());
        Assert.False(await test.Session.Incoming.WaitToReadAsync().Soon());
        Assert.Equal([0x21], Assert.IsType<Frame.Pong>(await test.Peer.ReceiveAsync()).ReadBytes());
        Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync());
    }

    [Theory, MemberData(nameof(PlainAndTls))]
    [KtorParity("weakness/9-maxFrameSize")]
    public async Task A_frame_that_declares_2_to_the_62_bytes_ends_the_session_at_its_header(bool tls)
    {
        await using var test = await RawSession.OpenAsync(tls);

        await test.Peer.WriteHexAsync("82 7f 40 00 00 00 00 00 00 00");

        FrameTooBigException error = await Assert.ThrowsAsync<FrameTooBigException>(() => test.Session.Incoming.ReadAsync().AsTask().Soon());
        Assert.Equal(1L << 62, error.Size);
        Assert.Contains("MaxFrameSize", error.Message, StringComparison.Ordinal);
        Assert.Equal(CloseCode.MessageTooBig, Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason()!.Code);
    }

    [Fact]
    [KtorParity("test-default-session/testWebSocketSessionCancelledOnServerStop")]
    public async Task An_open_session_outlives_its_client_and_handler()
    {
        using var server = new RawServer();
        DefaultClientWebSocketSession session;
        RawPeer peer;
        using (HttpClient client = Clients.Create())
        {
            Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(server.Uri);
            peer = await server.AcceptAsync();
            await peer.UpgradeAsync();
            session = await opening.Soon();
        }

        await session.SendAsync("still here");
        Assert.IsType<Frame.Text>(await peer.ReceiveAsync());
        session.Abort();
        await session.DisposeAsync().Soon();
        peer.Dispose();
    }

    // Timers are armed on other threads; each step gives whoever is to arm one the time to do so.
    private static async Task AdvanceUntilAsync(TestClock time, Task done)
    {
        await Patience.Until(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(50));
            return done.IsCompleted;
        });
    }
}
