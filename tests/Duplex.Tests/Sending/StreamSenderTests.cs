using System.Text;

namespace Duplex.Tests;

public sealed class StreamSenderTests
{
    private const int FragmentSize = StreamSender.FragmentSize;

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task What_is_there_at_once_goes_out_as_one_frame(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind);

        await test.Session.SendAsync(new MemoryStream([1, 2, 3])).Soon();
        await test.Session.SendAsync(new MemoryStream("héllo"u8.ToArray()), FrameType.Text).Soon();
        await test.Session.SendAsync(new MemoryStream()).Soon();
        await test.Session.SendAsync("next").Soon();

        Assert.Equal(["Binary(010203)", "héllo", "Binary()", "next"], [await test.SentAsync(), await test.SentAsync(), await test.SentAsync(), await test.SentAsync()]);
    }

    [Theory]
    [InlineData(0, 0, 6)]
    [InlineData(1, 0, 6)]
    [InlineData(FragmentSize - 1, 0, 8)]
    [InlineData(FragmentSize, 1, 14 + 6)]
    [InlineData(FragmentSize + 1, 1, 14 + 6)]
    [InlineData(10 * FragmentSize, 10, (10 * 14) + 6)]
    [KtorParity("weakness/15-a-low-level-API-only")]
    public async Task Fragments_have_64_KiB_and_what_they_cost_is_known(int length, int full, int overhead)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        byte[] content = Pattern(length);

        await test.Session.SendAsync(new MemoryStream(content)).Soon();
        await test.Session.FlushAsync().Soon();

        List<WireFrame> frames = WireFrame.ParseAll(test.Peer.Received);
        Assert.Equal(full + 1, frames.Count);
        Assert.All(frames.SkipLast(1), frame => Assert.Equal((FragmentSize, false), (frame.Payload.Length, frame.Fin)));
        Assert.True(frames[^1].Fin);
        Assert.Equal([Opcode.Binary, .. Enumerable.Repeat(Opcode.Continuation, full)], frames.Select(frame => frame.Opcode));
        Assert.True(frames.SelectMany(frame => frame.Payload).ToArray().AsSpan().SequenceEqual(content));
        Assert.Equal(length + overhead, test.Peer.Received.Length);
    }

    [Fact]
    public async Task A_slow_contents_bytes_go_out_as_they_come_and_an_empty_fragment_ends_them()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var content = new ContentStream();

        Task sending = test.Session.SendAsync(content).Soon();
        content.Give(1, 2);
        Assert.Equal("Binary(0102)...", await test.SentAsync());
        content.Give(3);
        Assert.Equal("Binary(03)...", await test.SentAsync());
        Assert.False(sending.IsCompleted);
        content.End();

        Assert.Equal("Binary()", await test.SentAsync());
        await sending;
        Assert.False(content.IsDisposed);
    }

    [Fact]
    public async Task Reads_that_give_little_at_once_are_gathered_into_one_fragment()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var content = new ContentStream();
        for (int i = 0; i < 1000; i++)
            content.Give((byte)i);
        content.End();

        await test.Session.SendAsync(content).Soon();

        Frame frame = await test.Peer.ReceiveAsync();
        Assert.True(frame.Fin);
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => (byte)i), frame.ReadBytes());
    }

    [Fact]
    public async Task Control_frames_go_between_fragments_and_other_messages_wait_for_the_end()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var content = new ContentStream();
        Task sending = test.Session.SendAsync(content).Soon();
        content.Give(1);
        Assert.Equal("Binary(01)...", await test.SentAsync());

        Task other = test.Session.SendAsync("other").Soon();
        Task stream = test.Session.SendAsync(new MemoryStream([9])).Soon();
        Assert.False(test.Session.Outgoing.TryWrite(new Frame.Text("no")));
        test.Peer.SendFrame(Opcode.Ping, "p"u8);
        Assert.Equal("Pong(70)", await test.SentAsync());
        await test.Session.SendAsync(new Frame.Ping(new byte[] { 7 })).Soon();
        Assert.Equal("Ping(07)", await test.SentAsync());
        Assert.False(other.IsCompleted);
        content.Give(2);
        Assert.Equal("Binary(02)...", await test.SentAsync());
        content.End();

        await Task.WhenAll(sending, other, stream);
        Assert.Equal(["Binary()", "other", "Binary(09)"], [await test.SentAsync(), await test.SentAsync(), await test.SentAsync()]);
    }

    [Fact]
    public async Task The_wire_has_the_order_of_the_calls()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var content = new ContentStream();

        Task sending = test.Session.SendAsync(content).Soon();
        Task other = test.Session.SendAsync("second").Soon();
        content.Give(1);
        content.End();

        await Task.WhenAll(sending, other);
        Assert.StartsWith("Binary(01)", await test.SentAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_is_checked_across_fragments()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var content = new ContentStream();
        Task sending = test.Session.SendAsync(content, FrameType.Text).Soon();

        content.Give(0xF0, 0x9F);
        Frame first = await test.Peer.ReceiveAsync();
        Assert.Equal((FrameType.Text, false), (first.Type, first.Fin));
        content.Give(0x8C);
        Assert.False((await test.Peer.ReceiveAsync()).Fin);
        content.Give(0x8D);
        Assert.False((await test.Peer.ReceiveAsync()).Fin);
        content.End();

        await sending;
        Assert.True((await test.Peer.ReceiveAsync()).Fin);
    }

    [Theory, InlineData("61FF"), InlineData("61C3")]
    public async Task Text_that_is_none_leaves_no_trace_where_nothing_was_sent(string hex)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();

        await Assert.ThrowsAsync<ArgumentException>(() => test.Session.SendAsync(new MemoryStream(Convert.FromHexString(hex)), FrameType.Text).Soon());

        await test.Session.SendAsync("alive").Soon();
        Assert.Equal("alive", await test.SentAsync());
    }

    [Fact]
    public async Task A_content_that_heeds_no_token_holds_up_nobody_but_its_sender()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var content = new ContentStream { HeedsTokens = false };
        Task sending = test.Session.SendAsync(content, FrameType.Text).Soon();
        content.Give(0xFF); // is found out while the next read is in progress

        await test.Session.SendAsync("other").Soon();

        Assert.Equal("other", await test.SentAsync());
        Assert.False(sending.IsCompleted);
        content.End();
        await Assert.ThrowsAsync<ArgumentException>(() => sending);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Text_that_turns_out_to_be_none_ends_the_session_with_1011(bool endsWithinACharacter)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var content = new ContentStream();
        Task sending = test.Session.SendAsync(content, FrameType.Text).Soon();
        content.Give(0x61, 0xC3);
        await test.Peer.ReceiveAsync();

        if (endsWithinACharacter)
            content.End();
        else
            content.Give(0xFF);

        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => sending);
        Assert.Equal("Close(1011 InternalError)", await test.SentAsync());
        await AssertEndedBy(test, error);
    }

    [Fact]
    public async Task A_content_that_fails_before_the_first_fragment_leaves_no_trace()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var content = new ContentStream();
        var error = new InvalidDataException("content");
        Task sending = test.Session.SendAsync(content).Soon();

        content.Fail(error);

        Assert.Same(error, await Assert.ThrowsAsync<InvalidDataException>(() => sending));
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
        await test.Session.SendAsync("alive").Soon();
        Assert.Equal("alive", await test.SentAsync());
        Assert.False(content.IsDisposed);
    }

    [Fact]
    public async Task A_content_that_fails_later_ends_the_session_with_1011_and_its_error_is_rethrown()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var content = new ContentStream();
        var error = new InvalidDataException("content");
        Task sending = test.Session.SendAsync(content).Soon();
        content.Give(1);
        Assert.Equal("Binary(01)...", await test.SentAsync());
        Task other = test.Session.SendAsync("other").Soon();

        content.Fail(error);

        Assert.Same(error, await Assert.ThrowsAsync<InvalidDataException>(() => sending));
        await Assert.ThrowsAsync<WebSocketClosedException>(() => other);
        Assert.Equal("Close(1011 InternalError)", await test.SentAsync());
        await AssertEndedBy(test, error);
        Assert.False(content.IsDisposed);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_token_before_the_first_fragment_withdraws_the_message(bool whileItWaitsItsTurn)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        using var cancellation = new CancellationTokenSource();
        var before = new ContentStream();
        Task first = whileItWaitsItsTurn ? test.Session.SendAsync(before).Soon() : Task.CompletedTask;
        var content = new ContentStream();
        Task sending = test.Session.SendAsync(content, cancellationToken: cancellation.Token).Soon();
        Assert.NotEqual(whileItWaitsItsTurn, content.IsReading);

        await cancellation.CancelAsync();

        Assert.Equal(cancellation.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending)).CancellationToken);
        before.End();
        await first;
        await test.Session.SendAsync("alive").Soon();
        if (whileItWaitsItsTurn)
            Assert.Equal("Binary()", await test.SentAsync());
        Assert.Equal("alive", await test.SentAsync());
    }

    [Fact]
    public async Task A_token_that_was_cancelled_before_reads_nothing()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var content = new ContentStream();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => test.Session.SendAsync(content, cancellationToken: new CancellationToken(canceled: true)).Soon());

        Assert.Empty(content.ReadSizes);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_token_behind_the_first_fragment_ends_the_session_with_1011(bool heedsTokens)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        using var cancellation = new CancellationTokenSource();
        var content = new ContentStream { HeedsTokens = heedsTokens };
        Task sending = test.Session.SendAsync(content, cancellationToken: cancellation.Token).Soon();
        content.Give(1);
        Assert.Equal("Binary(01)...", await test.SentAsync());

        await cancellation.CancelAsync();
        if (!heedsTokens)
            content.Give(2);

        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        Assert.Equal(cancellation.Token, error.CancellationToken);
        Assert.Equal("Close(1011 InternalError)", await test.SentAsync());
        await AssertEndedBy(test, error.InnerException!);
        Assert.False(content.IsReading);
    }

    [Fact]
    public async Task A_token_that_fires_while_a_fragment_waits_for_room_ends_the_read_in_progress_too()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings =>
            settings with { Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(2, 100) } });
        using var cancellation = new CancellationTokenSource();
        test.Peer.BlockWrites();
        var content = new ContentStream();
        Task sending = test.Session.SendAsync(content, cancellationToken: cancellation.Token).Soon();
        content.Give(new byte[50]);
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        content.Give(new byte[60]);
        await Patience.Until(() => content.ReadSizes.Length == 3);
        content.Give(new byte[70]);
        await Patience.Until(() => content.ReadSizes.Length == 4); // 60 are staged, 70 wait, and the next read is in progress

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        Assert.False(content.IsReading);
        Assert.Equal(WebSocketSessionState.Closing, test.Session.State);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Our_own_close_goes_between_fragments_and_the_send_throws(bool heedsTokens)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var content = new ContentStream { HeedsTokens = heedsTokens };
        Task sending = test.Session.SendAsync(content).Soon();
        content.Give(1);
        Assert.Equal("Binary(01)...", await test.SentAsync());

        Task<CloseResult> closing = test.Session.CloseAsync(new CloseReason((CloseCode)4000, "enough"));
        if (!heedsTokens)
            content.Give(2);

        await Assert.ThrowsAsync<WebSocketClosedException>(() => sending);
        Assert.Equal("Close(4000: enough)", await test.SentAsync());
        test.Peer.SendClose(CloseReason.Normal);
        test.Peer.SendEof();
        Assert.True((await closing.Soon()).WasClean);
        Assert.Null((await test.Session.Completion.Soon()).Error);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_content_that_heeds_no_token_is_waited_for_until_the_session_has_ended_and_no_longer(bool whileAFragmentWaits)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings =>
            settings with { Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(1, 100) } });
        using var cancellation = new CancellationTokenSource();
        var content = new ContentStream { HeedsTokens = false };
        Task sending = test.Session.SendAsync(content, cancellationToken: cancellation.Token).Soon();
        content.Give(1);
        Assert.Equal("Binary(01)...", await test.SentAsync());
        if (whileAFragmentWaits)
        {
            test.Peer.BlockWrites();
            for (int i = 0; i < 3; i++)
            {
                content.Give((byte)i);
                await Patience.Until(() => content.ReadSizes.Length == i + 3);
            }

            await cancellation.CancelAsync();
            await test.Until(WebSocketSessionState.Closing);
            Assert.False(sending.IsCompleted);
        }

        test.Session.Abort();

        await Assert.ThrowsAnyAsync<Exception>(() => sending);
        Assert.True(content.IsReading);
        Assert.Equal(1, test.Pool.Rented);
        content.End();
        await Patience.Until(() => test.Pool.Rented == 0);
    }

    [Fact]
    public async Task The_peers_close_ends_the_send_and_is_answered()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var content = new ContentStream();
        Task sending = test.Session.SendAsync(content).Soon();
        content.Give(1);
        Assert.Equal("Binary(01)...", await test.SentAsync());

        test.Peer.SendClose(CloseReason.Normal);

        await Assert.ThrowsAsync<WebSocketClosedException>(() => sending);
        Assert.Equal("Close(1000 NormalClosure)", await test.SentAsync());
    }

    [Fact]
    public async Task A_lost_connection_ends_the_send_and_stays_the_cause()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var content = new ContentStream();
        Task sending = test.Session.SendAsync(content).Soon();
        content.Give(1);
        Assert.Equal("Binary(01)...", await test.SentAsync());

        test.Peer.FailWrites(new IOException("gone"));
        while (!sending.IsCompleted)
        {
            content.Give(2);
            await Task.Yield();
        }

        await Assert.ThrowsAsync<WebSocketClosedException>(() => sending);
        test.Peer.SendEof();
        CloseResult end = await test.Session.Completion.Soon();
        Assert.Equal(CloseInitiator.None, end.Initiator);
        Assert.IsAssignableFrom<IOException>(end.Error);
    }

    [Fact]
    public async Task Aborting_ends_the_send()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var content = new ContentStream();
        Task sending = test.Session.SendAsync(content).Soon();

        test.Session.Abort();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => sending);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.SendAsync(new MemoryStream()).Soon());
    }

    [Fact]
    public async Task A_full_queue_holds_the_reading_up_and_no_more_than_a_fragment_is_ahead_of_it()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        test.Peer.BlockWrites();
        var content = new PatternStream(20L * FragmentSize);

        Task sending = Task.Run(() => test.Session.SendAsync(content).AsTask());
        await Patience.Until(() => test.Peer.IsWriteBlocked && content.Position >= 5 * FragmentSize);

        // One is written, three and their headers fit 256 KiB, one waits for room.
        Assert.False(sending.IsCompleted);
        Assert.InRange(content.Position, 5 * FragmentSize, 6 * FragmentSize);
        test.Peer.UnblockWrites();
        await sending.Soon();
        await test.Session.FlushAsync().Soon();
        var check = new PatternCheck();
        foreach (WireFrame frame in WireFrame.ParseAll(test.Peer.Received))
            check.Add(frame.Payload);
        Assert.Equal(20L * FragmentSize, check.Count);
    }

    [Fact]
    public async Task An_outgoing_queue_that_closes_on_overflow_judges_the_first_fragment_only()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings =>
            settings with { Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(2, 100, ChannelOverflow.Close) } });

        var content = new ContentStream();
        Task sending = test.Session.SendAsync(content).Soon();
        test.Peer.BlockWrites();
        content.Give(new byte[60]);
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        content.Give(new byte[60]); // is staged
        await Patience.Until(() => content.ReadSizes.Length == 3);
        content.Give(new byte[60]); // finds no room
        content.End();
        await Patience.Until(() => content.ReadSizes.Length == 4);
        Assert.False(sending.IsCompleted);
        test.Peer.UnblockWrites();
        await sending;
        await test.Session.FlushAsync().Soon();
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);

        test.Peer.BlockWrites();
        await test.Session.SendAsync(new byte[50]).Soon();
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        await test.Session.SendAsync(new byte[60]).Soon();
        await Assert.ThrowsAsync<ChannelOverflowException>(() => test.Session.SendAsync(new PatternStream(60)).Soon());
        Assert.Equal(WebSocketSessionState.Closing, test.Session.State);
        test.Peer.UnblockWrites();
    }

    [Fact]
    public async Task Inside_a_message_that_was_begun_by_hand_it_is_refused()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        await test.Session.SendAsync(new Frame.Binary(fin: false, new byte[] { 1 }));

        await Assert.ThrowsAsync<InvalidOperationException>(() => test.Session.SendAsync(new MemoryStream([2])).Soon());

        await test.Session.SendAsync(new Frame.Binary(fin: true, new byte[] { 3 }));
        await test.Session.SendAsync(new MemoryStream([4])).Soon();
        Assert.Equal(["Binary(01)...", "Binary(03)", "Binary(04)"], [await test.SentAsync(), await test.SentAsync(), await test.SentAsync()]);
    }

    [Fact]
    public async Task What_cannot_be_sent_is_refused_at_the_call()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var closed = new MemoryStream();
        closed.Dispose();

        Assert.Throws<ArgumentNullException>(() => _ = test.Session.SendAsync((Stream)null!));
        Assert.Throws<ArgumentException>(() => _ = test.Session.SendAsync(closed));
        foreach (FrameType type in (FrameType[])[FrameType.Close, FrameType.Ping, FrameType.Pong, 0, (FrameType)3])
            Assert.Throws<ArgumentOutOfRangeException>(() => _ = test.Session.SendAsync(new MemoryStream(), type));
    }

    [Fact]
    public async Task A_received_stream_can_be_sent_on_and_its_own_sessions_end_is_the_contents_error()
    {
        await using SessionUnderTest<DefaultWebSocketSession> from = SessionUnderTest.Streams();
        await using SessionUnderTest<DefaultWebSocketSession> to = SessionUnderTest.Default();
        from.Peer.SendHex("01 02 68 69");
        WebSocketMessageStream message = (await from.Session.ReceiveStreamAsync().Soon())!;
        Task sending = to.Session.SendAsync(message, message.Type).Soon();
        Assert.Equal("hi...", await to.SentAsync());

        from.Peer.SendEof();

        var error = await Assert.ThrowsAsync<WebSocketClosedException>(() => sending);
        Assert.IsType<EndOfStreamException>(error.InnerException);
        Assert.Equal("Close(1011 InternalError)", await to.SentAsync());
    }

    private static async Task AssertEndedBy(SessionUnderTest<DefaultWebSocketSession> test, Exception inner)
    {
        var received = await Assert.ThrowsAsync<WebSocketException>(() => test.Session.Incoming.ReadAsync().Soon());
        Assert.Same(inner, received.InnerException);
        test.Peer.SendClose(CloseReason.Normal);
        test.Peer.SendEof();
        CloseResult end = await test.Session.Completion.Soon();
        Assert.Same(received, end.Error);
        Assert.Equal((CloseInitiator.Local, CloseCode.InternalError), (end.Initiator, end.Sent!.Code));
        Assert.True(Encoding.UTF8.GetString(test.Peer.Received).Contains("content", StringComparison.Ordinal) is false); // the peer need not know our insides
    }

    private static byte[] Pattern(int length)
    {
        byte[] bytes = new byte[length];
        new PatternStream(length).ReadExactly(bytes);
        return bytes;
    }
}
