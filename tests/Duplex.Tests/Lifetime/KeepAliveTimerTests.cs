namespace Duplex.Tests;

public sealed class KeepAliveTimerTests
{
    [Fact]
    public async Task A_ping_goes_out_every_interval_and_its_pong_keeps_the_session()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(20, 7);

        for (int i = 1; i <= 3; i++)
        {
            await test.Time.Pass(TimeSpan.FromSeconds(i == 1 ? 20 : 13));
            Frame ping = await test.Peer.ReceiveAsync();
            Assert.Equal(FrameType.Ping, ping.Type);

            // The text stands behind the pong: when it is there, the pong is.
            await test.Time.Armed(TimeSpan.FromSeconds(7));
            test.Peer.SendFrame(Opcode.Pong, ping.Data.Span);
            test.Peer.SendFrame(Opcode.Text, "alive"u8);
            await test.ReceiveAsync();
            await test.Time.Pass(TimeSpan.FromSeconds(7)); // where the deadline would have been
        }

        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
    }

    [Fact]
    [KtorParity("default-session/PINGER-DISABLED")]
    public async Task Without_pings_no_timer_runs()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(-1, 7);

        Assert.Equal(0, test.Time.LiveTimers);
    }

    [Fact]
    public async Task Turning_pings_off_disposes_the_timer_and_on_again_arms_one()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(20, 7);
        await test.Time.Armed(TimeSpan.FromSeconds(20));

        test.Session.PingInterval = Timeout.InfiniteTimeSpan;
        Assert.Equal(0, test.Time.LiveTimers);
        test.Session.PingInterval = TimeSpan.FromSeconds(3);

        await test.Time.Pass(TimeSpan.FromSeconds(3));
        Assert.Equal(FrameType.Ping, (await test.Peer.ReceiveAsync()).Type);
    }

    [Fact]
    public async Task The_end_of_the_session_disposes_the_timer()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(20, 7);
        await test.Time.Armed(TimeSpan.FromSeconds(20));

        test.Session.Abort();
        await test.Session.Completion.Soon();

        Assert.False(test.Time.IsArmed(TimeSpan.FromSeconds(20)));
        test.Session.PingInterval = TimeSpan.FromSeconds(1); // too late to begin again
        Assert.Equal(0, test.Time.ArmedTimers);
    }

    [Fact]
    public async Task A_peer_that_answers_nothing_is_given_up()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(20, 7);
        await test.Time.Pass(TimeSpan.FromSeconds(20));
        await test.Peer.ReceiveAsync();

        await test.Time.Pass(TimeSpan.FromSeconds(7));

        CloseResult end = await test.Session.Completion.Soon();
        Assert.IsType<TimeoutException>(end.Error);
        Assert.Equal(CloseInitiator.None, end.Initiator);
        await test.Peer.Released.Soon();
    }

    [Theory]
    [InlineData(60)]
    [InlineData(7.5)] // the stop's end falls together with the deadline
    public async Task A_pong_that_came_while_we_stood_still_is_not_missed(double seconds)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(100, 7);
        await test.Time.Pass(TimeSpan.FromSeconds(100));
        Frame ping = await test.Peer.ReceiveAsync();
        await test.Time.Armed(TimeSpan.FromSeconds(7));

        test.Time.StandStill(TimeSpan.FromSeconds(seconds)); // the timer looks first
        test.Time.Advance(TimeSpan.FromSeconds(0.9));
        test.Peer.SendFrame(Opcode.Pong, ping.Data.Span);
        test.Peer.SendFrame(Opcode.Text, "alive"u8);

        Assert.Equal("alive", await test.ReceiveAsync());
        test.Time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
    }

    [Fact]
    public async Task A_peer_that_is_silent_after_a_stop_too_is_given_up_a_second_later()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(100, 7);
        await test.Time.Pass(TimeSpan.FromSeconds(100));
        await test.Peer.ReceiveAsync();
        await test.Time.Armed(TimeSpan.FromSeconds(7));

        test.Time.StandStill(TimeSpan.FromSeconds(60));
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
        test.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.IsType<TimeoutException>((await test.Session.Completion.Soon()).Error);
    }

    [Fact]
    public async Task A_write_that_the_transport_took_while_we_stood_still_ends_nothing()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(100, 7);
        await test.Time.Armed(TimeSpan.FromSeconds(100));
        test.Peer.BlockWrites();
        await test.Session.SendAsync("blocked");
        await test.Time.Armed(TimeSpan.FromSeconds(7));

        test.Time.StandStill(TimeSpan.FromSeconds(60));
        test.Peer.UnblockWrites();
        await test.Session.FlushAsync().Soon();

        test.Time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
    }

    [Fact]
    public async Task A_queue_that_stays_full_for_longer_than_the_interval_is_a_warning_once_each_time()
    {
        using var logger = new ListLogger();
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with
        {
            PingInterval = TimeSpan.FromSeconds(20),
            PingTimeout = TimeSpan.FromSeconds(7),
            Incoming = ChannelConfig.Bounded(1, 1000),
            Telemetry = new() { Logger = logger },
        });
        await test.Time.Armed(TimeSpan.FromSeconds(20));
        for (int time = 1; time <= 2; time++)
        {
            test.Peer.SendHex("81 01 61  81 01 62");
            await Patience.Until(() => test.Session.SightReceiving().IsPaused);
            test.Time.Advance(TimeSpan.FromSeconds(19));
            Assert.Equal(time - 1, Warnings());
            var pings = new List<Frame>();
            for (int after = 1; pings.Count < 4; after = 20)
            {
                test.Time.Advance(TimeSpan.FromSeconds(after));
                pings.Add(await test.Peer.ReceiveAsync()); // so that the clock does not outrun them
            }

            Assert.Equal(time, Warnings());

            Assert.Equal("a", await test.ReceiveAsync());
            Assert.Equal("b", await test.ReceiveAsync());
            foreach (Frame ping in pings)
                test.Peer.SendFrame(Opcode.Pong, ping.Data.Span);
            await Patience.Until(() => test.Peer.IsDrained);
        }

        int Warnings() => logger.Entries.Count(entry => entry.Id == 23);
    }

    [Fact]
    public async Task A_queue_that_is_full_again_and_again_but_emptied_in_time_is_no_warning()
    {
        using var logger = new ListLogger();
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with
        {
            PingInterval = TimeSpan.FromSeconds(20),
            PingTimeout = Timeout.InfiniteTimeSpan,
            Incoming = ChannelConfig.Bounded(1, 1000),
            Telemetry = new() { Logger = logger },
        });
        await test.Time.Armed(TimeSpan.FromSeconds(20));
        for (int i = 0; i < 10; i++)
        {
            test.Peer.SendHex("81 01 61  81 01 62");
            await Patience.Until(() => test.Session.SightReceiving().IsPaused);
            test.Time.Advance(TimeSpan.FromSeconds(10)); // each tick, at the end of every other one, finds it full
            Assert.Equal("a", await test.ReceiveAsync());
            Assert.Equal("b", await test.ReceiveAsync());
        }

        Assert.DoesNotContain(logger.Entries, entry => entry.Id == 23);
    }

    [Fact]
    public async Task Its_times_can_be_read_and_are_checked_when_they_are_set()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(20, 7);

        Assert.Equal(TimeSpan.FromSeconds(20), test.Session.PingInterval);
        Assert.Equal(TimeSpan.FromSeconds(7), test.Session.PingTimeout);
        foreach (TimeSpan bad in new[] { TimeSpan.Zero, TimeSpan.FromSeconds(-2), TimeSpan.MaxValue })
        {
            var error = Assert.Throws<ArgumentOutOfRangeException>(() => test.Session.PingInterval = bad);
            Assert.Contains("Timeout.InfiniteTimeSpan", error.Message, StringComparison.Ordinal);
            Assert.Throws<ArgumentOutOfRangeException>(() => test.Session.PingTimeout = bad);
        }

        Assert.Equal(TimeSpan.FromSeconds(20), test.Session.PingInterval);
        test.Session.PingTimeout = TimeSpan.FromSeconds(9);
        Assert.Equal(TimeSpan.FromSeconds(9), test.Session.PingTimeout);
    }

    [Fact]
    public async Task A_new_timeout_holds_at_once_for_a_ping_that_is_on_its_way()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(20, 600);
        await test.Time.Pass(TimeSpan.FromSeconds(20));
        Assert.StartsWith("Ping", await test.SentAsync(), StringComparison.Ordinal);
        test.Session.PingInterval = TimeSpan.FromSeconds(500);

        test.Session.PingTimeout = TimeSpan.FromSeconds(7);

        await test.Time.Armed(TimeSpan.FromSeconds(7)); // the peer may see the ping before the session knows that it is sent
        await test.Time.PassStepwise(TimeSpan.FromSeconds(8), test.Session.Completion);
        Assert.IsType<TimeoutException>((await test.Session.Completion.Soon()).Error);
    }

    private static SessionUnderTest<DefaultWebSocketSession> Open(int interval, int timeout) => SessionUnderTest.Default(settings => settings with
    {
        PingInterval = interval < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(interval),
        PingTimeout = TimeSpan.FromSeconds(timeout),
    });
}
