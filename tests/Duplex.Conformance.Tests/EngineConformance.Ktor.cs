namespace Duplex.Tests;

/// <summary>What Ktor's own tests say of every engine's sessions, asked of ours.</summary>
public abstract partial class EngineConformance
{
    [Fact]
    [KtorParity("test-life/TestApplicationTestJvm.testMultipleParallelWebSocketsRequests")]
    public async Task A_hundred_sessions_of_one_client_all_work_at_once()
    {
        using HttpClient client = Client();

        await Task.WhenAll(Enumerable.Range(0, 100).Select(number => client.WebSocketAsync(At("/echo"), async session =>
        {
            for (int i = 0; i < 3; i++)
            {
                await session.SendAsync($"{number}/{i}");
                Assert.Equal($"{number}/{i}", await TextAsync(session));
            }
        }))).Soon();
    }

    [Fact]
    [KtorParity("test-data/WebSocketRemoteTest.testRemotePingPong")]
    [KtorParity("test-data/WebSocketRemoteTest.testSecureRemotePingPong")]
    [KtorParity("test-protocol/testConversation-testSingleEcho")]
    public async Task Ten_rounds_of_text_and_binary_come_back()
    {
        using HttpClient client = Client();

        await client.WebSocketAsync(At("/echo"), async session =>
        {
            for (byte round = 0; round < 10; round++)
            {
                await session.SendAsync($"round {round}");
                await session.SendAsync(new byte[] { round, 1, 2, 3 });
                Assert.Equal($"round {round}", await TextAsync(session));
                Assert.Equal([round, 1, 2, 3], Assert.IsType<Frame.Binary>(await NextAsync(session)).ReadBytes());
            }
        }).Soon();
    }

    [Fact]
    [KtorParity("test-data/WebSocketTest.testReceiveLargeFrame")]
    public async Task A_text_of_24_000_characters_is_one_frame()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo");
        string text = string.Concat(Enumerable.Range(0, 24_000).Select(i => (char)('a' + i % 26)));

        await session.SendAsync(text);

