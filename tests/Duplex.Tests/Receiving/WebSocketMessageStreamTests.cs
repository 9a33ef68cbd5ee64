using System.Text;

namespace Duplex.Tests;

public sealed class WebSocketMessageStreamTests
{
    [Fact]
    public async Task Bytes_can_be_read_as_they_come_and_the_end_is_a_read_of_nothing()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();

        test.Peer.SendHex("02 04 01 02");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        Assert.Equal(FrameType.Binary, message.Type);
        Assert.Equal("0102", await ReadAsync(message));
        ValueTask<int> pending = message.ReadAsync(new byte[10]);
        Assert.False(pending.IsCompleted);
        test.Peer.SendHex("03 04 89 00 80 01");
        Assert.Equal(2, await pending.Soon());
        test.Peer.SendHex("05");

        Assert.Equal("05", await ReadAsync(message));
        Assert.Equal("", await ReadAsync(message));
        Assert.Equal("", await ReadAsync(message));
    }

    [Theory, InlineData("81 00", FrameType.Text), InlineData("02 00 80 00", FrameType.Binary)]
    public async Task An_empty_message_is_an_empty_stream(string wire, FrameType type)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();

        test.Peer.SendHex(wire);
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;

        Assert.Equal(type, message.Type);
        Assert.Equal("", await ReadAsync(message));
    }

    [Fact]
    public async Task An_empty_last_fragment_ends_a_message()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();

        test.Peer.SendHex("01 01 61");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        Assert.Equal("61", await ReadAsync(message));
        ValueTask<int> end = message.ReadAsync(new byte[1]);
        Assert.False(end.IsCompleted);
        test.Peer.SendHex("80 00");

        Assert.Equal(0, await end.Soon());
    }

    [Fact]
    public async Task However_it_is_cut_every_byte_comes_once_and_in_order()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams(settings => settings with { Incoming = ChannelConfig.Bounded(7, 999) });
        byte[] sent = Pattern(200_000);
        using var writer = new FrameWriter(WebSocketRole.Server);
        writer.Write(Opcode.Binary, sent.AsSpan(0, 1), fin: false);
        writer.Write(Opcode.Continuation, sent.AsSpan(1, 150_000), fin: false);
        for (int at = 150_001; at < sent.Length; at += 7)
            writer.Write(Opcode.Continuation, sent.AsSpan(at, Math.Min(7, sent.Length - at)), fin: false);
        writer.Write(Opcode.Continuation, []);
        ArraySegment<byte> wire = writer.Take();
        for (int at = 0, size = 1; at < wire.Count; at += size, size = (size * 3 % 5_003) + 1)
            test.Peer.Send(wire.AsSpan(at, Math.Min(size, wire.Count - at)));
        writer.Return(wire);

        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        var received = new MemoryStream();
        byte[] buffer = new byte[313];
        while (await message.ReadAsync(buffer).Soon() is var read and > 0)
            received.Write(buffer, 0, read);

        Assert.True(received.ToArray().AsSpan().SequenceEqual(sent));
    }

    [Fact]
    public async Task One_read_takes_all_that_has_come_and_fits()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("02 02 01 02");
        test.Peer.SendHex("00 02 03 04");
        test.Peer.SendHex("80 02 05 06");
        test.Peer.SendHex("89 00");
        Assert.Equal("Pong()", await test.SentAsync()); // all before it has come
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;

        Assert.Equal(5, await message.ReadAsync(new byte[5]).Soon());
        Assert.Equal(1, await message.ReadAsync(new byte[5]).Soon());
        Assert.Equal(0, await message.ReadAsync(new byte[5]).Soon());
    }

    [Fact]
    public async Task A_read_into_nothing_waits_for_bytes_and_takes_none()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("02 01 01");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        Assert.Equal("01", await ReadAsync(message));

        ValueTask<int> waiting = message.ReadAsync(Memory<byte>.Empty);
        Assert.False(waiting.IsCompleted);
        test.Peer.SendHex("80 01 02");
        Assert.Equal(0, await waiting.Soon());

        Assert.Equal(0, await message.ReadAsync(Memory<byte>.Empty).Soon());
        Assert.Equal("02", await ReadAsync(message));
    }

    [Fact]
    public async Task Invalid_text_leaves_what_was_valid_and_is_then_what_a_read_throws()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("01 02 61 62");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;

        test.Peer.SendHex("00 01 63 00 02 64 FF");
        Assert.Equal("Close(1007 InvalidFramePayloadData)", await test.SentAsync());

        Assert.Equal("616263", await ReadAsync(message));
        var error = await Assert.ThrowsAsync<WebSocketProtocolException>(() => message.ReadAsync(new byte[1]).Soon());
        Assert.Equal(CloseCode.InvalidFramePayloadData, error.CloseCode);
        Assert.Same(error, await Assert.ThrowsAsync<WebSocketProtocolException>(() => message.ReadAsync(new byte[1]).Soon()));
        Assert.Same(error, await Assert.ThrowsAsync<WebSocketProtocolException>(() => test.Session.ReceiveStreamAsync().Soon()));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_lost_connection_in_the_middle_never_looks_like_the_end(bool synchronously)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("82 05 61 62");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;

        test.Peer.SendEof();
        Assert.Equal("6162", await ReadAsync(message));

        var error = await Assert.ThrowsAsync<WebSocketClosedException>(() => synchronously ? Task.Run(() => message.Read(new byte[1])).Soon() : message.ReadAsync(new byte[1]).Soon());
        Assert.IsType<EndOfStreamException>(error.InnerException);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task The_peers_close_in_the_middle_is_an_error_of_the_stream_and_a_normal_end_of_the_session(bool synchronously)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("02 02 61 62 88 02 03 E9");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        Assert.Equal("6162", await ReadAsync(message));

        var error = await Assert.ThrowsAsync<WebSocketClosedException>(() => synchronously ? Task.Run(() => message.Read(new byte[1])).Soon() : message.ReadAsync(new byte[1]).Soon());

        Assert.Contains("GoingAway", error.Message, StringComparison.Ordinal);
        Assert.Equal(CloseCode.GoingAway, error.Result.Received!.Code);
        Assert.Null(await test.Session.ReceiveStreamAsync().Soon());
    }

    [Fact]
    public async Task After_our_own_close_a_message_can_still_be_read_to_its_end()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("02 01 01");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;

        Task<CloseResult> closing = test.Session.CloseAsync();
        Assert.Equal("Close(1000 NormalClosure)", await test.SentAsync());
        test.Peer.SendHex("80 01 02 88 02 03 E8");
        await closing.Soon();

        Assert.Equal("0102", await ReadAsync(message));
        Assert.Equal("", await ReadAsync(message));
        Assert.Null(await test.Session.ReceiveStreamAsync().Soon());
    }

    [Fact]
    public async Task What_the_end_drops_makes_a_read_throw_and_leaves_no_hole()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams(settings => settings with { Incoming = ChannelConfig.Bounded(10, 4) });
        test.Peer.SendHex("02 02 01 02");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        Task<CloseResult> closing = test.Session.CloseAsync();
        Assert.Equal("Close(1000 NormalClosure)", await test.SentAsync());

        test.Peer.SendHex("00 03 03 04 05");
        test.Peer.SendHex("00 04 06 07 08 09");
        test.Peer.SendHex("80 01 0A"); // does not fit
        test.Peer.SendHex("82 00 88 02 03 E8"); // would, and must not follow what came before
        await Patience.Until(() => test.Peer.Unread == 2); // the loop waits for room, and reads no more
        await test.Time.PassStepwise(TimeSpan.FromSeconds(3.75), closing); // no consumer receives
        await closing.Soon();

        Assert.Equal("010203040506070809", await ReadAsync(message));
        await Assert.ThrowsAsync<WebSocketClosedException>(() => message.ReadAsync(new byte[1]).Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.ReceiveStreamAsync().Soon());
        test.Peer.SendEof();
        Assert.Equal(2, (await test.Session.Completion.Soon()).DiscardedMessages);
    }

    [Fact]
    public async Task Disposing_the_session_ends_a_pending_read_and_drops_what_nobody_has_read()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("02 01 01");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        Assert.Equal("01", await ReadAsync(message));
        Task<int> pending = message.ReadAsync(new byte[1]).Soon();

        ValueTask disposing = test.Session.DisposeAsync();
        test.Peer.SendHex("80 01 02 88 02 03 E8");
        test.Peer.SendEof();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => pending);
        await disposing.Soon();
    }

    [Fact]
    public async Task Aborting_the_session_ends_a_pending_read()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("02 01 01");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        Assert.Equal("01", await ReadAsync(message));
        Task<int> pending = message.ReadAsync(new byte[1]).Soon();

        test.Session.Abort();

        Assert.Contains("aborted", (await Assert.ThrowsAsync<WebSocketClosedException>(() => pending)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_ends_its_read_only_and_nothing_is_lost()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("82 03 01");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        using var cancellation = new CancellationTokenSource();
        Assert.True(message.ReadAsync(new byte[1], new CancellationToken(canceled: true)).IsCanceled);
        Assert.Equal("01", await ReadAsync(message));
        Task<int> pending = message.ReadAsync(new byte[1], cancellation.Token).Soon();

        await cancellation.CancelAsync();

        Assert.Equal(cancellation.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending)).CancellationToken);
        test.Peer.SendHex("02 03");
        Assert.Equal(2, await message.ReadAtLeastAsync(new byte[2], 2).Soon());
        Assert.Equal("", await ReadAsync(message));
    }

    [Fact]
    public async Task A_synchronous_read_waits_on_its_thread()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("82 04 01");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        Assert.Equal(1, message.ReadByte());

        Task<int> reading = Task.Run(() => message.Read(new byte[4], 1, 2));
        test.Peer.SendHex("02 03 04");
        int read = await reading.Soon();

        Assert.InRange(read, 1, 2);
        while (read++ < 3)
            Assert.InRange(message.ReadByte(), 3, 4);
        Assert.Equal(-1, message.ReadByte());
    }

    [Fact]
    public async Task A_second_read_at_a_time_is_refused_and_does_the_first_no_harm()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("82 02 01");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        Assert.Equal("01", await ReadAsync(message));
        Task<int> first = message.ReadAsync(new byte[1]).Soon();

        Assert.Throws<InvalidOperationException>(() => _ = message.ReadAsync(new byte[1]));
        Assert.Throws<InvalidOperationException>(() => message.Read(new byte[1]));
        test.Peer.SendHex("02");

        Assert.Equal(1, await first);
        Assert.Equal("", await ReadAsync(message));
    }

    [Fact]
    public async Task Disposed_early_its_rest_is_skipped_as_it_comes_and_holds_nothing_up()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams(settings => settings with { Incoming = ChannelConfig.Bounded(4, 1000) });
        test.Peer.SendFrame(Opcode.Binary, Pattern(900), fin: false);
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        Assert.Equal(10, await message.ReadAsync(new byte[10]).Soon());

        await message.DisposeAsync().Soon();
        for (int i = 0; i < 50; i++)
            test.Peer.SendFrame(Opcode.Continuation, Pattern(900), fin: false);
        test.Peer.SendFrame(Opcode.Ping, "p"u8);

        Assert.Equal("Pong(70)", await test.SentAsync()); // far more than there is room for was let through, and nobody asked for the next
        Assert.False(message.CanRead);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => message.ReadAsync(new byte[1]).Soon());
        test.Peer.SendHex("80 01 01 81 02 68 69");
        using var next = new StreamReader((await test.Session.ReceiveStreamAsync().Soon())!);
        Assert.Equal("hi", await next.ReadToEndAsync(TestContext.Current.CancellationToken).Soon());
    }

    [Fact]
    public async Task Disposed_while_it_is_read_that_read_is_served_and_the_rest_skipped()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams(settings => settings with { Incoming = ChannelConfig.Bounded(4, 100) });
        test.Peer.SendHex("02 01 01");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        Assert.Equal("01", await ReadAsync(message));
        Task<int> pending = message.ReadAsync(new byte[1]).Soon();

        message.Dispose();
        message.Dispose();
        await Assert.ThrowsAsync<InvalidOperationException>(() => test.Session.ReceiveStreamAsync().Soon());
        test.Peer.SendHex("00 02 02 03");

        Assert.Equal(1, await pending);
        for (int i = 0; i < 50; i++)
            test.Peer.SendFrame(Opcode.Continuation, new byte[90], fin: false);
        test.Peer.SendFrame(Opcode.Ping, "p"u8);
        Assert.Equal("Pong(70)", await test.SentAsync()); // nobody has asked for the next yet
        test.Peer.SendHex("80 01 04 82 01 05");
        Assert.Equal("05", await ReadAsync((await test.Session.ReceiveStreamAsync().Soon())!));
    }

    [Fact]
    public async Task Disposed_when_the_session_ends_in_the_middle_it_throws_nothing()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("02 01 01");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;

        message.Dispose();
        test.Peer.SendEof();

        await test.Session.Completion.Soon();
        await message.SkipRestAsync().Soon();
        await message.DisposeAsync().Soon();
    }

    [Fact]
    public async Task While_it_is_not_read_the_peer_is_not_either_and_no_timeout_runs()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams(settings => settings with
        {
            Incoming = ChannelConfig.Bounded(100, 1000),
            PingInterval = TimeSpan.FromSeconds(20),
            PingTimeout = TimeSpan.FromSeconds(7),
        });
        test.Peer.SendFrame(Opcode.Binary, Pattern(900), fin: false);
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        for (int i = 0; i < 5; i++)
            test.Peer.SendFrame(Opcode.Continuation, Pattern(900), fin: i == 4);
        test.Peer.SendFrame(Opcode.Ping, "p"u8);
        await Patience.Until(() => test.Peer.Unread == 4); // two are queued and fill it

        await test.Time.Pass(TimeSpan.FromSeconds(20));
        Assert.StartsWith("Ping(", await test.SentAsync(), StringComparison.Ordinal); // ours, which nobody answers
        test.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
        Assert.Equal(4, test.Peer.Unread);

        Assert.Equal(5400, (await DrainAsync(message)).Length);
        string answer;
        do
            answer = await test.SentAsync();
        while (answer.StartsWith("Ping(", StringComparison.Ordinal));
        Assert.Equal("Pong(70)", answer);
    }

    [Fact]
    public async Task A_queue_that_closes_on_overflow_ends_the_session_and_keeps_what_it_has()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams(settings =>
            settings with { Incoming = ChannelConfig.Bounded(10, 5, ChannelOverflow.Close) });
        test.Peer.SendHex("02 02 01 02");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;

        test.Peer.SendHex("00 04 03 04 05 06");
        test.Peer.SendHex("80 02 07 08");

        Assert.Equal("Close(1011 InternalError)", await test.SentAsync());
        Assert.Equal("010203040506", await ReadAsync(message));
        await Assert.ThrowsAsync<ChannelOverflowException>(() => message.ReadAsync(new byte[1]).Soon());
    }

    [Fact]
    public async Task It_is_a_stream_that_can_only_be_read()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("81 02 C3 A9");
        using WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;

        Assert.Equal((true, false, false, false), (message.CanRead, message.CanSeek, message.CanWrite, message.CanTimeout));
        Assert.Throws<NotSupportedException>(() => message.Length);
        Assert.Throws<NotSupportedException>(() => message.Position);
        Assert.Throws<NotSupportedException>(() => message.Position = 0);
        Assert.Throws<NotSupportedException>(() => message.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => message.SetLength(0));
        Assert.Throws<NotSupportedException>(() => message.Write([1], 0, 1));
        message.Flush();
        Assert.Throws<ArgumentOutOfRangeException>(() => message.Read(new byte[2], 1, 2));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => message.ReadAsync(new byte[2], 1, 2, TestContext.Current.CancellationToken));
        Assert.Equal("é", Encoding.UTF8.GetString(await DrainAsync(message)));
    }

    [Fact]
    public async Task Reading_allocates_nothing_but_what_carries_the_pieces()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("02 01 00");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        Assert.Equal("00", await ReadAsync(message));
        test.Peer.Send([.. Enumerable.Repeat((byte[])[0x00, 0x01, 0x07], 10_000).SelectMany(fragment => fragment)]); // one batch
        await message.ReadAsync(Memory<byte>.Empty).Soon();
        byte[] buffer = new byte[16];

        long before = GC.GetAllocatedBytesForCurrentThread();
        int total = 0;
        while (total < 10_000)
            total += message.Read(buffer);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(allocated, 0, 1000);
    }

    private static byte[] Pattern(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)((i * 7) + (i >> 8)))];

    // All that one read gives, which waits for as long as it takes.
    private static async Task<string> ReadAsync(WebSocketMessageStream message)
    {
        byte[] buffer = new byte[1000];
        int read = await message.ReadAsync(buffer).Soon();
        return Convert.ToHexString(buffer, 0, read);
    }

    private static async Task<byte[]> DrainAsync(Stream message)
    {
        var bytes = new MemoryStream();
        await message.CopyToAsync(bytes, TestContext.Current.CancellationToken).Soon();
        return bytes.ToArray();
    }
}
