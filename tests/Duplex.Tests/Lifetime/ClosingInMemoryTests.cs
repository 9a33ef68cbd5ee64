namespace Duplex.Tests;

/// <summary>The closing rules in memory, with a clock that the test moves.</summary>
/// <remarks>
/// These rows run only here, because sockets cannot provide what they need:
/// rows 1 and 1c, a clock that moves only while the receive loop waits;
/// rows 1b and 4, a peer that reads nothing, not even into a buffer;
/// row 8, a write that fails while reads succeed;
/// rows 12 and 14, the bytes of our Close as they are on the wire, while an extension changes those of all messages.
/// </remarks>
public sealed class ClosingInMemoryTests : ClosingTableTests
{
    [Theory]
    [InlineData(SessionKind.Default, ChannelOverflow.Suspend)]
    [InlineData(SessionKind.Raw, ChannelOverflow.Suspend)]
    [InlineData(SessionKind.Default, ChannelOverflow.Close)]
    [InlineData(SessionKind.Raw, ChannelOverflow.Close)]
    public async Task Row_1_what_nobody_takes_is_dropped_from_the_first_message_on_and_the_reader_is_told(SessionKind kind, ChannelOverflow overflow)
    {
        await using SessionUnderTest<WebSocketSession> test = await InMemory.OpenAsync(kind, settings => settings with { Incoming = ChannelConfig.Bounded(2, 1000, overflow) });

        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        test.Peer.UnblockWrites();
        test.Peer.SendHex(Three); // waits for room that never comes
        test.Peer.SendFrame(Opcode.Text, "four"u8);
        test.Peer.SendHex(TheirClose);
        test.Peer.SendEof();
        await Patience.Until(() => test.Peer.Unread == (overflow == ChannelOverflow.Close ? 2 : 3)); // the loop waits for room
        await test.Time.PassStepwise(TimeSpan.FromSeconds(1.2)); // less than a quarter of the close timeout
        Assert.False(closing.IsCompleted);
        await test.Time.PassStepwise(TimeSpan.FromSeconds(2.55), closing); // to three quarters: the loop may have paused behind the first look
        CloseResult result = await closing.Soon();

        // A raw session would have received the Close, too.
        int discarded = kind == SessionKind.Raw ? 3 : 2;
        Assert.Equal(discarded, result.DiscardedMessages);
        await AssertEndsAsync(new InMemory(test), new Ending
        {
            Wire = "staged, Close(4000: bye)",
            Incoming = "one, two, WebSocketClosedException",
            Sent = "4000: bye",
            Received = "4001: ok",
            Initiator = CloseInitiator.Local,
            WasClean = true,
            Discarded = discarded,
        });
        var lost = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.ReadAsync().Soon());
        Assert.Contains($"{discarded} received messages were discarded", lost.Message, StringComparison.Ordinal);
        Assert.Equal(discarded, lost.Result.DiscardedMessages);
    }

    [Theory]
    [InlineData(SessionKind.Default, ChannelOverflow.Suspend)]
    [InlineData(SessionKind.Raw, ChannelOverflow.Suspend)]
    [InlineData(SessionKind.Default, ChannelOverflow.Close)]
    [InlineData(SessionKind.Raw, ChannelOverflow.Close)]
    public async Task Row_1c_a_consumer_that_takes_a_frame_in_each_period_gets_all_of_them_however_long_that_takes(SessionKind kind, ChannelOverflow overflow)
    {
        await using SessionUnderTest<WebSocketSession> test = await InMemory.OpenAsync(kind, settings => settings with { Incoming = ChannelConfig.Bounded(2, 1000, overflow) });

        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        test.Peer.UnblockWrites();
        string[] expected = ["one", "two", .. Enumerable.Range(3, 18).Select(number => $"{number}")];
        foreach (string text in expected.Skip(2))
            test.Peer.SendFrame(Opcode.Text, System.Text.Encoding.UTF8.GetBytes(text));
        test.Peer.SendHex(TheirClose);
        test.Peer.SendEof();

        // 20 frames at one a second: four times the close timeout.
        for (int i = 0; i < expected.Length; i++)
        {
            await test.Time.PassStepwise(TimeSpan.FromSeconds(1), closing);
            Assert.Equal(expected[i], await test.ReceiveAsync());
            await test.Queued(Math.Min(2, expected.Length - i - 1)); // time does not outrun the loop
        }

        CloseResult result = await closing.Soon();
        Assert.Equal((true, 0), (result.WasClean, result.DiscardedMessages));
        if (kind == SessionKind.Raw)
            Assert.Equal("Close(4001: ok)", await test.ReceiveAsync());
        Assert.False(await test.Session.Incoming.WaitToReadAsync().Soon());
        await test.Session.Incoming.Completion.Soon();
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task Row_1b_a_peer_that_never_reads_costs_the_close_timeout_and_no_more(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = await InMemory.OpenAsync(kind);

        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        await test.Time.PassStepwise(TimeSpan.FromSeconds(5));

        await AssertEndsAsync(new InMemory(test), new Ending
        {
            Wire = "",
            Incoming = "one, two, WebSocketClosedException <- TimeoutException",
            Initiator = CloseInitiator.Local,
            Error = nameof(TimeoutException),
        });
        Assert.Equal(await test.Session.Completion, await closing.Soon());
    }

    [Fact]
    public async Task Row_4_a_frame_that_is_half_staged_is_finished_before_the_echo()
    {
        await using SessionUnderTest<WebSocketSession> test = await InMemory.OpenAsync(
            SessionKind.Default, settings => settings with { Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(10, 100) } });
        byte[] large = new byte[1000];
        Task sending = test.Session.SendAsync(large).AsTask(); // begins when there is room, and then takes many rounds

        await Patience.Until(() => test.Session.BufferedBytes > 100);
        test.Peer.SendHex(TheirClose);
        await test.Until(WebSocketSessionState.PeerClosing);
        Assert.False(sending.IsCompleted);
        test.Peer.UnblockWrites();
        test.Peer.SendEof();
        await sending.Soon();
        Assert.Equal("staged", await test.SentAsync());

        await AssertEndsAsync(new InMemory(test), new Ending
        {
            Wire = $"Binary({Convert.ToHexString(large)}), Close(4001: ok)",
            Incoming = "one, two, end",
            Sent = "4001: ok",
            Received = "4001: ok",
            Initiator = CloseInitiator.Remote,
            WasClean = true,
        });
    }

    [Fact]
    public async Task Row_8_where_a_write_fails_because_the_peer_has_closed_its_close_tells_why()
    {
        await using SessionUnderTest<WebSocketSession> test = await InMemory.OpenAsync(SessionKind.Default);

        test.Peer.FailWrites(new IOException("broken pipe"));
        await test.Time.Armed(SessionLifetime.Tail);
        test.Peer.SendHex(TheirClose);
        test.Peer.SendEof();

        await AssertEndsAsync(new InMemory(test), new Ending
        {
            Wire = "",
            Incoming = "one, two, end",
            Received = "4001: ok",
            Initiator = CloseInitiator.Remote,
            Error = nameof(IOException),
        });
    }

    [Fact]
    public async Task Row_12_corrupt_input_of_an_extension_closes_with_its_code()
    {
        await using SessionUnderTest<WebSocketSession> test = await InMemory.OpenAsync(SessionKind.Default, With(new CounterExtension()));

        test.Peer.SendHex("C1 02 48 07  81 01 78"); // the message's number is wrong, and nothing behind it counts
        test.Peer.UnblockWrites();
        test.Peer.SendEof();

        await AssertEndsAsync(new InMemory(test), new Ending
        {
            Wire = $"{StagedByToy}, Close(1007 InvalidFramePayloadData)",
            Incoming = "one, two, WebSocketProtocolException",
            Sent = "1007 InvalidFramePayloadData",
            Initiator = CloseInitiator.Local,
            Error = nameof(WebSocketProtocolException),
        });
        AssertWire(test, "03 EF");
    }

    [Fact]
    public async Task Row_12_an_extension_that_throws_on_what_is_received_closes_with_1011()
    {
        var counter = new CounterExtension();
        await using SessionUnderTest<WebSocketSession> test = await InMemory.OpenAsync(SessionKind.Default, With(counter));

        counter.Error = new FormatException();
        test.Peer.SendHex("C1 02 48 00  81 01 78");
        test.Peer.UnblockWrites();
        test.Peer.SendEof();

        await AssertEndsAsync(new InMemory(test), new Ending
        {
            Wire = $"{StagedByToy}, Close(1011 InternalError)",
            Incoming = "one, two, WebSocketException <- FormatException",
            Sent = "1011 InternalError",
            Initiator = CloseInitiator.Local,
            Error = nameof(WebSocketException),
        });
        AssertWire(test, "03 F3");
    }

    [Fact]
    public async Task Row_14_an_extension_that_throws_on_what_is_sent_closes_with_1011_and_that_send_throws_the_same()
    {
        var counter = new CounterExtension();
        await using SessionUnderTest<WebSocketSession> test = await InMemory.OpenAsync(SessionKind.Default, With(counter));

        counter.Error = new FormatException();
        WebSocketException error = await Assert.ThrowsAsync<WebSocketException>(() => test.Session.SendAsync("fails").Soon());
        Assert.Same(counter.Error, error.InnerException);
        Assert.Same(error, await Assert.ThrowsAsync<WebSocketException>(async () =>
        {
            while (true)
                await test.ReceiveAsync();
        }));
        test.Peer.UnblockWrites();
        test.Peer.SendHex(TheirClose);
        test.Peer.SendEof();

        await AssertEndsAsync(new InMemory(test), new Ending
        {
            Wire = $"{StagedByToy}, Close(1011 InternalError)",
            Incoming = "WebSocketException <- FormatException",
            Sent = "1011 InternalError",
            Received = "4001: ok",
            Initiator = CloseInitiator.Local,
            WasClean = true,
            Error = nameof(WebSocketException),
        });
        AssertWire(test, "03 F3");
    }

    // "staged" as the toy hides it: each letter by its place, and the number of the message behind.
    private const string StagedByToy = "sucdaa\0";

    private static void AssertWire(SessionUnderTest<WebSocketSession> test, string close)
    {
        byte[] wire = test.Peer.Received;
        byte[] key = wire[^6..^2];
        Assert.Equal([0x88, 0x82], wire[^8..^6]);
        Assert.Equal(close, $"{wire[^2] ^ key[0]:X2} {wire[^1] ^ key[1]:X2}");
    }

    private static Func<SessionSettings, SessionSettings> With(CounterExtension extension) => settings =>
        settings with { Connection = settings.Connection with { Extensions = new ExtensionChain(extension.Identified()) } };

    private protected override async Task<ClosingTransport> OpenAsync(
        SessionKind kind, Action<WebSocketsOptions>? configure = null) =>
        new InMemory(await InMemory.OpenAsync(kind, settings =>
        {
            var ws = new WebSocketsOptions
            {
                TimeProvider = settings.Time,
                BufferPool = settings.Connection.Pool,
                PingInterval = settings.PingInterval,
            };
            configure?.Invoke(ws);
            return ws.ToSessionSettings();
        }));

    private sealed class InMemory(SessionUnderTest<WebSocketSession> test) : ClosingTransport
    {
        public override WebSocketSession Session => test.Session;

        public override TestClock Time => test.Time;

        public override bool HoldsWrites => true;

        public static async Task<SessionUnderTest<WebSocketSession>> OpenAsync(
            SessionKind kind, Func<SessionSettings, SessionSettings>? configure = null)
        {
            SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind, configure);
            await new InMemory(test).PrepareAsync();
            return test;
        }

        public override void TakeAll() => test.Peer.UnblockWrites();

        public override Task SendAsync(string hex)
        {
            test.Peer.SendHex(hex);
            return Task.CompletedTask;
        }

        public override Task EndAsync()
        {
            test.Peer.SendEof();
            return Task.CompletedTask;
        }

        public override Task<string> SentAsync() => test.SentAsync();

        public override Task BreakReadsAsync()
        {
            test.Peer.FailReads(new IOException("reset"));
            return Task.CompletedTask;
        }

        public override Task<Exception?> BreakWritesAsync()
        {
            var broken = new IOException("broken pipe");
            test.Peer.FailWrites(broken);
            return Task.FromResult<Exception?>(broken);
        }

        public override Task<Ending> ObserveAsync() => Ending.ObserveAsync(test);

        public override ValueTask DisposeAsync() => test.DisposeAsync();

        protected override async Task StageAsync()
        {
            test.Peer.BlockWrites();
            await base.StageAsync();
            await Patience.Until(() => test.Peer.IsWriteBlocked);
        }
    }
}