        Frame.Text frame = Assert.IsType<Frame.Text>(await NextAsync(session));
        Assert.Equal((text, true), (frame.ReadText(), frame.Fin));
    }

    [Theory]
    [InlineData(0xc123)]
    [InlineData(0xcdef)]
    [KtorParity("test-protocol/testFrameSize")]
    public async Task A_length_of_16_bits_is_kept(int length)
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo");

        await session.SendAsync(new string('*', length));
        await session.SendAsync(new byte[length]);

        Assert.Equal(length, (await TextAsync(session)).Length);
        Assert.Equal(length, (await NextAsync(session)).Data.Length);
    }

    [Fact]
    [KtorParity("test-data/WebSocketTest.testMaxFrameSizeSupported")]
    public async Task A_message_beyond_the_limit_makes_the_block_throw_and_the_call_rethrow()
    {
        using HttpClient client = Client(ws => ws.MaxMessageSize = 10);

        var error = await Assert.ThrowsAsync<FrameTooBigException>(() => client.WebSocketAsync(At("/echo"), async session =>
        {
            await session.SendAsync("abc");
            Assert.Equal("abc", await TextAsync(session));
            await session.SendAsync(new string('x', 1500));
            await session.Incoming.ReadAsync();
        }).Soon());

        // Not the whole size: a socket may bring a message in parts, and the first that goes beyond the limit ends it.
        Assert.Contains("MaxMessageSize", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [KtorParity("test-life/WebSocketRemoteTest.testSessionClose")]
    public async Task A_close_with_a_reason_in_the_block_lets_the_call_return()
    {
        using HttpClient client = Client();

        CloseResult end = await client.WebSocketAsync(At("/echo"), session => session.CloseAsync(new CloseReason(CloseCode.NormalClosure, "OK"))).Soon();

        Assert.Equal((new CloseReason(CloseCode.NormalClosure, "OK"), true), (end.Sent, end.WasClean));
    }

    [Fact]
    [KtorParity("test-life/WebSocketRemoteTest.testSessionTermination")]
    public async Task An_abort_in_the_block_lets_no_exception_out_of_the_call()
    {
        using HttpClient client = Client();

        Task<CloseResult> completion = await client.WebSocketAsync(At("/echo"), session =>
        {
            session.Abort();
            return Task.FromResult(session.Completion);
        }).Soon();

        Assert.False((await completion.Soon()).WasClean);
    }

    [Fact]
    [KtorParity("test-life/WebSocketRemoteTest.testErrorHandling")]
    public async Task What_a_block_throws_reaches_the_caller_as_it_is()
    {
        using HttpClient client = Client();
        var thrown = new InvalidDataException("mine");

        Assert.Same(thrown, await Assert.ThrowsAsync<InvalidDataException>(() => client.WebSocketAsync(At("/echo"), _ => throw thrown).Soon()));
    }

    [Fact]
    [KtorParity("test-life/WebSocketTest.testCancellingScope")]
    public async Task A_token_that_fires_while_the_session_is_open_completes_its_close_reason()
    {
        using HttpClient client = Client();
        using var source = new CancellationTokenSource();
        Task<CloseReason>? reason = null;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.WebSocketAsync(
            At("/echo"),
            async session =>
            {
                reason = session.CloseReason;
                await source.CancelAsync();
                await session.Completion;
            },
            cancellationToken: source.Token).Soon());

        Assert.Equal(CloseCode.GoingAway, (await reason!.Soon()).Code);
    }

    [Fact]
    [KtorParity("test-life/WebSocketTest.testIncomingOverflow")]
    public async Task A_thousand_echoes_that_nobody_reads_keep_nobody_from_leaving()
    {
        using HttpClient client = Client();

        await client.WebSocketAsync(At("/echo"), async session =>
        {
            for (int i = 0; i < 1000; i++)
                await session.SendAsync($"message {i}");
        }).Soon();
    }

    [Fact]
    [KtorParity("test-channels/WebSocketBackpressureTest-IO-frame-channels")]
    public async Task Queues_of_one_frame_in_both_directions_let_all_frames_through()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo", ws => ws.Channels.Incoming = ws.Channels.Outgoing = ChannelConfig.Bounded(1, 1 << 16));

        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < 100; i++)
                await session.SendAsync($"{i}");
        });
        for (int i = 0; i < 100; i++)
            Assert.Equal($"{i}", await TextAsync(session));

        await sending.Soon();
    }

    [Fact]
    [KtorParity("test-channels/incoming-frame-channel-overflow")]
    public async Task A_flood_into_a_queue_that_closes_on_overflow_ends_with_what_was_queued_and_the_overflow()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/flood", ws => ws.Channels.Incoming = ChannelConfig.Bounded(1, 1 << 20, ChannelOverflow.Close));
        await session.Completion.Soon(); // by itself: nobody reads

        Assert.Equal(0, BitConverter.ToInt32((await NextAsync(session)).Data.Span));
        await Assert.ThrowsAsync<ChannelOverflowException>(() => session.Incoming.ReadAsync().Soon());
        Assert.IsType<ChannelOverflowException>((await session.Completion).Error);
    }

    [Fact]
    [KtorParity("test-channels/outgoing-frame-channel-overflow")]
    public async Task Sends_that_outrun_a_queue_that_closes_on_overflow_fail_with_the_overflow_and_end_the_session()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/deaf", ws =>
        {
            ws.Channels.Outgoing = ChannelConfig.Bounded(1, 1 << 20, ChannelOverflow.Close);
            ws.CloseTimeout = TimeSpan.FromMilliseconds(50);
        });

        // From two threads, so that one sends while the other writes.
        byte[] message = new byte[64 * 1024];
        Exception[] ends = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                try
                {
                    await session.SendAsync(message);
                }
                catch (WebSocketException e)
                {
                    return e;
                }
            }
        }))).Soon();

        Assert.Contains(ends, end => end is ChannelOverflowException);
        Assert.All(ends, end => Assert.True(end is ChannelOverflowException or WebSocketClosedException));
        Assert.IsType<ChannelOverflowException>((await session.Completion.Soon()).Error);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => session.SendAsync("late").AsTask().Soon());
    }
}
