using System.Buffers;
using System.Text;

namespace Duplex.Tests;

public sealed class WebSocketSessionTests
{
    [Fact]
    public async Task A_session_is_opened_with_little_memory()
    {
        var settings = new SessionSettings { PingInterval = Timeout.InfiniteTimeSpan };
        long least = long.MaxValue;
        for (int i = 0; i < 6; i++) // the first makes what is made once for all sessions
            least = Math.Min(least, await OpenAsync());

        // What serves sends, streams and the end alone would add a fourth.
        Assert.InRange(least, 0, 3072);

        async Task<long> OpenAsync()
        {
            await using var peer = new ScriptedPeer();
            long before = GC.GetAllocatedBytesForCurrentThread();
            DefaultWebSocketSession session = DefaultWebSocketSession.Over(peer, peer, settings);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            session.Abort();
            await session.Completion.Soon();
            return allocated;
        }
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task ReceiveAsync_gives_what_waits_or_comes_and_null_after_a_normal_end(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind);
        test.Peer.SendFrame(Opcode.Text, "waits"u8);
        await test.Queued(1);

        using var cancellation = new CancellationTokenSource();
        Frame waited = (await test.Session.ReceiveAsync(cancellation.Token).Soon())!;
        Assert.Equal("waits", Encoding.UTF8.GetString(waited.Data.Span));
        waited.Recycle();
        Task<Frame?> waiting = test.Session.ReceiveAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Soon());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => test.Session.ReceiveAsync(cancellation.Token).Soon());

        waiting = test.Session.ReceiveAsync().AsTask();
        test.Peer.SendFrame(Opcode.Binary, "comes"u8);
        Frame came = Assert.IsType<Frame.Binary>(await waiting.Soon());
        Assert.Equal(5, came.Data.Length);
        came.Recycle();
        Task<Frame?> last = test.Session.ReceiveAsync().AsTask();
        Task<CloseResult> closing = test.Session.CloseAsync();
        test.Peer.SendClose(CloseReason.Normal);
        if (kind == SessionKind.Default)
            Assert.Null(await last.Soon());
        else
            Assert.IsType<Frame.Close>(await last.Soon()).Recycle();
        Assert.Null(await test.Session.ReceiveAsync().Soon());
        await closing.Soon();
    }

    [Fact]
    public async Task ReceiveAsync_throws_what_happened_after_any_other_end()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        test.Peer.SendFrame(Opcode.Text, [0xFF]);

        await Assert.ThrowsAsync<WebSocketProtocolException>(() => test.Session.ReceiveAsync().Soon());
    }

    [Fact]
    public async Task The_outgoing_channel_is_one_whoever_asks_for_it_first()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        using var all = new Barrier(4);
        Task<FrameChannelWriter> Ask() => Task.Factory.StartNew(
            () =>
            {
                all.SignalAndWait();
                return test.Session.Outgoing;
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        FrameChannelWriter[] asked = await Task.WhenAll(Ask(), Ask(), Ask(), Ask()).Soon();

        Assert.All(asked, writer => Assert.Same(test.Session.Outgoing, writer));
    }

    [Fact]
    public async Task What_the_session_sends_stands_on_the_wire()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default, settings =>
            settings with { Connection = settings.Connection with { Role = WebSocketRole.Server } });

        await test.Session.SendAsync("H\u00E9");
        await test.Session.SendTextAsync("ll"u8.ToArray());
        await test.Session.SendAsync(new byte[] { 1, 2 });
        await test.Session.SendAsync("");
        await test.Session.FlushAsync().Soon();

        Assert.Equal("810348C3A9" + "81026C6C" + "82020102" + "8100", Convert.ToHexString(test.Peer.Received));
        Assert.False(test.Session.Masking);
    }

    [Fact]
    [KtorParity("session/masking")]
    public async Task A_client_masks_and_takes_unmasked_frames_a_server_the_other_way_round()
    {
        foreach (WebSocketRole role in Enum.GetValues<WebSocketRole>())
        {
            await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default, settings =>
                settings with { Connection = settings.Connection with { Role = role } });
            Assert.Equal(role == WebSocketRole.Client, test.Session.Masking);

            test.Peer.SendFrame(Opcode.Text, "in"u8);
            await test.Session.SendAsync("out");

            Assert.Equal("in", await test.ReceiveAsync());
            Assert.Equal("out", await test.SentAsync());
            Assert.Equal(role == WebSocketRole.Client, (test.Peer.Received[1] & 0x80) != 0);
        }
    }

    [Fact]
    public async Task Long_texts_arrive_whole_and_half_characters_are_refused()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        foreach (int length in (int[])[4095, 4096, 4097, 100_000])
        {
            string text = new('\u20AC', length);
            await test.Session.SendAsync(text).Soon();
            Assert.Equal(text, Assert.IsType<Frame.Text>(await test.Peer.ReceiveAsync()).ReadText());
        }

        foreach (string half in (string[])["secret\uD800", new string('x', 5000) + "\uDC00"])
        {
            var error = await Assert.ThrowsAsync<ArgumentException>(() => test.Session.SendAsync(half).Soon());
            Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        }

        await Assert.ThrowsAsync<ArgumentException>(() => test.Session.SendTextAsync(new byte[] { 0xC3, 0x28 }).Soon());
        await Assert.ThrowsAsync<ArgumentNullException>(() => test.Session.SendAsync((string)null!).Soon());
        await Assert.ThrowsAsync<ArgumentNullException>(() => test.Session.SendAsync((Frame)null!).Soon());
        await test.Session.SendAsync("alive");
        Assert.Equal("alive", await test.SentAsync());
    }

    [Theory, InlineData(4096, 256 * 1024), InlineData(7, 3000)]
    public async Task Of_16_senders_every_message_arrives_whole_and_in_its_senders_order(int capacity, int maxBytes)
    {
        const int Senders = 16, Messages = 625;
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default, settings =>
            settings with { Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(capacity, maxBytes) } });
        static byte[] Message(int sender, int number)
        {
            int size = number % 50 == 49 ? 5000 : 10 + ((sender + number) % 100); // now and then one that is larger than the smaller bound
            byte[] message = new byte[size];
            Array.Fill(message, (byte)((sender * 31) + number));
            message[0] = (byte)sender;
            BitConverter.TryWriteBytes(message.AsSpan(1), number);
            return message;
        }

        Task[] senders = [.. Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            for (int number = 0; number < Messages; number++)
            {
                byte[] message = Message(sender, number);
                await test.Session.SendAsync(message);
                message.AsSpan().Clear(); // it was borrowed until then, and no longer
            }
        }))];
        int[] next = new int[Senders];
        for (int i = 0; i < Senders * Messages; i++)
        {
            Frame frame = await test.Peer.ReceiveAsync();
            int sender = frame.Data.Span[0];
            Assert.Equal(Message(sender, next[sender]++), frame.ReadBytes());
        }

        await Task.WhenAll(senders).Soon();
        Assert.All(next, count => Assert.Equal(Messages, count));
    }

    [Fact]
    public async Task A_consumer_that_blocks_its_thread_blocks_nobody_else()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        using var blocked = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        Task<int> consumer = Task.Run(async () =>
        {
            int received = 0;
            await foreach (Frame frame in test.Session.Incoming)
            {
                received++;
                frame.Recycle();
                blocked.Set();
                release.Wait(Patience.Limit);
            }

            return received;
        });
        await Patience.Until(() => test.Peer.IsDrained);

        test.Peer.SendFrame(Opcode.Text, "one"u8); // the consumer waits for it, and goes on when it comes
        await Task.Run(() => blocked.Wait(Patience.Limit));
        test.Peer.SendFrame(Opcode.Ping, "x"u8);
        Assert.Equal("Pong(78)", await test.SentAsync());
        test.Peer.SendFrame(Opcode.Text, "two"u8);
        Task<CloseResult> closing = test.Session.CloseAsync();
        test.Peer.SendClose(CloseReason.Normal);
        test.Peer.SendEof();
        Assert.True((await closing.Soon()).WasClean);
        await test.Session.Completion.Soon();

        release.Set();
        Assert.Equal(2, await consumer.Soon());
    }

    [Fact]
    public async Task A_cancelled_receive_loses_no_frame()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        using var cancel = new CancellationTokenSource();
        Task<Frame> receiving = test.Session.Incoming.ReadAsync(cancel.Token).AsTask();

        await cancel.CancelAsync();

        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving.Soon());
        Assert.Equal(cancel.Token, cancelled.CancellationToken);
        test.Peer.SendFrame(Opcode.Text, "one"u8);
        Assert.Equal("one", await test.ReceiveAsync());
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
    }

    [Fact]
    public async Task A_token_that_fires_in_the_midst_of_a_frame_comes_too_late()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default, settings =>
            settings with { Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(10, 1000) } });
        test.Peer.BlockWrites();
        using var cancel = new CancellationTokenSource();
        Task sending = test.Session.SendAsync(new byte[10_000], cancel.Token).AsTask();
        await Patience.Until(() => test.Peer.IsWriteBlocked);

        await cancel.CancelAsync();
        test.Peer.UnblockWrites();

        await sending.Soon();
        Assert.Equal(10_000, (await test.Peer.ReceiveAsync()).Data.Length);
        await test.Session.SendAsync("next");
        Assert.Equal("next", await test.SentAsync());
    }

    [Fact]
    [KtorParity("session/flush", "weakness/15-a-low-level-API-only")]
    public async Task FlushAsync_completes_when_the_transport_has_taken_what_was_sent_before()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        await test.Session.FlushAsync().Soon(); // nothing to wait for
        test.Peer.BlockWrites();
        await test.Session.SendAsync("one");
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        await test.Session.SendAsync("two");
        using var cancel = new CancellationTokenSource();

        Task flush = test.Session.FlushAsync();
        Task cancelled = test.Session.FlushAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.Soon());
        Assert.Equal(2 * (2 + 4 + 3), test.Session.BufferedBytes); // headers, keys, payloads
        Assert.False(flush.IsCompleted);
        test.Peer.UnblockWrites();

        await flush.Soon();
        Assert.Equal("one, two", Ending.Describe(test.Peer));
        Assert.Equal(0, test.Session.BufferedBytes);
    }

    [Fact]
    public async Task FlushAsync_fails_where_the_connection_ends_before()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        test.Peer.BlockWrites();
        await test.Session.SendAsync("one");
        Task flush = test.Session.FlushAsync();

        test.Session.Abort();

        var closed = await Assert.ThrowsAsync<WebSocketClosedException>(() => flush.Soon());
        Assert.Equal(CloseInitiator.Local, closed.Result.Initiator);
    }

    [Fact]
    [KtorParity("session/maxFrameSize")]
    public async Task MaxFrameSize_can_be_set_at_any_time()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        Assert.Equal(WebSocketLimits.DefaultMaxSize, test.Session.MaxFrameSize);
        test.Peer.SendFrame(Opcode.Binary, new byte[3]);
        Assert.Equal("Binary(000000)", await test.ReceiveAsync());

        test.Session.MaxFrameSize = 2;
        Assert.Throws<ArgumentOutOfRangeException>(() => test.Session.MaxFrameSize = 0);
        test.Peer.SendFrame(Opcode.Binary, new byte[3]);

        var tooBig = await Assert.ThrowsAsync<FrameTooBigException>(() => test.Session.Incoming.ReadAsync().Soon());
        Assert.Equal((2, 3), (tooBig.Limit, tooBig.Size));
    }

    [Fact]
    public async Task A_received_frame_is_the_receivers_for_ever()
    {
        SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        var frames = new List<Frame>();
        await using (test.Session)
        {
            test.Peer.SendFrame(Opcode.Text, "small"u8);
            test.Peer.SendFrame(Opcode.Text, Encoding.ASCII.GetBytes(new string('x', 10_000)));
            frames.Add(await test.Session.Incoming.ReadAsync().Soon());
            frames.Add(await test.Session.Incoming.ReadAsync().Soon());
            test.Peer.SendClose(CloseReason.Normal);
            test.Peer.SendEof();
        }

        Assert.Equal(["small", new string('x', 10_000)], frames.Select(Ending.Describe));
        frames.ForEach(frame => frame.Recycle());
        await test.DisposeAsync();
    }

    [Fact]
    [KtorParity("session/coroutineContext-cancel-isActive")]
    public async Task The_state_goes_one_way()
    {
        await using SessionUnderTest<WebSocketSession> local = SessionUnderTest.Of(SessionKind.Default);
        Assert.Equal(WebSocketSessionState.Open, local.Session.State);
        _ = local.Session.CloseAsync();
        Assert.Equal(WebSocketSessionState.Closing, local.Session.State);
        local.Peer.SendClose(CloseReason.Normal);
        await local.Time.Armed(SessionLifetime.Tail);
        Assert.Equal(WebSocketSessionState.Closing, local.Session.State);
        local.Session.Abort();
        await local.Session.Completion.Soon();
        Assert.Equal(WebSocketSessionState.Ended, local.Session.State);

        await using SessionUnderTest<WebSocketSession> remote = SessionUnderTest.Of(SessionKind.Default);
        remote.Peer.SendClose(CloseReason.Normal);
        await remote.Until(WebSocketSessionState.PeerClosing);
        remote.Peer.SendEof();
        await remote.Session.Completion.Soon();
        Assert.Equal(WebSocketSessionState.Ended, remote.Session.State);

        await using SessionUnderTest<WebSocketSession> aborted = SessionUnderTest.Of(SessionKind.Default);
        aborted.Session.Abort();
        Assert.Equal(WebSocketSessionState.Ended, aborted.Session.State);
    }

    [Fact]
    [KtorParity("plugin/WebSocketException", "weakness/11-a-send-after-the-end-is-a-cancellation")]
    public async Task What_a_closed_session_throws_says_how_it_ended_and_of_what_came_only_the_text_of_the_Close()
    {
        await AssertMessageAsync("The WebSocket session takes no more frames: the peer closed it with 4001: \"no such \\\"topic\\\"\".", session => session.SendAsync("secret"), peer =>
        {
            peer.SendFrame(Opcode.Text, "secret"u8);
            peer.SendClose(new CloseReason((CloseCode)4001, "no such \"topic\""));
        });
        await AssertMessageAsync(
            "No more frames will come from the WebSocket session: the peer closed it with 1008 PolicyViolation: \"too\\u000Amany\".",
            async session => await session.Incoming.ReadAsync(),
            peer => peer.SendClose(new CloseReason(CloseCode.PolicyViolation, "too\nmany")));
        await AssertMessageAsync(
            "The WebSocket session takes no more frames: the connection was lost without a Close frame (IOException).",
            session => session.SendAsync("secret"),
            peer => peer.FailReads(new IOException("secret")));
        await AssertMessageAsync(
            "The WebSocket session takes no more frames: The peer broke the WebSocket protocol: a text message is not valid UTF-8.",
            session => session.SendAsync("secret"),
            peer => peer.SendHex("81 08 73 65 63 72 65 74 c3 28"));
        await AssertMessageAsync(
            "The WebSocket session has ended abnormally: the connection was lost without a Close frame (EndOfStreamException).",
            async session => await session.Incoming.ReadAsync(),
            peer => peer.SendHex("81 08 73 65 63 72 65 74")); // "secret", cut off

        static async Task AssertMessageAsync(string message, Func<WebSocketSession, ValueTask> call, Action<ScriptedPeer> end)
        {
            await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
            end(test.Peer);
            test.Peer.SendEof();
            CloseResult result = await test.Session.Completion.Soon();

            var closed = await Assert.ThrowsAsync<WebSocketClosedException>(() => call(test.Session).Soon());
            Assert.Equal(message, closed.Message);
            Assert.Equal(result, closed.Result);
            Assert.Same(result.Error, closed.InnerException);
        }
    }

    [Fact]
    public async Task After_a_normal_end_ReadAsync_says_with_which_code_and_text_it_was_closed()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        test.Peer.SendClose(new CloseReason(CloseCode.GoingAway, "for maintenance"));
        test.Peer.SendEof();
        await test.Session.Completion.Soon();

        var closed = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.ReadAsync().Soon());

        Assert.Contains("1001 GoingAway: \"for maintenance\"", closed.Message, StringComparison.Ordinal);
        Assert.Equal(await test.Session.Completion, closed.Result);
    }

    [Fact]
    public async Task FlushAsync_has_nothing_to_wait_for_where_all_was_accepted_before_the_end()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        await test.Session.SendAsync("accepted");
        await test.Session.FlushAsync().Soon();
        test.Peer.SendClose(CloseReason.Normal);
        test.Peer.SendEof();
        await test.Session.Completion.Soon();

        await test.Session.FlushAsync().Soon();
    }

    [Fact]
    public async Task FlushAsync_throws_where_the_end_came_before_the_transport_took_all()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        test.Peer.BlockWrites();
        await test.Session.SendAsync("never accepted");
        test.Session.Abort();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.FlushAsync().Soon());
    }

    [Fact]
    public async Task Without_memory_for_a_frame_its_send_fails_and_the_session_goes_on()
    {
        var pool = new PoorPool { MostBytes = 70_000 };
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { Connection = settings.Connection with { Pool = pool } });

        await Assert.ThrowsAsync<InsufficientMemoryException>(() => test.Session.SendAsync(new byte[100_000]).Soon());

        await test.Session.SendAsync("still well").Soon();
        Assert.Equal("still well", await test.SentAsync());
    }

    [Fact]
    public async Task Without_memory_for_the_rest_of_a_frame_the_session_ends_and_nothing_follows()
    {
        var pool = new PoorPool();
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { Connection = settings.Connection with { Pool = pool } });
        test.Peer.BlockWrites();
        Task sending = test.Session.SendAsync(new byte[1_000_000]).AsTask();
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        await Patience.Until(() => test.Session.BufferedBytes > 256 * 1024);
        pool.MostBytes = 0;
        test.Peer.UnblockWrites();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => sending.Soon());
        await test.Time.Pass(SessionLifetime.Tail); // for a Close of the peer that may be on its way
        CloseResult result = await test.Session.Completion.Soon();
        Assert.Equal(CloseInitiator.None, result.Initiator);
        Assert.IsType<InsufficientMemoryException>(result.Error?.InnerException);
    }

    private sealed class PoorPool : ArrayPool<byte>
    {
        public int MostBytes { get; set; } = int.MaxValue;

        public override byte[] Rent(int minimumLength) => minimumLength <= MostBytes ? new byte[minimumLength] : throw new InsufficientMemoryException();

        public override void Return(byte[] array, bool clearArray = false)
        {
        }
    }
}
