using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Duplex.Tests;

public sealed class DefaultWebSocketSessionTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(7);
    private static readonly Func<SessionSettings, SessionSettings> Pinging = settings => settings with { PingInterval = Interval, PingTimeout = Silence };

    [Fact]
    public async Task A_session_of_one_receive_mode_refuses_the_members_of_the_other_and_says_how_to_have_them()
    {
        await using SessionUnderTest<DefaultWebSocketSession> messages = SessionUnderTest.Default();
        await using SessionUnderTest<DefaultWebSocketSession> streams = SessionUnderTest.Streams();

        Assert.Contains("ReceiveStreamAsync", Assert.Throws<InvalidOperationException>(() => streams.Session.Incoming).Message, StringComparison.Ordinal);
        Assert.Contains("ReceiveMode.Streams", Assert.Throws<InvalidOperationException>(() => _ = messages.Session.ReceiveStreamAsync()).Message, StringComparison.Ordinal);
        Assert.Contains("Incoming", Assert.Throws<InvalidOperationException>(() => messages.Session.ReceiveStreamsAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_that_receives_streams_answers_pings_measures_its_own_and_closes_politely()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();

        test.Peer.SendFrame(Opcode.Ping, "p"u8);
        Assert.Equal("Pong(70)", await test.SentAsync());
        Task<TimeSpan> pinging = test.Session.PingAsync();
        test.Peer.SendFrame(Opcode.Pong, (await test.Peer.ReceiveAsync()).Data.Span);
        await pinging.Soon();
        Task<CloseResult> closing = test.Session.CloseAsync();
        Assert.Equal("Close(1000 NormalClosure)", await test.SentAsync());
        test.Peer.SendClose(CloseReason.Normal);

        Assert.True((await closing.Soon()).WasClean);
        Assert.Null(await test.Session.ReceiveStreamAsync().Soon());
    }

    [Fact]
    public async Task ReceiveTextAsync_gives_texts_and_null_after_a_normal_end_and_throws_with_a_binary_message()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        test.Peer.SendFrame(Opcode.Text, "caf\u00E9"u8);
        test.Peer.SendFrame(Opcode.Binary, [1, 2]);
        test.Peer.SendFrame(Opcode.Text, "next"u8);
        test.Peer.SendClose(CloseReason.Normal);

        Assert.Equal("caf\u00E9", await test.Session.ReceiveTextAsync().Soon());
        var error = await Assert.ThrowsAsync<WebSocketDeserializeException>(() => test.Session.ReceiveTextAsync().Soon());
        Assert.Equal(new byte[] { 1, 2 }, error.Frame!.ReadBytes());
        error.Frame.Recycle();
        Assert.Equal("next", await test.Session.ReceiveTextAsync().Soon());
        Assert.Null(await test.Session.ReceiveTextAsync().Soon());
    }

    [Fact]
    public async Task A_ping_is_answered_with_its_payload_and_a_pong_nobody_asked_for_is_nothing()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();

        test.Peer.SendHex("8a 02 07 07  89 02 01 02  89 00  81 05 48 65 6c 6c 6f");

        Assert.Equal("Hello", await test.ReceiveAsync());
        Assert.Equal("Pong(0102)", await test.SentAsync());
        Assert.Equal("Pong()", await test.SentAsync());
    }

    [Fact]
    public async Task Fragments_become_one_message_and_pings_between_them_are_answered()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();

        test.Peer.SendHex("01 02 48 65  89 01 09  00 02 6c 6c  80 01 6f");

        Assert.Equal("Hello", await test.ReceiveAsync());
        Assert.Equal("Pong(09)", await test.SentAsync());
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

    [Fact]
    public async Task A_ping_goes_out_every_interval_and_its_pong_keeps_the_session_alive()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(Pinging);
        TimeSpan next = Interval;

        for (int i = 1; i <= 4; i++)
        {
            await test.Time.Pass(next);
            Assert.Equal($"Ping(000000000000000{i})", await test.SentAsync());
            await test.Time.Armed(Silence);
            test.Time.Advance(TimeSpan.FromSeconds(i));
            test.Peer.SendHex($"8a 08 00 00 00 00 00 00 00 0{i}");
            await Patience.Until(() => test.Peer.IsDrained);
            Assert.Equal(TimeSpan.FromSeconds(i), test.Session.LastRoundTripTime);

            test.Time.Advance(Silence - TimeSpan.FromSeconds(i)); // the deadline comes, and finds the pong
            next = Interval - Silence;
        }

        await test.Time.Armed(next);
        Assert.Equal("", Ending.Describe(test.Peer));
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
    }

    [Fact]
    [KtorParity("options/no-timeout-handshake-timeout-close-timeout", "weakness/4-pings")]
    public async Task A_peer_that_falls_silent_is_given_up_and_its_connection_aborted()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(Pinging);

        await test.Time.Pass(Interval);
        await test.Time.Armed(Silence);
        test.Time.Advance(Silence - TimeSpan.FromMilliseconds(1));
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
        test.Time.Advance(TimeSpan.FromMilliseconds(1));

        CloseResult result = await test.Session.Completion.Soon();
        Assert.Equal(new CloseResult { Initiator = CloseInitiator.None, Error = result.Error }, result);
        Assert.StartsWith("Ping timeout", Assert.IsType<TimeoutException>(result.Error).Message, StringComparison.Ordinal);
        Assert.Equal("Ping(0000000000000001)", Ending.Describe(test.Peer));
    }

    [Fact]
    [KtorParity("weakness/4-pings")]
    public async Task Any_byte_proves_the_peer_alive()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(Pinging);
        await test.Time.Pass(Interval);
        await test.Time.Armed(Silence);

        test.Time.Advance(TimeSpan.FromSeconds(5));
        test.Peer.SendHex("81"); // not even a header
        await Patience.Until(() => test.Peer.IsDrained);
        await test.Time.Pass(Silence - TimeSpan.FromSeconds(5));
        await test.Time.Armed(TimeSpan.FromSeconds(5)); // counted from that byte
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
        await test.Time.Pass(TimeSpan.FromSeconds(5));

        Assert.IsType<TimeoutException>((await test.Session.Completion.Soon()).Error);
    }

    [Fact]
    public async Task A_queue_that_stays_full_does_not_kill_a_healthy_session()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test =
            SessionUnderTest.Default(settings => Pinging(settings) with { Incoming = ChannelConfig.Bounded(1, 1000) });
        test.Peer.SendHex("81 01 61  81 01 62");
        await test.Queued(1);
        await Patience.Until(() => test.Session.SightReceiving().IsPaused);

        // The pong is there; nobody reads it as long as nobody receives.
        await test.Time.Pass(Interval);
        Assert.Equal("Ping(0000000000000001)", await test.SentAsync());
        test.Peer.SendHex("8a 08 00 00 00 00 00 00 00 01");
        await test.Time.Pass(Silence);
        await test.Time.Pass(Silence);
        await test.Time.Pass(Interval - (2 * Silence));
        Assert.Equal("Ping(0000000000000002)", await test.SentAsync());
        await test.Time.Pass(Silence);
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);

        // Once it goes on, the deadline runs anew, and in full.
        Assert.Equal("a", await test.ReceiveAsync());
        Assert.Equal("b", await test.ReceiveAsync());
        await Patience.Until(() => test.Peer.IsDrained);
        await test.Time.Pass(Interval - (2 * Silence) + TimeSpan.FromSeconds(1)); // 7 s, the deadline, armed when the loop still waited
        Assert.IsType<TimeoutException>((await test.Session.Completion.Soon()).Error);
    }

    [Fact]
    public async Task A_write_that_nobody_takes_kills_the_session_if_the_peer_is_silent_too()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test =
            SessionUnderTest.Default(settings => settings with { PingInterval = TimeSpan.FromSeconds(5), PingTimeout = Silence });
        test.Peer.BlockWrites();
        await test.Session.SendAsync("blocked");
        await Patience.Until(() => test.Peer.IsWriteBlocked);

        await test.Time.Pass(TimeSpan.FromSeconds(5));
        test.Time.Advance(TimeSpan.FromSeconds(1));
        test.Peer.SendHex("8a 00"); // at 6 s
        await Patience.Until(() => test.Peer.IsDrained);
        await test.Time.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(WebSocketSessionState.Open, test.Session.State); // at 7 s
        await test.Time.Pass(TimeSpan.FromSeconds(3)); // the next ping is due
        await test.Time.Pass(TimeSpan.FromSeconds(1)); // a look before the deadline
        await test.Time.Pass(TimeSpan.FromSeconds(2)); // at 13 s

        Assert.IsType<TimeoutException>((await test.Session.Completion.Soon()).Error);
    }

    [Fact]
    public async Task A_write_that_nobody_takes_is_noticed_however_far_the_next_ping_is()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test =
            SessionUnderTest.Default(settings => settings with { PingInterval = TimeSpan.FromHours(1), PingTimeout = Silence });
        await test.Time.Armed(TimeSpan.FromHours(1));
        test.Peer.BlockWrites();
        await test.Session.SendAsync("blocked");

        await test.Time.Pass(Silence);

        Assert.IsType<TimeoutException>((await test.Session.Completion.Soon()).Error);
    }

    [Fact]
    [KtorParity("default-session/pingIntervalMillis-pingInterval", "default-session/timeoutMillis-timeout")]
    public async Task Intervals_and_timeouts_can_be_set_at_any_time()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        Assert.Equal(Timeout.InfiniteTimeSpan, test.Session.PingInterval);
        Assert.Equal(0, test.Time.LiveTimers); // off costs nothing

        test.Session.PingInterval = TimeSpan.FromSeconds(10);
        test.Session.PingTimeout = TimeSpan.FromSeconds(4);
        await test.Time.Pass(TimeSpan.FromSeconds(10));
        Assert.Equal("Ping(0000000000000001)", await test.SentAsync());
        await test.Time.Armed(TimeSpan.FromSeconds(4));
        test.Session.PingTimeout = TimeSpan.FromSeconds(6); // of the ping on its way, too
        await test.Time.Armed(TimeSpan.FromSeconds(6));
        test.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);

        test.Session.PingInterval = Timeout.InfiniteTimeSpan;
        Assert.Equal(0, test.Time.LiveTimers);
        test.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal("", Ending.Describe(test.Peer));

        test.Session.PingInterval = TimeSpan.FromSeconds(3);
        Assert.Equal((TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(6)), (test.Session.PingInterval, test.Session.PingTimeout));
        await test.Time.Pass(TimeSpan.FromSeconds(3));
        Assert.Equal("Ping(0000000000000002)", await test.SentAsync());
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
    }

    [Fact]
    public async Task Times_that_no_timer_can_count_are_refused()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(Pinging);

        foreach (TimeSpan time in (TimeSpan[])[TimeSpan.Zero, TimeSpan.FromTicks(-1), TimeSpan.FromDays(25), TimeSpan.MaxValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => test.Session.PingInterval = time);
            Assert.Throws<ArgumentOutOfRangeException>(() => test.Session.PingTimeout = time);
        }

        Assert.Equal((Interval, Silence), (test.Session.PingInterval, test.Session.PingTimeout));
        test.Session.PingInterval = TimeSpan.FromDays(24);
        test.Session.PingInterval = TimeSpan.FromTicks(1);
        await test.Time.Pass(TimeSpan.FromMilliseconds(1));
        Assert.Equal("Ping(0000000000000001)", await test.SentAsync());
    }

    [Fact]
    [KtorParity("weakness/4-pings")]
    public async Task PingAsync_gives_the_time_until_the_pong()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        Assert.Null(test.Session.LastRoundTripTime);

        Task<TimeSpan> ping = test.Session.PingAsync();
        Assert.Equal("Ping(0000000000000001)", await test.SentAsync());
        test.Time.Advance(TimeSpan.FromMilliseconds(30));
        test.Peer.SendHex("8a 00  8a 08 00 00 00 00 00 00 00 02  8a 08 00 00 00 00 00 00 00 00"); // none of them answers it
        await Patience.Until(() => test.Peer.IsDrained);
        Assert.False(ping.IsCompleted);
        test.Peer.SendHex("8a 08 00 00 00 00 00 00 00 01");

        Assert.Equal(TimeSpan.FromMilliseconds(30), await ping.Soon());
        Assert.Equal(TimeSpan.FromMilliseconds(30), test.Session.LastRoundTripTime);
    }

    [Fact]
    public async Task A_pong_answers_all_earlier_pings_too()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        Task<TimeSpan> first = test.Session.PingAsync();
        test.Time.Advance(TimeSpan.FromMilliseconds(20));
        Task<TimeSpan> second = test.Session.PingAsync();
        Task<TimeSpan> third = test.Session.PingAsync();
        test.Time.Advance(TimeSpan.FromMilliseconds(10));

        test.Peer.SendHex("8a 08 00 00 00 00 00 00 00 02");

        Assert.Equal(TimeSpan.FromMilliseconds(30), await first.Soon());
        Assert.Equal(TimeSpan.FromMilliseconds(10), await second.Soon());
        Assert.Equal(TimeSpan.FromMilliseconds(10), test.Session.LastRoundTripTime);
        Assert.False(third.IsCompleted);
    }

    [Fact]
    public async Task The_timeout_of_PingAsync_fails_that_call_only()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { PingTimeout = Silence });
        Task<TimeSpan> late = test.Session.PingAsync();
        Assert.Equal("Ping(0000000000000001)", await test.SentAsync());

        await test.Time.Pass(Silence);

        var timeout = await Assert.ThrowsAsync<TimeoutException>(() => late.Soon());
        Assert.Contains("7 s", timeout.Message, StringComparison.Ordinal);
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
        Task<TimeSpan> next = test.Session.PingAsync();
        test.Peer.SendHex("8a 08 00 00 00 00 00 00 00 01"); // too late
        await Patience.Until(() => test.Peer.IsDrained);
        Assert.False(next.IsCompleted);
        test.Peer.SendHex("8a 08 00 00 00 00 00 00 00 02");
        Assert.Equal(TimeSpan.Zero, await next.Soon());
    }

    [Theory, InlineData(60), InlineData(7.5)]
    public async Task A_pong_that_came_while_we_stood_still_answers_PingAsync(double seconds)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { PingTimeout = Silence });
        Task<TimeSpan> ping = test.Session.PingAsync();
        Assert.Equal("Ping(0000000000000001)", await test.SentAsync());
        await test.Time.Armed(Silence);

        test.Time.StandStill(TimeSpan.FromSeconds(seconds));
        Assert.True(test.Time.IsArmed(TimeSpan.FromSeconds(1))); // for what is to be read first
        test.Peer.SendHex("8a 08 00 00 00 00 00 00 00 01");

        Assert.Equal(TimeSpan.FromSeconds(seconds), await ping.Soon());
    }

    [Fact]
    public async Task PingAsync_is_bounded_while_nothing_can_be_sent()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings =>
            settings with { PingTimeout = Silence, Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(1, 100) } });
        test.Peer.BlockWrites();
        await test.Session.SendAsync("being written");
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        await test.Session.SendAsync("staged");

        Task<TimeSpan> ping = test.Session.PingAsync();
        await test.Time.Pass(Silence);

        await Assert.ThrowsAsync<TimeoutException>(() => ping.Soon());
        test.Peer.UnblockWrites();
        await test.Session.FlushAsync().Soon();
        Assert.Equal("being written, staged", Ending.Describe(test.Peer));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task PingAsync_ends_with_the_session(bool abort)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        Task<TimeSpan> ping = test.Session.PingAsync();

        if (abort)
            test.Session.Abort();
        else
            test.Peer.SendClose(CloseReason.Normal);
        test.Peer.SendEof();

        var closed = await Assert.ThrowsAsync<WebSocketClosedException>(() => ping.Soon());
        Assert.Equal(await test.Session.Completion, closed.Result);
    }

    [Fact]
    public async Task The_token_of_PingAsync_ends_the_wait_only()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        using var cancel = new CancellationTokenSource();
        Task<TimeSpan> ping = test.Session.PingAsync(cancel.Token);
        Assert.Equal("Ping(0000000000000001)", await test.SentAsync());

        await cancel.CancelAsync();

        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ping.Soon());
        Assert.Equal(cancel.Token, cancelled.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => test.Session.PingAsync(cancel.Token).Soon());
        await test.Session.SendAsync("alive");
        Assert.Equal("alive", await test.SentAsync());
    }

    [Fact]
    public async Task A_ping_of_the_user_that_stays_unanswered_does_not_kill_a_session_whose_own_pings_are_answered()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(Pinging);
        await test.Time.Pass(Interval);
        await test.Time.Armed(Silence);
        Task<TimeSpan> ping = test.Session.PingAsync();
        Assert.Equal("Ping(0000000000000001)", await test.SentAsync());
        Assert.Equal("Ping(0000000000000002)", await test.SentAsync());
        test.Peer.SendHex("8a 08 00 00 00 00 00 00 00 01");
        await Patience.Until(() => test.Peer.IsDrained);

        await test.Time.Pass(Silence);

        await Assert.ThrowsAsync<TimeoutException>(() => ping.Soon());
        await test.Time.Armed(Interval - Silence); // the next ping, and no deadline
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
    }

    [Fact]
    public async Task No_ping_and_no_pong_follows_our_close()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(Pinging);

        Task<CloseResult> closing = test.Session.CloseAsync();
        test.Peer.SendFrame(Opcode.Ping, "late"u8);
        await Patience.Until(() => test.Peer.IsDrained);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.PingAsync().Soon());
        Assert.False(test.Time.IsArmed(Interval));
        test.Peer.SendClose(CloseReason.Normal);
        await closing.Soon();

        Assert.Equal("Close(1000 NormalClosure)", Ending.Describe(test.Peer));
    }

    // RFC 6455 §5.5.3 lets a peer answer the latest ping only, and that one may be the user's, who has given up waiting.
    [Fact]
    public async Task A_peer_that_answers_a_ping_whose_caller_has_given_up_is_alive()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test =
            SessionUnderTest.Default(settings => settings with { PingInterval = TimeSpan.FromSeconds(30), PingTimeout = TimeSpan.FromSeconds(10) });
        await test.Time.Pass(TimeSpan.FromSeconds(30));
        await test.Peer.ReceiveAsync(); // the session's own
        await test.Time.Armed(TimeSpan.FromSeconds(10));
        using var giveUp = new CancellationTokenSource();
        Task ping = test.Session.PingAsync(giveUp.Token);
        Frame users = await test.Peer.ReceiveAsync();
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ping.Soon());

        test.Peer.SendFrame(Opcode.Pong, users.Data.Span);
        test.Peer.SendFrame(Opcode.Text, "behind it"u8);
        Assert.Equal("behind it", await test.ReceiveAsync());
        await test.Time.Pass(TimeSpan.FromSeconds(10));

        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
    }

    [Fact]
    public async Task A_payload_that_nobody_keeps_is_not_kept_by_the_silent_connection()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test =
            SessionUnderTest.Default(settings => settings with { Connection = settings.Connection with { Pool = new NoPool() } });
        test.Peer.SendFrame(Opcode.Binary, new byte[3_000_000]);
        await test.Queued(1);
        WeakReference payload = TakeAndForget();

        await Patience.Until(() =>
        {
            GC.Collect();
            return !payload.IsAlive;
        });

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference TakeAndForget()
        {
            Assert.True(test.Session.Incoming.TryRead(out Frame? frame));
            Assert.True(MemoryMarshal.TryGetArray(frame.Data, out ArraySegment<byte> memory));
            return new WeakReference(memory.Array);
        }
    }

    private sealed class NoPool : ArrayPool<byte>
    {
        public override byte[] Rent(int minimumLength) => new byte[minimumLength];

        public override void Return(byte[] array, bool clearArray = false)
        {
        }
    }
}
