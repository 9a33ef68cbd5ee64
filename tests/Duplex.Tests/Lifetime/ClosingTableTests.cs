namespace Duplex.Tests;

/// <summary>
/// The closing rules, row by row. Each row runs on every transport. Before each event the peer has sent "one" and "two",
/// which no consumer has received, and the session has sent "staged": a row shows what becomes of both.
/// </summary>
/// <remarks>
/// A derived class is a transport. In memory the peer has not read "staged", and the clock is exact; over HTTP the
/// connections are real, over TCP and TLS. A row that only one transport can run is in that transport's class, which
/// states why.
/// </remarks>
public abstract class ClosingTableTests
{
    private protected const string Three = "81 05 7468726565";

    // Close(4001: ok)
    private protected const string TheirClose = "88 04 0fa1 6f6b";

    private protected static readonly CloseReason Ours = new((CloseCode)4000, "bye");

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    [KtorParity("functions/close-reason")]
    public async Task Row_1_CloseAsync_sends_our_close_behind_what_is_staged_and_receives_until_the_peers(SessionKind kind)
    {
        await using ClosingTransport test = await OpenAsync(kind);

        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        Assert.Equal(WebSocketSessionState.Closing, test.Session.State);
        test.TakeAll();
        await test.SendAsync(Three);
        await test.Queued(3);
        Assert.False(test.Session.Incoming.Completion.IsCompleted);
        Assert.False(closing.IsCompleted);
        await test.SendAsync(TheirClose);
        CloseResult result = await closing.Soon();
        Assert.False(test.Session.Completion.IsCompleted);
        await test.EndAsync();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged, Close(4000: bye)",
            Incoming = kind == SessionKind.Raw ? "one, two, three, Close(4001: ok), end" : "one, two, three, end",
            Sent = "4000: bye",
            Received = "4001: ok",
            Initiator = CloseInitiator.Local,
            WasClean = true,
        });
        Assert.Equal(await test.Session.Completion, result);
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    [KtorParity("untested/the-close-timeout")]
    public async Task Row_1b_a_peer_that_never_answers_our_close_costs_the_close_timeout_and_no_more(SessionKind kind)
    {
        await using ClosingTransport test = await OpenAsync(kind);

        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        await test.Time.PassStepwise(TimeSpan.FromSeconds(2)); // for the flush
        test.TakeAll();
        Assert.Equal("staged", await test.SentAsync());
        Assert.Equal("Close(4000: bye)", await test.SentAsync());
        await test.Flushed();
        await test.PassToEndAsync(TimeSpan.FromSeconds(3), closing); // for the answer: what is left

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = "one, two, WebSocketClosedException <- TimeoutException",
            Sent = "4000: bye",
            Initiator = CloseInitiator.Local,
            Error = nameof(TimeoutException),
        });
        Assert.Equal(await test.Session.Completion, await closing.Soon());
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task Row_2_DisposeAsync_closes_with_1000_and_drops_what_was_not_received_and_a_reader_is_told(SessionKind kind)
    {
        await using ClosingTransport test = await OpenAsync(kind);

        ValueTask disposing = test.Session.DisposeAsync();
        test.TakeAll();
        await test.SendAsync(Three);
        await test.SendAsync(TheirClose);
        await test.EndAsync();
        await disposing.Soon();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged, Close(1000 NormalClosure)",
            Incoming = "WebSocketClosedException",
            Sent = "1000 NormalClosure",
            Received = "4001: ok",
            Initiator = CloseInitiator.Local,
            WasClean = true,
            Discarded = kind == SessionKind.Raw ? 4 : 3, // a raw session receives the Close, too
        });
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    [KtorParity("functions/close-cause", "functions/closeExceptionally-cause")]
    [KtorParity("test-protocol/ControlFrameSizeTest-cut-texts")]
    public async Task Row_3_CloseWithErrorAsync_tells_the_peer_1011_and_no_word_of_it(SessionKind kind)
    {
        await using ClosingTransport test = await OpenAsync(kind);
        var error = new InvalidOperationException("secret");

        Task<CloseResult> closing = test.Session.CloseWithErrorAsync(error);
        test.TakeAll();
        await test.SendAsync(TheirClose);
        await test.EndAsync();

        Assert.Same(error, (await closing.Soon()).Error);
        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged, Close(1011 InternalError)",
            Incoming = "WebSocketClosedException",
            Sent = "1011 InternalError",
            Received = "4001: ok",
            Initiator = CloseInitiator.Local,
            WasClean = true,
            Error = nameof(InvalidOperationException),
            Discarded = kind == SessionKind.Raw ? 3 : 2,
        });
    }

    [Fact]
    public async Task Row_4_the_peers_close_is_echoed_behind_what_is_staged()
    {
        await using ClosingTransport test = await OpenAsync(SessionKind.Default);

        await test.SendAsync(TheirClose);
        await test.Until(WebSocketSessionState.PeerClosing);
        test.TakeAll();
        await test.EndAsync();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged, Close(4001: ok)",
            Incoming = "one, two, end",
            Sent = "4001: ok",
            Received = "4001: ok",
            Initiator = CloseInitiator.Remote,
            WasClean = true,
        });
    }

    [Fact]
    public async Task Row_4_the_echo_goes_between_the_fragments_of_an_unfinished_message()
    {
        await using ClosingTransport test = await OpenAsync(SessionKind.Default);
        await test.Session.SendAsync(new Frame.Text(fin: false, "half a mess"u8.ToArray()));

        await test.SendAsync(TheirClose);
        await test.Until(WebSocketSessionState.PeerClosing);
        test.TakeAll();
        await test.EndAsync();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged, half a mess..., Close(4001: ok)",
            Incoming = "one, two, end",
            Sent = "4001: ok",
            Received = "4001: ok",
            Initiator = CloseInitiator.Remote,
            WasClean = true,
        });
    }

    [Fact]
    [KtorParity("weakness/1-the-close-reason-is-unreliable")]
    public async Task Row_5_the_peers_empty_close_is_answered_by_an_empty_one()
    {
        await using ClosingTransport test = await OpenAsync(SessionKind.Default);

        await test.SendAsync("88 00");
        await test.Until(WebSocketSessionState.PeerClosing);
        test.TakeAll();
        await test.EndAsync();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged, Close()",
            Incoming = "one, two, end",
            Sent = "1005 NoStatusReceived",
            Received = "1005 NoStatusReceived",
            Initiator = CloseInitiator.Remote,
            WasClean = true,
        });
    }

    [Fact]
    public async Task Raw_rows_4_and_5_the_peers_close_is_a_frame_and_the_users_answer_makes_the_end_clean()
    {
        await using ClosingTransport test = await OpenAsync(SessionKind.Raw);

        await test.SendAsync(TheirClose);
        await test.Until(WebSocketSessionState.PeerClosing);
        await test.Queued(3);
        test.TakeAll();
        Assert.Equal("staged", await test.SentAsync());
        await test.Session.SendAsync(new Frame.Close());
        await test.EndAsync();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "Close()",
            Incoming = "one, two, Close(4001: ok), end",
            Sent = "1005 NoStatusReceived",
            Received = "4001: ok",
            Initiator = CloseInitiator.Remote,
            WasClean = true,
        });
    }

    [Fact]
    [KtorParity("test-raw/testParentCancellation")]
    public async Task Raw_row_4_disposing_answers_with_1000_where_the_user_has_not()
    {
        await using ClosingTransport test = await OpenAsync(SessionKind.Raw);

        await test.SendAsync(TheirClose);
        await test.Until(WebSocketSessionState.PeerClosing);
        test.TakeAll();
        await test.EndAsync();
        await test.Session.DisposeAsync().Soon();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged, Close(1000 NormalClosure)",
            Incoming = "WebSocketClosedException",
            Sent = "1000 NormalClosure",
            Received = "4001: ok",
            Initiator = CloseInitiator.Remote,
            WasClean = true,
            Discarded = 3,
        });
    }

    [Fact]
    public async Task Raw_row_4_a_close_that_nobody_answers_ends_with_the_close_timeout()
    {
        await using ClosingTransport test = await OpenAsync(SessionKind.Raw);
        test.TakeAll();
        await test.Flushed();

        Assert.Equal("staged", await test.SentAsync()); // before the end resets a stream, which may drop what it holds
        await test.SendAsync(TheirClose);
        await test.PassToEndAsync(TimeSpan.FromSeconds(5), test.Session.Completion);

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = "one, two, Close(4001: ok), end",
            Received = "4001: ok",
            Initiator = CloseInitiator.Remote,
            Error = nameof(TimeoutException),
        });
        Assert.Contains("answered", (await test.Session.Completion).Error!.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string> BrokenRules => new()
    {
        // what the peer sends, what our Close says, what the receiver gets
        { "88 01 03", "1002 ProtocolError", "WebSocketProtocolException" }, // row 6: a Close of 1 byte
        { "88 02 03 e7", "1002 ProtocolError", "WebSocketProtocolException" }, // row 6: code 999
        { "88 02 03 ed", "1002 ProtocolError", "WebSocketProtocolException" }, // row 6: code 1005
        { "88 03 03 e8 ff", "1007 InvalidFramePayloadData", "WebSocketProtocolException" }, // row 6: bad UTF-8
        { "83 00", "1002 ProtocolError", "WebSocketProtocolException" }, // row 9: a reserved opcode
        { "c1 00", "1002 ProtocolError", "WebSocketProtocolException" }, // row 9: a reserved bit
        { "81 80 00 00 00 00", "1002 ProtocolError", "WebSocketProtocolException" }, // row 9: a masked server frame
        { "80 00", "1002 ProtocolError", "WebSocketProtocolException" }, // row 9: a continuation of nothing
        { "81 02 c3 28", "1007 InvalidFramePayloadData", "WebSocketProtocolException" }, // row 9: bad UTF-8
        { "82 7e 03 e9", "1009 MessageTooBig", "FrameTooBigException" }, // row 10: 1,001 bytes, of which none has come
        { "82 7f 40 00 00 00 00 00 00 00", "1009 MessageTooBig", "FrameTooBigException" }, // row 10: 2^62 bytes
    };

    [Theory, MemberData(nameof(BrokenRules))]
    public async Task Rows_6_9_10_what_breaks_a_rule_is_told_to_the_peer_and_to_the_receiver(string hex, string code, string exception)
    {
        // The peer's Close is not parsed any more, whether it arrives in the same bytes or later.
        foreach (SessionKind kind in Enum.GetValues<SessionKind>())
        {
            await EndAsync(kind, hex + TheirClose, "");
            await EndAsync(kind, hex, TheirClose);
        }

        async Task EndAsync(SessionKind kind, string before, string after)
        {
            await using ClosingTransport test = await OpenAsync(kind, ws => ws.MaxFrameSize = 1000);

            await test.SendAsync(before);
            await test.Until(WebSocketSessionState.Closing);
            test.TakeAll();
            if (after.Length > 0)
                await test.SendAsync(after);
            await test.EndAsync();

            await AssertEndsAsync(test, new Ending
            {
                Wire = $"staged, Close({code})",
                Incoming = $"one, two, {exception}",
                Sent = code,
                Initiator = CloseInitiator.Local,
                Error = exception,
            });
        }
    }

    [Theory]
    [InlineData("02 7e 01 f4", 500, "80 7e 01 f5", 501, "MaxMessageSize")]
    [InlineData("02 01", 1, "00 01 01  00 01 02  80 01", 1, "MaxFragments")]
    public async Task Rows_10_11_a_message_of_too_many_bytes_or_fragments_is_too_big(string first, int firstBytes, string second, int secondBytes, string limit)
    {
        await using ClosingTransport test = await OpenAsync(SessionKind.Default, ws =>
        {
            ws.MaxMessageSize = 1000;
            ws.MaxFragments = 3;
        });

        await test.SendAsync(first);
        await test.SendAsync(new string('0', 2 * firstBytes));
        await test.SendAsync(second);
        await test.SendAsync(new string('0', 2 * secondBytes));
        await test.Until(WebSocketSessionState.Closing);
        test.TakeAll();
        await test.EndAsync();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged, Close(1009 MessageTooBig)",
            Incoming = "one, two, FrameTooBigException",
            Sent = "1009 MessageTooBig",
            Initiator = CloseInitiator.Local,
            Error = nameof(FrameTooBigException),
        });
        var error = Assert.IsType<FrameTooBigException>((await test.Session.Completion).Error);
        Assert.Contains(limit, error.Message, StringComparison.Ordinal);
        Assert.Equal(error.Limit + 1, error.Size);
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    [KtorParity("test-raw/testServerIncomingDisconnected")]
    public async Task Row_7_the_end_of_the_stream_without_a_close_is_an_abnormal_end(SessionKind kind)
    {
        await using ClosingTransport test = await OpenAsync(kind);

        await test.EndAsync();

        await AssertEndsAsync(test, new Ending
        {
            Wire = test.HoldsWrites ? "" : "staged",
            Incoming = "one, two, WebSocketClosedException <- EndOfStreamException",
            Initiator = CloseInitiator.None,
            Error = nameof(EndOfStreamException),
        });
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    [KtorParity("test-raw/testServerIncomingConnectionLoss")]
    public async Task Row_8_a_read_that_fails_is_an_abnormal_end(SessionKind kind)
    {
        await using ClosingTransport test = await OpenAsync(kind);

        await test.BreakReadsAsync();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = $"one, two, WebSocketClosedException <- {LostError}",
            Initiator = CloseInitiator.None,
            Error = LostError,
        });
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task Row_8_a_write_that_fails_is_an_abnormal_end(SessionKind kind)
    {
        await using ClosingTransport test = await OpenAsync(kind, OnlyAWriteFails);

        Exception? broken = await test.BreakWritesAsync();
        await test.Time.Pass(SessionLifetime.Tail); // for a Close of the peer that may be on its way

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = $"one, two, WebSocketClosedException <- {LostError}",
            Initiator = CloseInitiator.None,
            Error = LostError,
        });
        if (broken is not null)
            Assert.Same(broken, (await test.Session.Completion).Error);
    }

    [Fact]
    [KtorParity("close-and-errors/IOException-Ping-timeout")]
    [KtorParity("test-default-session/DefaultWebSocketTest.testPingPongTimeout")]
    public async Task Row_13_a_ping_timeout_aborts()
    {
        await using ClosingTransport test = await OpenAsync(SessionKind.Default, ws =>
        {
            ws.PingInterval = TimeSpan.FromSeconds(20);
            ws.PingTimeout = TimeSpan.FromSeconds(7);
        });
        if (test.HoldsWrites)
            await test.Time.Armed(TimeSpan.FromSeconds(7)); // the deadline of the write that waits
        test.TakeAll();
        Assert.Equal("staged", await test.SentAsync());
        await test.Flushed(); // the peer may have it before our write returns; it must not seem to last for 20 s

        await test.Time.PassStepwise(TimeSpan.FromSeconds(13));
        await test.Time.Pass(TimeSpan.FromSeconds(7));
        Assert.Equal("Ping(0000000000000001)", await test.SentAsync());
        await test.Flushed(); // the deadline of the pong begins with it
        await test.Time.Pass(TimeSpan.FromSeconds(7));

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = "one, two, WebSocketClosedException <- TimeoutException",
            Initiator = CloseInitiator.None,
            Error = nameof(TimeoutException),
        });
        Assert.StartsWith("Ping timeout", (await test.Session.Completion).Error!.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    [KtorParity("test-channels/server-WebSocketBackpressureTest-outgoing")]
    public async Task Row_16_an_outgoing_overflow_closes_with_1011_and_what_is_received_stays(SessionKind kind)
    {
        await using ClosingTransport test =
            await OpenAsync(kind, ws => ws.Channels.Outgoing = ChannelConfig.Bounded(1, 100_000, ChannelOverflow.Close));
        if (!test.HoldsWrites)
            await test.Flushed();

        // The peer reads nothing more: at last all buffers on the way to it are full, and our queue after them.
        byte[] data = new byte[50_000];
        int sent = 0;
        ChannelOverflowException? overflow = null;
        while (overflow is null)
        {
            try
            {
                await test.Session.SendAsync(data).Soon();
                sent++;
            }
            catch (ChannelOverflowException e)
            {
                overflow = e;
            }
        }

        if (test.HoldsWrites)
            Assert.Equal(1, sent);
        Assert.Equal(WebSocketSessionState.Closing, test.Session.State);
        await test.SendAsync(Three);
        test.TakeAll();
        Assert.Equal("staged", await test.SentAsync());
        for (int i = 0; i < sent; i++)
            Assert.Equal($"Binary({Convert.ToHexString(data)})", await test.SentAsync());
        await test.Queued(3);
        await test.SendAsync(TheirClose);
        await test.EndAsync();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "Close(1011 InternalError)",
            Incoming = kind == SessionKind.Raw ? "one, two, three, Close(4001: ok), end" : "one, two, three, end",
            Sent = "1011 InternalError",
            Received = "4001: ok",
            Initiator = CloseInitiator.Local,
            WasClean = true,
            Error = nameof(ChannelOverflowException),
        });
        Assert.Same(overflow, (await test.Session.Completion).Error);
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    [KtorParity("test-channels/server-WebSocketBackpressureTest-incoming", "weakness/10-unbounded-queues")]
    public async Task Row_17_an_incoming_overflow_closes_with_1011_and_loses_no_frame_that_was_queued(SessionKind kind)
    {
        await using ClosingTransport test =
            await OpenAsync(kind, ws => ws.Channels.Incoming = ChannelConfig.Bounded(3, 1000, ChannelOverflow.Close));

        // In one piece: the last frame that fits, and the first that does not.
        await test.SendAsync("81 05 74 68 72 65 65  82 04 00 00 00 00  81 04 66 69 76 65");
        await test.Until(WebSocketSessionState.Closing);
        test.TakeAll();
        await test.SendAsync(TheirClose);
        await test.EndAsync();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged, Close(1011 InternalError)",
            Incoming = "one, two, three, ChannelOverflowException",
            Sent = "1011 InternalError",
            Received = "4001: ok",
            Initiator = CloseInitiator.Local,
            WasClean = true,
            Error = nameof(ChannelOverflowException),
            Discarded = kind == SessionKind.Raw ? 2 : 1, // "five"; a raw session receives the Close, too
        });
        Assert.Contains("Binary frame of 4 bytes", (await test.Session.Completion).Error!.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task Row_18_a_close_with_1001_and_then_disposal_drops_what_was_not_received(SessionKind kind)
    {
        await using ClosingTransport test = await OpenAsync(kind);

        Task<CloseResult> closing = test.Session.CloseAsync(new CloseReason(CloseCode.GoingAway));
        ValueTask disposing = test.Session.DisposeAsync();
        test.TakeAll();
        await test.SendAsync(TheirClose);
        await test.EndAsync();
        await disposing.Soon();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged, Close(1001 GoingAway)",
            Incoming = "WebSocketClosedException",
            Sent = "1001 GoingAway",
            Received = "4001: ok",
            Initiator = CloseInitiator.Local,
            WasClean = true,
            Discarded = kind == SessionKind.Raw ? 3 : 2,
        });
        Assert.Equal(await test.Session.Completion, await closing.Soon());
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    [KtorParity("test-default-session/DefaultWebSocketTest.testCancellation", "test-raw/testServerTerminate")]
    public async Task Row_19_Abort_tells_nobody_and_drops_everything(SessionKind kind)
    {
        await using ClosingTransport test = await OpenAsync(kind);

        if (!test.HoldsWrites)
            Assert.Equal("staged", await test.SentAsync());

        test.Session.Abort();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = "WebSocketClosedException",
            Initiator = CloseInitiator.Local,
            Discarded = 2,
        });
        var closed = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.ReadAsync().Soon());
        Assert.Contains("aborted", closed.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task Row_19_Abort_drops_everything_also_while_a_close_is_on_its_way(SessionKind kind)
    {
        await using ClosingTransport test = await OpenAsync(kind);
        Task<CloseResult> closing = test.Session.CloseAsync(Ours);

        test.Session.Abort();

        Assert.False(test.Session.Incoming.TryRead(out _));
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.ReadAsync().Soon());
        Assert.Equal(2, (await test.Session.Completion.Soon()).DiscardedMessages);
        Assert.False((await closing.Soon()).WasClean);
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task Row_19_Abort_after_the_peers_close_leaves_no_end_that_looks_normal(SessionKind kind)
    {
        await using ClosingTransport test = await OpenAsync(kind);
        await test.SendAsync(TheirClose);
        await test.Until(WebSocketSessionState.PeerClosing);

        test.Session.Abort();

        Assert.False(test.Session.Incoming.TryRead(out _));
        var lost = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.WaitToReadAsync().Soon());
        Assert.Contains("messages were discarded", lost.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.Completion.Soon());
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    [KtorParity("test-life/WebSocketRemoteTest.testBadCloseReason")]
    [KtorParity("test-default-session/OkHttpWebsocketSessionTest-1006")]
    public async Task Rows_21_and_22_a_code_that_must_not_be_sent_leaves_the_session_untouched(SessionKind kind)
    {
        await using ClosingTransport test = await OpenAsync(kind);

        foreach (int code in (int[])[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535])
        {
            var error = await Assert.ThrowsAsync<ArgumentException>(() => test.Session.CloseAsync(new CloseReason((CloseCode)code)).Soon());
            Assert.Equal("reason", error.ParamName);
            Assert.Contains($"{code}", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
        test.TakeAll();
        await test.Session.SendAsync("alive");
        await test.SendAsync(Three);
        await test.Queued(3);
        Assert.Equal("staged", await test.SentAsync());
        Assert.Equal("alive", await test.SentAsync());
    }

    [Fact]
    [KtorParity("test-default-session/OkHttpWebsocketSessionTest-4002-and-3500")]
    public async Task Rows_21_and_22_every_other_code_can_be_sent()
    {
        foreach (int code in (int[])[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])
        {
            await using ClosingTransport test = await OpenAsync(SessionKind.Default);
            var reason = new CloseReason((CloseCode)code);

            _ = test.Session.CloseAsync(reason);
            test.TakeAll();

            Assert.Equal("staged", await test.SentAsync());
            Assert.Equal($"Close({reason})", await test.SentAsync());
        }
    }

    // Opens a session over the transport, and brings it to where each row begins.
    private protected abstract Task<ClosingTransport> OpenAsync(SessionKind kind, Action<WebSocketsOptions>? configure = null);

    // The error of a connection that breaks.
    private protected virtual string LostError => nameof(IOException);

    // The options with which only a write, and no read, notices that the connection is broken.
    private protected virtual Action<WebSocketsOptions>? OnlyAWriteFails => null;

    private protected static async Task AssertEndsAsync(ClosingTransport test, Ending expected) =>
        Assert.Equal(expected, await test.ObserveAsync());
}
