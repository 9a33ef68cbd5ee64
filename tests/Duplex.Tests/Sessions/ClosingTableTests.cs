namespace Duplex.Tests;

/// <summary>
/// The closing rules, row by row. Before each event the peer has sent "one" and "two", which nobody has received, and the session has sent "staged", which the peer has not taken:
/// so a row shows what becomes of both.
/// </summary>
public sealed class ClosingTableTests
{
    private static readonly CloseReason Ours = new((CloseCode)4000, "bye");
    private static readonly CloseReason Theirs = new((CloseCode)4001, "ok");

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task Row_1_CloseAsync_sends_our_close_behind_what_is_staged_and_receives_until_the_peers(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(kind);

        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        Assert.Equal(WebSocketSessionState.Closing, test.Session.State);
        test.Peer.UnblockWrites();
        test.Peer.SendFrame(Opcode.Text, "three"u8);
        await test.Queued(3);
        Assert.False(test.Session.Incoming.Completion.IsCompleted);
        Assert.False(closing.IsCompleted);
        test.Peer.SendClose(Theirs);
        CloseResult result = await closing.Soon();
        Assert.False(test.Session.Completion.IsCompleted);
        test.Peer.SendEof();

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

    [Theory]
    [InlineData(SessionKind.Default, ChannelOverflow.Suspend)]
    [InlineData(SessionKind.Raw, ChannelOverflow.Suspend)]
    [InlineData(SessionKind.Default, ChannelOverflow.Close)]
    [InlineData(SessionKind.Raw, ChannelOverflow.Close)]
    public async Task Row_1_what_nobody_takes_is_dropped_from_the_first_message_on_and_the_reader_is_told(SessionKind kind, ChannelOverflow overflow)
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(kind, settings => settings with { Incoming = ChannelConfig.Bounded(2, 1000, overflow) });

        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        test.Peer.UnblockWrites();
        test.Peer.SendFrame(Opcode.Text, "three"u8); // waits for room that never comes
        test.Peer.SendFrame(Opcode.Text, "four"u8);
        test.Peer.SendClose(Theirs);
        test.Peer.SendEof();
        await Patience.Until(() => test.Peer.Unread == (overflow == ChannelOverflow.Close ? 2 : 3)); // the loop waits for room
        await test.Time.PassStepwise(TimeSpan.FromSeconds(1.2)); // less than a quarter of the close timeout
        Assert.False(closing.IsCompleted);
        await test.Time.PassStepwise(TimeSpan.FromSeconds(2.55), closing); // to three quarters: the loop may have paused behind the first look
        CloseResult result = await closing.Soon();

        // A raw session would have received the Close, too.
        int discarded = kind == SessionKind.Raw ? 3 : 2;
        Assert.Equal(discarded, result.DiscardedMessages);
        await AssertEndsAsync(test, new Ending
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
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(kind, settings => settings with { Incoming = ChannelConfig.Bounded(2, 1000, overflow) });

        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        test.Peer.UnblockWrites();
        string[] expected = ["one", "two", .. Enumerable.Range(3, 18).Select(number => $"{number}")];
        foreach (string text in expected.Skip(2))
            test.Peer.SendFrame(Opcode.Text, System.Text.Encoding.UTF8.GetBytes(text));
        test.Peer.SendClose(Theirs);
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
    public async Task Row_1b_a_peer_that_never_answers_our_close_costs_the_close_timeout_and_no_more(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(kind);

        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        await test.Time.PassStepwise(TimeSpan.FromSeconds(2)); // for the flush
        test.Peer.UnblockWrites();
        Assert.Equal("staged", await test.SentAsync());
        await test.Time.PassStepwise(TimeSpan.FromSeconds(3)); // for the answer: what is left

        await AssertEndsAsync(test, new Ending
        {
            Wire = "Close(4000: bye)",
            Incoming = "one, two, WebSocketClosedException <- TimeoutException",
            Sent = "4000: bye",
            Initiator = CloseInitiator.Local,
            Error = nameof(TimeoutException),
        });
        Assert.Equal(await test.Session.Completion, await closing.Soon());
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task Row_1b_a_peer_that_never_reads_costs_the_close_timeout_and_no_more(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(kind);

        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        await test.Time.PassStepwise(TimeSpan.FromSeconds(5));

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = "one, two, WebSocketClosedException <- TimeoutException",
            Initiator = CloseInitiator.Local,
            Error = nameof(TimeoutException),
        });
        Assert.Equal(await test.Session.Completion, await closing.Soon());
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task Row_2_DisposeAsync_closes_with_1000_and_drops_what_was_not_received_and_a_reader_is_told(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(kind);

        ValueTask disposing = test.Session.DisposeAsync();
        test.Peer.UnblockWrites();
        test.Peer.SendFrame(Opcode.Text, "three"u8);
        test.Peer.SendClose(Theirs);
        test.Peer.SendEof();
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
    public async Task Row_3_CloseAsync_with_an_error_tells_the_peer_1011_and_no_word_of_it(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(kind);
        var error = new InvalidOperationException("secret");

        Task<CloseResult> closing = test.Session.CloseAsync(error);
        test.Peer.UnblockWrites();
        test.Peer.SendClose(Theirs);
        test.Peer.SendEof();

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
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(SessionKind.Default);

        test.Peer.SendClose(Theirs);
        await test.Until(WebSocketSessionState.PeerClosing);
        test.Peer.UnblockWrites();
        test.Peer.SendEof();

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
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(SessionKind.Default);
        await test.Session.SendAsync(new Frame.Text(fin: false, "half a mess"u8.ToArray()));

        test.Peer.SendClose(Theirs);
        await test.Until(WebSocketSessionState.PeerClosing);
        test.Peer.UnblockWrites();
        test.Peer.SendEof();

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
    public async Task Row_4_a_frame_that_is_half_staged_is_finished_before_the_echo()
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(
            SessionKind.Default, settings => settings with { Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(10, 100) } });
        byte[] large = new byte[1000];
        Task sending = test.Session.SendAsync(large).AsTask(); // begins when there is room, and then takes many rounds

        await Patience.Until(() => test.Session.BufferedBytes > 100);
        test.Peer.SendClose(Theirs);
        await test.Until(WebSocketSessionState.PeerClosing);
        Assert.False(sending.IsCompleted);
        test.Peer.UnblockWrites();
        test.Peer.SendEof();
        await sending.Soon();
        Assert.Equal("staged", await test.SentAsync());

        await AssertEndsAsync(test, new Ending
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
    public async Task Row_5_the_peers_empty_close_is_answered_by_an_empty_one()
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(SessionKind.Default);

        test.Peer.SendHex("88 00");
        await test.Until(WebSocketSessionState.PeerClosing);
        test.Peer.UnblockWrites();
        test.Peer.SendEof();

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
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(SessionKind.Raw);

        test.Peer.SendClose(Theirs);
        await test.Until(WebSocketSessionState.PeerClosing);
        await test.Queued(3);
        test.Peer.UnblockWrites();
        Assert.Equal("staged", await test.SentAsync());
        await test.Session.SendAsync(new Frame.Close());
        test.Peer.SendEof();

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
    public async Task Raw_row_4_disposing_answers_with_1000_where_the_user_has_not()
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(SessionKind.Raw);

        test.Peer.SendClose(Theirs);
        await test.Until(WebSocketSessionState.PeerClosing);
        test.Peer.UnblockWrites();
        test.Peer.SendEof();
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
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(SessionKind.Raw);
        test.Peer.UnblockWrites();
        await Patience.Until(() => test.Peer.Received.Length > 0);

        test.Peer.SendClose(Theirs);
        await test.Time.PassStepwise(TimeSpan.FromSeconds(5));

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged",
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
        foreach (SessionKind kind in Enum.GetValues<SessionKind>())
        {
            await using SessionUnderTest<WebSocketSession> test =
                await OpenAsync(kind, settings => settings with { Connection = settings.Connection with { MaxFrameSize = 1000 } });

            test.Peer.SendHex(hex);
            await test.Until(WebSocketSessionState.Closing);
            test.Peer.UnblockWrites();
            test.Peer.SendClose(Theirs); // not parsed any more
            test.Peer.SendEof();

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
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(
            SessionKind.Default, settings => settings with { Connection = settings.Connection with { MaxMessageSize = 1000, MaxFragments = 3 } });

        test.Peer.SendHex(first);
        test.Peer.Send(new byte[firstBytes]);
        test.Peer.SendHex(second);
        test.Peer.Send(new byte[secondBytes]);
        await test.Until(WebSocketSessionState.Closing);
        test.Peer.UnblockWrites();
        test.Peer.SendEof();

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
    public async Task Row_7_the_end_of_the_stream_without_a_close_is_an_abnormal_end(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(kind);

        test.Peer.SendEof();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = "one, two, WebSocketClosedException <- EndOfStreamException",
            Initiator = CloseInitiator.None,
            Error = nameof(EndOfStreamException),
        });
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task Row_8_a_read_that_fails_is_an_abnormal_end(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(kind);

        test.Peer.FailReads(new IOException("reset"));

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = "one, two, WebSocketClosedException <- IOException",
            Initiator = CloseInitiator.None,
            Error = nameof(IOException),
        });
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task Row_8_a_write_that_fails_is_an_abnormal_end(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(kind);
        var broken = new IOException("broken pipe");

        test.Peer.FailWrites(broken);
        await test.Time.Pass(SessionLifetime.Tail); // for a Close of the peer that may be on its way

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = "one, two, WebSocketClosedException <- IOException",
            Initiator = CloseInitiator.None,
            Error = nameof(IOException),
        });
        Assert.Same(broken, (await test.Session.Completion).Error);
    }

    [Fact]
    public async Task Row_8_where_a_write_fails_because_the_peer_has_closed_its_close_tells_why()
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(SessionKind.Default);

        test.Peer.FailWrites(new IOException("broken pipe"));
        await test.Time.Armed(SessionLifetime.Tail);
        test.Peer.SendClose(Theirs);
        test.Peer.SendEof();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = "one, two, end",
            Received = "4001: ok",
            Initiator = CloseInitiator.Remote,
            Error = nameof(IOException),
        });
    }

    [Fact]
    public async Task Row_13_a_ping_timeout_aborts()
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(
            SessionKind.Default, settings => settings with { PingInterval = TimeSpan.FromSeconds(20), PingTimeout = TimeSpan.FromSeconds(7) });
        test.Peer.UnblockWrites();
        Assert.Equal("staged", await test.SentAsync());
        await Patience.Until(() => test.Session.BufferedBytes == 0); // the peer may have it before our write returns, which must not seem to last for 20 s

        await test.Time.Pass(TimeSpan.FromSeconds(7)); // the deadline of that write, which was taken meanwhile
        await test.Time.Pass(TimeSpan.FromSeconds(13));
        await test.Time.Pass(TimeSpan.FromSeconds(7));

        await AssertEndsAsync(test, new Ending
        {
            Wire = "Ping(0000000000000001)",
            Incoming = "one, two, WebSocketClosedException <- TimeoutException",
            Initiator = CloseInitiator.None,
            Error = nameof(TimeoutException),
        });
        Assert.StartsWith("Ping timeout", (await test.Session.Completion).Error!.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task Row_16_an_outgoing_overflow_closes_with_1011_and_what_is_received_stays(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(
            kind, settings => settings with { Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(1, 1000, ChannelOverflow.Close) } });
        await test.Session.SendAsync("fits");

        var overflow = await Assert.ThrowsAsync<ChannelOverflowException>(() => test.Session.SendAsync("too much").Soon());
        Assert.Equal(WebSocketSessionState.Closing, test.Session.State);
        test.Peer.SendFrame(Opcode.Text, "three"u8);
        test.Peer.UnblockWrites();
        await test.Queued(3);
        test.Peer.SendClose(Theirs);
        test.Peer.SendEof();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged, fits, Close(1011 InternalError)",
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
    public async Task Row_17_an_incoming_overflow_closes_with_1011_and_loses_no_frame_that_was_queued(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(
            kind, settings => settings with { Incoming = ChannelConfig.Bounded(3, 1000, ChannelOverflow.Close) });

        // In one batch: the last frame that fits, and the first that does not.
        test.Peer.SendHex("81 05 74 68 72 65 65  82 04 00 00 00 00  81 04 66 69 76 65");
        await test.Until(WebSocketSessionState.Closing);
        test.Peer.UnblockWrites();
        test.Peer.SendClose(Theirs);
        test.Peer.SendEof();

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
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(kind);

        Task<CloseResult> closing = test.Session.CloseAsync(new CloseReason(CloseCode.GoingAway));
        ValueTask disposing = test.Session.DisposeAsync();
        test.Peer.UnblockWrites();
        test.Peer.SendClose(Theirs);
        test.Peer.SendEof();
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
    public async Task Row_19_Abort_tells_nobody_and_drops_everything(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(kind);

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
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(kind);
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
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(kind);
        test.Peer.SendClose(Theirs);
        await test.Until(WebSocketSessionState.PeerClosing);

        test.Session.Abort();

        Assert.False(test.Session.Incoming.TryRead(out _));
        var lost = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.WaitToReadAsync().Soon());
        Assert.Contains("messages were discarded", lost.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.Completion.Soon());
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task Rows_21_and_22_a_code_that_must_not_be_sent_leaves_the_session_untouched(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(kind);

        foreach (int code in (int[])[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535])
        {
            var error = await Assert.ThrowsAsync<ArgumentException>(() => test.Session.CloseAsync(new CloseReason((CloseCode)code)).Soon());
            Assert.Equal("reason", error.ParamName);
            Assert.Contains($"{code}", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
        test.Peer.UnblockWrites();
        await test.Session.SendAsync("alive");
        test.Peer.SendFrame(Opcode.Text, "three"u8);
        await test.Queued(3);
        Assert.Equal("staged", await test.SentAsync());
        Assert.Equal("alive", await test.SentAsync());
    }

    [Fact]
    public async Task Rows_21_and_22_every_other_code_can_be_sent()
    {
        foreach (int code in (int[])[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])
        {
            await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();

            _ = test.Session.CloseAsync(new CloseReason((CloseCode)code));

            Assert.Equal((CloseCode)code, Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason()!.Code);
        }
    }

    [Fact]
    public async Task Row_12_corrupt_input_of_an_extension_closes_with_its_code()
    {
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(SessionKind.Default, With(new CounterExtension()));

        test.Peer.SendHex("C1 02 48 07  81 01 78"); // the message's number is wrong, and nothing behind it counts
        test.Peer.UnblockWrites();
        test.Peer.SendEof();

        await AssertEndsAsync(test, new Ending
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
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(SessionKind.Default, With(counter));

        counter.Error = new FormatException();
        test.Peer.SendHex("C1 02 48 00  81 01 78");
        test.Peer.UnblockWrites();
        test.Peer.SendEof();

        await AssertEndsAsync(test, new Ending
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
        await using SessionUnderTest<WebSocketSession> test = await OpenAsync(SessionKind.Default, With(counter));

        counter.Error = new FormatException();
        WebSocketException error = await Assert.ThrowsAsync<WebSocketException>(() => test.Session.SendAsync("fails").Soon());
        Assert.Same(counter.Error, error.InnerException);
        Assert.Same(error, await Assert.ThrowsAsync<WebSocketException>(async () =>
        {
            while (true)
                await test.ReceiveAsync();
        }));
        test.Peer.UnblockWrites();
        test.Peer.SendClose(Theirs);
        test.Peer.SendEof();

        await AssertEndsAsync(test, new Ending
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

    private static async Task<SessionUnderTest<WebSocketSession>> OpenAsync(SessionKind kind, Func<SessionSettings, SessionSettings>? configure = null)
    {
        SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind, configure);
        test.Peer.SendFrame(Opcode.Text, "one"u8);
        test.Peer.SendFrame(Opcode.Text, "two"u8);
        await test.Queued(2);
        test.Peer.BlockWrites();
        await test.Session.SendAsync("staged");
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        return test;
    }

    private static async Task AssertEndsAsync(SessionUnderTest<WebSocketSession> test, Ending expected) => Assert.Equal(expected, await Ending.ObserveAsync(test));
}
