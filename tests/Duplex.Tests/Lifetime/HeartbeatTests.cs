namespace Duplex.Tests;

public sealed class HeartbeatTests
{
    [Fact]
    public async Task A_message_goes_out_every_interval_and_its_reply_is_seen_by_the_session_alone()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(new Heartbeat("ping", "pong") { Interval = TimeSpan.FromSeconds(20), Timeout = TimeSpan.FromSeconds(7) });
        Assert.Null(test.Session.LastRoundTripTime);

        for (int i = 1; i <= 3; i++)
        {
            await test.Time.Pass(TimeSpan.FromSeconds(i == 1 ? 20 : 13));
            Assert.Equal("ping", await test.SentAsync());
            await test.Time.Armed(TimeSpan.FromSeconds(7));
            test.Peer.SendFrame(Opcode.Text, "pong"u8);
            test.Peer.SendFrame(Opcode.Text, "news"u8);
            Assert.Equal("news", await test.ReceiveAsync());
            await test.Time.Pass(TimeSpan.FromSeconds(7)); // where the deadline would have been
        }

        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
        Assert.NotNull(test.Session.LastRoundTripTime);
        Assert.Equal(0, test.Session.Incoming.Count);
    }

    [Fact]
    public async Task A_peer_that_does_not_reply_is_lost()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(new Heartbeat("ping", "pong") { Interval = TimeSpan.FromSeconds(20), Timeout = TimeSpan.FromSeconds(7) });

        await test.Time.Pass(TimeSpan.FromSeconds(20));
        Assert.Equal("ping", await test.SentAsync());
        await test.Time.Armed(TimeSpan.FromSeconds(7));
        await test.Time.Pass(TimeSpan.FromSeconds(7));

        Assert.IsType<TimeoutException>((await test.Session.Completion.Soon()).Error);
    }

    [Fact]
    public async Task Without_replies_a_silent_peer_is_not_lost()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(new Heartbeat("ping") { Interval = TimeSpan.FromSeconds(20), Timeout = TimeSpan.FromSeconds(7) });

        for (int i = 0; i < 3; i++)
        {
            await test.Time.Armed(TimeSpan.FromSeconds(20));
            await test.Time.Pass(TimeSpan.FromSeconds(20));
            Assert.Equal("ping", await test.SentAsync());
        }

        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
    }

    [Fact]
    public async Task Only_when_idle_is_when_nothing_came_for_an_interval()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(new Heartbeat("ping", "pong") { Interval = TimeSpan.FromSeconds(20), OnlyWhenIdle = true });

        await test.Time.Armed(TimeSpan.FromSeconds(20));
        test.Time.Advance(TimeSpan.FromSeconds(15));
        test.Peer.SendFrame(Opcode.Text, "news"u8);
        Assert.Equal("news", await test.ReceiveAsync());
        test.Time.Advance(TimeSpan.FromSeconds(19));
        Assert.False(test.Peer.TryReceive(out _)); // 34 s after the start, and 19 s after the news
        test.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("ping", await test.SentAsync());
    }

    [Fact]
    public async Task A_message_or_a_test_that_throws_ends_the_session_with_1011_and_what_it_threw()
    {
        var mine = new FormatException("mine");
        await using SessionUnderTest<DefaultWebSocketSession> making = Open(new Heartbeat(() => throw mine));
        await using SessionUnderTest<DefaultWebSocketSession> testing = Open(new Heartbeat(() => new Frame.Text("ping"), _ => throw mine));

        await making.Time.Pass(TimeSpan.FromSeconds(20));
        testing.Peer.SendFrame(Opcode.Text, "news"u8);

        foreach (SessionUnderTest<DefaultWebSocketSession> test in new[] { making, testing })
        {
            Assert.Equal(CloseCode.InternalError, Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason()!.Code);
            test.Peer.SendFrame(Opcode.Close, []);
            test.Peer.SendEof();
            Assert.Same(mine, (await test.Session.Completion.Soon()).Error!.InnerException);
        }
    }

    [Fact]
    public async Task What_is_no_whole_message_ends_the_session_and_says_what_to_return()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(new Heartbeat(() => new Frame.Text(fin: false, "half"u8.ToArray())));

        await test.Time.Pass(TimeSpan.FromSeconds(20));

        Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync());
        test.Peer.SendFrame(Opcode.Close, []);
        test.Peer.SendEof();
        Assert.Contains("Frame.Binary", (await test.Session.Completion.Soon()).Error!.InnerException!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_works_where_pings_do_not_exist_and_can_be_changed_on_the_session()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with
        {
            Heartbeat = new Heartbeat("ping", "pong"),
            Connection = settings.Connection with { HasReplies = true, Engine = new EngineProfile("Test", EngineCapability.WebSocket) },
        });

        test.Session.PingInterval = TimeSpan.FromSeconds(3);
        await test.Time.Pass(TimeSpan.FromSeconds(3));

        Assert.Equal("ping", await test.SentAsync());
    }

    [Fact]
    public async Task A_beat_that_is_skipped_does_not_make_an_answered_peer_seem_dead()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(new Heartbeat("ping", "pong") { Interval = TimeSpan.FromSeconds(20), Timeout = TimeSpan.FromSeconds(50) });
        await test.Time.Pass(TimeSpan.FromSeconds(20));
        Assert.Equal("ping", await test.SentAsync());

        // The next is skipped, because our message is unfinished; then the first is answered, and all is quiet.
        await test.Session.SendAsync(new Frame.Text(fin: false, "half"u8.ToArray()));
        await test.Peer.ReceiveAsync();
        await test.Time.PassStepwise(TimeSpan.FromSeconds(20));
        test.Peer.SendFrame(Opcode.Text, "pong"u8);
        test.Peer.SendFrame(Opcode.Text, "news"u8);
        Assert.Equal("news", await test.ReceiveAsync());
        await test.Time.PassStepwise(TimeSpan.FromSeconds(60));

        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
    }

    [Fact]
    public async Task A_reply_does_not_answer_a_ping_of_the_application()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(new Heartbeat("ping", "pong") { Interval = TimeSpan.FromSeconds(20), Timeout = TimeSpan.FromSeconds(50) });
        Task<TimeSpan> pinging = test.Session.PingAsync();
        Frame ping = await test.Peer.ReceiveAsync();

        await test.Time.Pass(TimeSpan.FromSeconds(20));
        Assert.Equal("ping", await test.SentAsync());
        test.Peer.SendFrame(Opcode.Text, "pong"u8);
        test.Peer.SendFrame(Opcode.Text, "news"u8);
        Assert.Equal("news", await test.ReceiveAsync());
        Assert.False(pinging.IsCompleted);

        test.Peer.SendFrame(Opcode.Pong, ping.Data.Span);
        Assert.Equal(TimeSpan.FromSeconds(20), await pinging.Soon());
    }

    [Fact]
    public async Task A_full_queue_that_closes_on_overflow_is_no_fault_of_a_heartbeat()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with
        {
            Heartbeat = new Heartbeat("ping") { Interval = TimeSpan.FromSeconds(20), Timeout = Timeout.InfiniteTimeSpan },
            Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(1, 1 << 16, ChannelOverflow.Close) },
        });
        test.Peer.BlockWrites();
        await test.Session.SendAsync("first");
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        await test.Session.SendAsync("second");

        await test.Time.Pass(TimeSpan.FromSeconds(20));
        test.Peer.UnblockWrites();

        Assert.Equal(["first", "second", "ping"], new[] { await test.SentAsync(), await test.SentAsync(), await test.SentAsync() });
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
    }

    [Fact]
    public void Replies_need_messages()
    {
        var options = new WebSocketsOptions { Heartbeat = new Heartbeat("ping", "pong") };

        options.ThrowIfHeartbeat(ReceiveMode.Messages);
        Assert.Contains("ReceiveMode.Messages", Assert.Throws<InvalidOperationException>(() => options.ThrowIfHeartbeat(ReceiveMode.Streams)).Message, StringComparison.Ordinal);
        options.Heartbeat = new Heartbeat("ping");
        options.ThrowIfHeartbeat(ReceiveMode.Streams);
    }

    [Fact]
    public void Times_are_checked_and_have_the_defaults_of_pings()
    {
        var heartbeat = new Heartbeat("ping");

        Assert.Equal((TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(20), false), (heartbeat.Interval, heartbeat.Timeout, heartbeat.OnlyWhenIdle));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Heartbeat("ping") { Interval = TimeSpan.Zero });
        Assert.Throws<ArgumentOutOfRangeException>(() => new Heartbeat("ping") { Timeout = TimeSpan.FromSeconds(-3) });
        Assert.Throws<ArgumentNullException>(() => new Heartbeat((string)null!));
        Assert.Throws<ArgumentNullException>(() => new Heartbeat((Func<Frame>)null!));
    }

    private static SessionUnderTest<DefaultWebSocketSession> Open(Heartbeat heartbeat) => SessionUnderTest.Default(settings => settings with
    {
        Heartbeat = heartbeat,
        Connection = settings.Connection with { HasReplies = heartbeat.HasReplies },
    });
}
