namespace Duplex.Tests;

/// <summary>
/// The closing rules, row by row, over real connections, plain and TLS. Before each event the peer has sent "one" and "two", which nobody has received, and the session has sent
/// "staged": so a row shows what becomes of both.
/// </summary>
public sealed class ClosingOverHttpTests
{
    private static readonly CloseReason Ours = new((CloseCode)4000, "bye");

    // The peer's Close, 4001 "ok".
    private const string TheirClose = "88 04 0fa1 6f6b";

    public static TheoryData<SessionKind, bool> Sessions
    {
        get
        {
            var data = new TheoryData<SessionKind, bool>();
            foreach (SessionKind kind in Enum.GetValues<SessionKind>())
            {
                data.Add(kind, false);
                data.Add(kind, true);
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Sessions))]
    public async Task Row_1_CloseAsync_receives_until_the_peers_close(SessionKind kind, bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(kind, tls);

        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        await test.Peer.WriteHexAsync("81 05 7468726565");
        await test.Queued(3);
        Assert.False(closing.IsCompleted);
        await test.Peer.WriteHexAsync(TheirClose);
        CloseResult result = await closing.Soon();
        Assert.False(test.Session.Completion.IsCompleted);
        await test.Peer.EndAsync();

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

    [Theory, MemberData(nameof(Sessions))]
    public async Task Row_1b_a_peer_that_never_answers_our_close_costs_the_close_timeout(SessionKind kind, bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(kind, tls);

        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        await Patience.Until(() => test.Session.BufferedBytes == 0); // our Close is flushed
        await PassAsync(test, closing);

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged, Close(4000: bye)",
            Incoming = "one, two, WebSocketClosedException <- TimeoutException",
            Sent = "4000: bye",
            Initiator = CloseInitiator.Local,
            Error = nameof(TimeoutException),
        });
        Assert.Equal(await test.Session.Completion, await closing.Soon());
    }

    [Theory, MemberData(nameof(Sessions))]
    public async Task Row_2_DisposeAsync_closes_with_1000_and_drops_what_was_not_received(SessionKind kind, bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(kind, tls);

        ValueTask disposing = test.Session.DisposeAsync();
        await test.Peer.WriteHexAsync("81 05 7468726565" + TheirClose);
        await test.Peer.EndAsync();
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

    [Theory, MemberData(nameof(Sessions))]
    public async Task Row_3_CloseWithErrorAsync_tells_the_peer_1011_and_no_word_of_it(SessionKind kind, bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(kind, tls);
        var error = new InvalidOperationException("secret");

        Task<CloseResult> closing = test.Session.CloseWithErrorAsync(error);
        await test.Peer.WriteHexAsync(TheirClose);
        await test.Peer.EndAsync();

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

    [Theory, InlineData(false), InlineData(true)]
    public async Task Row_4_the_peers_close_is_echoed(bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(SessionKind.Default, tls);

        await test.Peer.WriteHexAsync(TheirClose);
        await test.Peer.EndAsync();

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

    [Theory, InlineData(false), InlineData(true)]
    public async Task Row_5_the_peers_empty_close_is_answered_by_an_empty_one(bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(SessionKind.Default, tls);

        await test.Peer.WriteHexAsync("88 00");
        await test.Peer.EndAsync();

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

    [Theory, InlineData(false), InlineData(true)]
    public async Task Raw_rows_4_and_5_the_peers_close_is_a_frame_and_the_users_answer_makes_the_end_clean(bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(SessionKind.Raw, tls);

        await test.Peer.WriteHexAsync(TheirClose);
        await test.Until(WebSocketSessionState.PeerClosing);
        await test.Session.SendAsync(new Frame.Close());
        await test.Peer.EndAsync();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged, Close()",
            Incoming = "one, two, Close(4001: ok), end",
            Sent = "1005 NoStatusReceived",
            Received = "4001: ok",
            Initiator = CloseInitiator.Remote,
            WasClean = true,
        });
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Raw_row_4_disposing_answers_with_1000_where_the_user_has_not(bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(SessionKind.Raw, tls);

        await test.Peer.WriteHexAsync(TheirClose);
        await test.Until(WebSocketSessionState.PeerClosing);
        await test.Peer.EndAsync();
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

    [Theory, InlineData(false), InlineData(true)]
    public async Task Raw_row_4_a_close_that_nobody_answers_ends_with_the_close_timeout(bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(SessionKind.Raw, tls);

        await test.Peer.WriteHexAsync(TheirClose);
        await PassAsync(test, test.Session.Completion);

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged",
            Incoming = "one, two, Close(4001: ok), end",
            Received = "4001: ok",
            Initiator = CloseInitiator.Remote,
            Error = nameof(TimeoutException),
        });
    }

    public static TheoryData<string, string, string> BrokenRules => new()
    {
        // what the peer sends, what our Close says, what the receiver gets
        { "88 01 03", "1002 ProtocolError", "WebSocketProtocolException" }, // row 6: a Close of 1 byte
        { "88 02 03ed", "1002 ProtocolError", "WebSocketProtocolException" }, // row 6: code 1005
        { "88 03 03e8 ff", "1007 InvalidFramePayloadData", "WebSocketProtocolException" }, // row 6: bad UTF-8
        { "83 00", "1002 ProtocolError", "WebSocketProtocolException" }, // row 9: a reserved opcode
        { "81 80 00000000", "1002 ProtocolError", "WebSocketProtocolException" }, // row 9: a masked server frame
        { "81 02 c328", "1007 InvalidFramePayloadData", "WebSocketProtocolException" }, // row 9: bad UTF-8
        { "82 7e 03e9", "1009 MessageTooBig", "FrameTooBigException" }, // row 10: 1,001 bytes, of which none has come
        { "82 7f 4000000000000000", "1009 MessageTooBig", "FrameTooBigException" }, // row 10: 2^62 bytes
    };

    [Theory, MemberData(nameof(BrokenRules))]
    public async Task Rows_6_9_10_what_breaks_a_rule_is_told_to_the_peer_and_to_the_receiver(string hex, string code, string exception)
    {
        foreach ((SessionKind kind, bool tls) in Sessions.Select(row => row.Data))
        {
            await using SessionOverHttp<WebSocketSession> test = await OpenAsync(kind, tls, ws => ws.MaxFrameSize = 1000);

            await test.Peer.WriteHexAsync(hex + TheirClose); // the Close is not parsed any more
            await test.Until(WebSocketSessionState.Closing);
            await test.Peer.EndAsync();

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
    [InlineData("02 7e 01f4", 500, "80 7e 01f5", 501, "MaxMessageSize", false)]
    [InlineData("02 7e 01f4", 500, "80 7e 01f5", 501, "MaxMessageSize", true)]
    [InlineData("02 01", 1, "00 01 01  00 01 02  80 01", 1, "MaxFragments", false)]
    [InlineData("02 01", 1, "00 01 01  00 01 02  80 01", 1, "MaxFragments", true)]
    public async Task Rows_10_11_a_message_of_too_many_bytes_or_fragments_is_too_big(string first, int firstBytes, string second, int secondBytes, string limit, bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(SessionKind.Default, tls, ws =>
        {
            ws.MaxMessageSize = 1000;
            ws.MaxFragments = 3;
        });

        await test.Peer.WriteHexAsync(first + new string('0', 2 * firstBytes));
        await test.Peer.WriteHexAsync(second + new string('0', 2 * secondBytes));
        await test.Until(WebSocketSessionState.Closing);
        await test.Peer.EndAsync();

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

    [Theory, MemberData(nameof(Sessions))]
    public async Task Row_7_the_end_of_the_stream_without_a_close_is_an_abnormal_end(SessionKind kind, bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(kind, tls);

        await test.Peer.EndAsync();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged",
            Incoming = "one, two, WebSocketClosedException <- EndOfStreamException",
            Initiator = CloseInitiator.None,
            Error = nameof(EndOfStreamException),
        });
    }

    [Theory, MemberData(nameof(Sessions))]
    public async Task Row_8_a_read_that_fails_is_an_abnormal_end(SessionKind kind, bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(kind, tls);
        Assert.Equal("staged", Ending.Describe((await test.Peer.ReceiveAsync())!));

        test.Peer.Reset();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = "one, two, WebSocketClosedException <- IOException",
            Initiator = CloseInitiator.None,
            Error = nameof(IOException),
        });
    }

    [Theory, MemberData(nameof(Sessions))]
    public async Task Row_8_a_write_that_fails_is_an_abnormal_end(SessionKind kind, bool tls)
    {
        // The queue is full with two, so that nobody reads, and only a write can find out.
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(kind, tls, ws => ws.Channels.Incoming = ChannelConfig.Bounded(2, 1000));
        Assert.Equal("staged", Ending.Describe((await test.Peer.ReceiveAsync())!));
        test.Peer.Reset();
        await test.Sockets.HasInput();
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);

        await test.Session.SendAsync("lost");
        await test.Time.Pass(SessionLifetime.Tail); // for a Close of the peer that may be on its way

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = "one, two, WebSocketClosedException <- IOException",
            Initiator = CloseInitiator.None,
            Error = nameof(IOException),
        });
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Row_13_a_ping_timeout_aborts(bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(SessionKind.Default, tls, ws =>
        {
            ws.PingInterval = TimeSpan.FromSeconds(20);
            ws.PingTimeout = TimeSpan.FromSeconds(7);
        });
        await Patience.Until(() => test.Session.BufferedBytes == 0);

        test.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal("staged", Ending.Describe((await test.Peer.ReceiveAsync())!));
        Assert.Equal("Ping(0000000000000001)", Ending.Describe((await test.Peer.ReceiveAsync())!)); // else time might outrun its write
        await PassAsync(test, test.Session.Completion);

        Ending ending = await Ending.ObserveAsync(test.Session, await test.Peer.ReceiveAllAsync());
        Assert.Equal(
            new Ending
            {
                Wire = ending.Wire,
                Incoming = "one, two, WebSocketClosedException <- TimeoutException",
                Initiator = CloseInitiator.None,
                Error = nameof(TimeoutException),
            },
            ending);
        Assert.StartsWith("Ping timeout", (await test.Session.Completion).Error!.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Sessions))]
    public async Task Row_16_an_outgoing_overflow_closes_with_1011_and_what_is_received_stays(SessionKind kind, bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(
            kind, tls, ws => ws.Channels.Outgoing = ChannelConfig.Bounded(1, 100_000, ChannelOverflow.Close));
        Assert.Equal("staged", Ending.Describe((await test.Peer.ReceiveAsync())!));
        await Patience.Until(() => test.Session.BufferedBytes == 0);

        // The peer reads nothing more: sooner or later the sockets' buffers are full, and ours after them.
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

        Assert.Equal(WebSocketSessionState.Closing, test.Session.State);
        for (int i = 0; i < sent; i++)
            Assert.Equal(data.Length, Assert.IsType<Frame.Binary>(await test.Peer.ReceiveAsync()).Data.Length);
        await test.Peer.WriteHexAsync("81 05 7468726565" + TheirClose);
        await test.Peer.EndAsync();

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

    [Theory, MemberData(nameof(Sessions))]
    public async Task Row_17_an_incoming_overflow_closes_with_1011_and_loses_no_frame_that_was_queued(SessionKind kind, bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(kind, tls, ws => ws.Channels.Incoming = ChannelConfig.Bounded(3, 1000, ChannelOverflow.Close));

        // In one write: the last frame that fits, and the first that does not.
        await test.Peer.WriteHexAsync("81 05 7468726565  82 04 00000000  81 04 66697665");
        await test.Until(WebSocketSessionState.Closing);
        await test.Peer.WriteHexAsync(TheirClose);
        await test.Peer.EndAsync();

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

    /// <summary>Rows 2, 3 and 18 in the form with a block: what ends it, for each kind of session, plain and TLS.</summary>
    public static TheoryData<string, SessionKind, bool> Blocks
    {
        get
        {
            var data = new TheoryData<string, SessionKind, bool>();
            foreach (string end in (string[])["returns", "throws", "token", "token, and it throws"])
            {
                foreach ((SessionKind kind, bool tls) in Sessions.Select(row => row.Data))
                    data.Add(end, kind, tls);
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Blocks))]
    public async Task Rows_2_3_18_a_block_that_ends_closes_and_drops_what_was_not_received(string end, SessionKind kind, bool tls)
    {
        using var source = new CancellationTokenSource();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<int>? running = null;
        await using SessionOverHttp<WebSocketSession> test = await SessionOverHttp<WebSocketSession>.OpenAsync(tls, (client, uri) =>
        {
            var entered = new TaskCompletionSource<WebSocketSession>(TaskCreationOptions.RunContinuationsAsynchronously);
            running = kind == SessionKind.Raw
                ? WithValueAsync(client.WebSocketRawAsync(uri, session => Block(session), cancellationToken: source.Token))
                : client.WebSocketAsync(uri, session => Block(session), cancellationToken: source.Token);
            return entered.Task;

            async Task<int> Block(WebSocketSession session)
            {
                entered.SetResult(session);
                await release.Task;
                return end.Contains("throws", StringComparison.Ordinal) ? throw new InvalidDataException("secret") : 42;
            }
        }, configure: null);
        await PrepareAsync(test);

        string close = end switch { "returns" => "1000 NormalClosure", "throws" => "1011 InternalError", _ => "1001 GoingAway" };
        if (end.StartsWith("token", StringComparison.Ordinal))
        {
            await source.CancelAsync();
            await test.Until(WebSocketSessionState.Closing); // while the block runs
            Assert.False(running!.IsCompleted);
        }
        else
        {
            release.SetResult();
        }

        Assert.Equal("staged", Ending.Describe((await test.Peer.ReceiveAsync())!));
        Assert.Equal($"Close({close})", Ending.Describe((await test.Peer.ReceiveAsync())!));
        await test.Peer.WriteHexAsync("81 05 7468726565" + TheirClose);
        await test.Peer.EndAsync();
        await test.Session.Completion.Soon();
        if (end.StartsWith("token", StringComparison.Ordinal))
            Assert.False(running!.IsCompleted); // the call waits for the block
        release.TrySetResult();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = "WebSocketClosedException",
            Sent = close,
            Received = "4001: ok",
            Initiator = CloseInitiator.Local,
            WasClean = true,
            Error = end == "throws" ? nameof(InvalidDataException) : null,
            Discarded = kind == SessionKind.Raw ? 4 : 3, // a raw session receives the Close, too
        });
        switch (end)
        {
            case "returns":
                Assert.Equal(42, await running!.Soon());
                break;
            case "throws":
                Assert.Equal("secret", (await Assert.ThrowsAsync<InvalidDataException>(() => running!.Soon())).Message);
                break;
            default:
                Assert.Equal(source.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running!.Soon())).CancellationToken);
                break;
        }

        // For where the raw form returns no value.
        static async Task<int> WithValueAsync(Task running)
        {
            await running;
            return 42;
        }
    }

    [Theory, MemberData(nameof(Sessions))]
    public async Task Row_19_Abort_tells_nobody_and_drops_everything(SessionKind kind, bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(kind, tls);
        await test.Session.FlushAsync().Soon();

        test.Session.Abort();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged",
            Incoming = "WebSocketClosedException",
            Initiator = CloseInitiator.Local,
            Discarded = 2,
        });
        var closed = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.ReadAsync().Soon());
        Assert.Contains("aborted", closed.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Sessions))]
    public async Task Row_20_an_open_session_outlives_its_client_and_handler(SessionKind kind, bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(kind, tls);

        test.Client.Dispose(); // and the handlers below it

        Assert.Equal(1, test.Sockets.Open);
        await test.Session.SendAsync("alive");
        await test.Peer.WriteHexAsync("81 05 7468726565");
        await test.Queued(3);
        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        await test.Peer.WriteHexAsync(TheirClose);
        await closing.Soon();
        await test.Peer.EndAsync();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "staged, alive, Close(4000: bye)",
            Incoming = kind == SessionKind.Raw ? "one, two, three, Close(4001: ok), end" : "one, two, three, end",
            Sent = "4000: bye",
            Received = "4001: ok",
            Initiator = CloseInitiator.Local,
            WasClean = true,
        });
    }

    [Theory, MemberData(nameof(Sessions))]
    public async Task Rows_21_and_22_a_code_that_must_not_be_sent_leaves_the_session_untouched(SessionKind kind, bool tls)
    {
        await using SessionOverHttp<WebSocketSession> test = await OpenAsync(kind, tls);

        foreach (int code in (int[])[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535])
        {
            var error = await Assert.ThrowsAsync<ArgumentException>(() => test.Session.CloseAsync(new CloseReason((CloseCode)code)).Soon());
            Assert.Equal("reason", error.ParamName);
        }

        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
        await test.Session.SendAsync("alive");
        await test.Peer.WriteHexAsync("81 05 7468726565");
        await test.Queued(3);
        Assert.Equal("staged", Ending.Describe((await test.Peer.ReceiveAsync())!));
        Assert.Equal("alive", Ending.Describe((await test.Peer.ReceiveAsync())!));
    }

    private static async Task<SessionOverHttp<WebSocketSession>> OpenAsync(SessionKind kind, bool tls, Action<WebSocketsOptions>? configure = null)
    {
        SessionOverHttp<WebSocketSession> test = await SessionOverHttp.OpenAsync(kind, tls, configure);
        await PrepareAsync(test);
        return test;
    }

    private static async Task PrepareAsync(SessionOverHttp<WebSocketSession> test)
    {
        await test.Peer.WriteHexAsync("81 03 6f6e65  81 03 74776f");
        await test.Queued(2);
        await test.Session.SendAsync("staged");
    }

    // In steps: which timer is armed when, and how long after the one before, is up to other threads.
    private static Task PassAsync(SessionOverHttp<WebSocketSession> test, Task done) => Patience.Until(() =>
    {
        test.Time.Advance(TimeSpan.FromMilliseconds(50));
        return done.IsCompleted;
    });

    private static async Task AssertEndsAsync(SessionOverHttp<WebSocketSession> test, Ending expected)
    {
        string wire = test.Peer.IsReset ? "" : await test.Peer.ReceiveAllAsync();
        Assert.Equal(expected, await Ending.ObserveAsync(test.Session, wire));

        // Nothing is left behind: no buffer, and no timer but one that Task.WaitAsync forgot to dispose, which fires once more into nothing.
        await Patience.Until(() => test.Pool.Rented == 0); // the test's clock may outrun the stream's own end
        test.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, test.Time.ArmedTimers);
    }
}
