namespace Duplex.Tests;

/// <summary>Peers that break the rules of good behaviour: the session ends in time, with the right cause, in bounded memory, and leaves nothing behind.</summary>
public sealed class HostilePeerTests
{
    [Fact]
    public async Task A_flood_of_pings_from_a_peer_that_does_not_read_costs_constant_memory_and_64_pongs()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        test.Peer.BlockWrites();
        test.Peer.SendFrame(Opcode.Ping, "first"u8);
        await Patience.Until(() => test.Peer.IsWriteBlocked);

        byte[] payload = new byte[125];
        for (int i = 0; i < 5000; i++)
        {
            BitConverter.TryWriteBytes(payload, i);
            test.Peer.SendFrame(Opcode.Ping, payload);
        }

        await Patience.Until(() => test.Peer.IsDrained);
        Assert.InRange(test.Pool.PeakBytes, 0, 200_000);
        test.Peer.UnblockWrites();
        Assert.Equal("first", System.Text.Encoding.ASCII.GetString((await test.Peer.ReceiveAsync()).Data.Span));
        for (int i = 5000 - OwedPongs.Capacity; i < 5000; i++)
            Assert.Equal(i, BitConverter.ToInt32(Assert.IsType<Frame.Pong>(await test.Peer.ReceiveAsync()).Data.Span));
        await test.Session.SendAsync("end");
        Assert.Equal("end", await test.SentAsync());
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task A_peer_that_sends_one_byte_at_a_time_is_understood(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind);
        byte[] wire = Convert.FromHexString("0102" + "48C3" + "8903" + "010203" + "8003" + "A96C6C" + "827E0080" + new string('0', 256) + "8804" + "03E86F6B");

        foreach (byte b in wire[..^1])
        {
            test.Peer.Send(b);
            await Patience.Until(() => test.Peer.IsDrained);
        }

        test.Peer.Send(wire[^1]); // behind a Close nothing is read until ours is out
        await test.Until(WebSocketSessionState.PeerClosing);
        if (kind == SessionKind.Raw)
            await test.Session.SendAsync(new Frame.Close(CloseReason.Normal));
        test.Peer.SendEof();
        Assert.True((await test.Session.Completion.Soon()).WasClean);
        string zeros = $"Binary({new string('0', 256)})";
        string[] expected = kind == SessionKind.Raw
            ? ["H\uFFFD...", "Ping(010203)", "\uFFFDll", zeros, "Close(1000 NormalClosure: ok)"]
            : ["H\u00E9ll", zeros];
        foreach (string frame in expected)
            Assert.Equal(frame, await test.ReceiveAsync());
        Assert.Equal(kind == SessionKind.Raw ? "Close(1000 NormalClosure)" : "Pong(010203), Close(1000 NormalClosure: ok)", Ending.Describe(test.Peer));
    }

    [Theory]
    [InlineData("82 7f 40 00 00 00 00 00 00 00", "1009 MessageTooBig")] // 2^62
    [InlineData("82 7f ff ff ff ff ff ff ff ff", "1002 ProtocolError")] // the highest bit, which must be 0
    public async Task A_frame_of_absurd_length_is_refused_at_its_header(string header, string code)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();

        test.Peer.SendHex(header);
        test.Peer.SendEof();

        Assert.Equal($"Close({code})", await test.SentAsync());
        await test.Session.Completion.Soon();
        Assert.InRange(test.Pool.PeakBytes, 0, 100_000);
    }

    [Theory, InlineData(ReceiveMode.Messages), InlineData(ReceiveMode.Streams)]
    public async Task A_frame_that_passes_the_limits_of_frame_and_message_names_both(ReceiveMode mode)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { ReceiveMode = mode });

        test.Peer.SendHex("82 7f 00 00 00 00 04 60 00 00"); // 70 MiB
        test.Peer.SendEof();

        var error = Assert.IsType<FrameTooBigException>((await test.Session.Completion.Soon()).Error);
        Assert.Contains("Raise MaxFrameSize and MaxMessageSize", error.Message, StringComparison.Ordinal);
        Assert.Equal((WebSocketLimits.DefaultMaxSize, 70L << 20), (error.Limit, error.Size));
    }

    [Fact]
    [KtorParity("weakness/9-maxFrameSize")]
    public async Task A_length_that_is_allowed_reserves_no_memory_before_its_bytes_come()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings =>
            settings with { Connection = settings.Connection with { MaxFrameSize = WebSocketLimits.LargestSize, MaxMessageSize = WebSocketLimits.LargestSize } });

        test.Peer.SendHex("82 7f 00 00 00 00 70 00 00 00"); // 1.75 GiB
        test.Peer.Send(new byte[1000]);
        await Patience.Until(() => test.Peer.IsDrained);

        Assert.InRange(test.Pool.PeakBytes, 0, 300_000);
        test.Peer.SendEof();
        Assert.IsType<EndOfStreamException>((await test.Session.Completion.Soon()).Error);
    }

    [Theory]
    [InlineData("81")] // within a header
    [InlineData("82 05 01 02")] // within a payload
    [InlineData("01 02 48 65")] // within a message
    [InlineData("89 05 01")] // within a ping
    [InlineData("88 02 03")] // within a Close
    public async Task A_peer_that_vanishes_in_the_midst_of_a_frame_leaves_nothing_behind(string wire)
    {
        foreach (SessionKind kind in Enum.GetValues<SessionKind>())
        {
            await using SessionUnderTest<WebSocketSession> finished = SessionUnderTest.Of(kind);
            finished.Peer.SendHex(wire);
            finished.Peer.SendEof();
            Assert.IsType<EndOfStreamException>((await finished.Session.Completion.Soon()).Error);

            await using SessionUnderTest<WebSocketSession> reset = SessionUnderTest.Of(kind);
            reset.Peer.SendHex(wire);
            await Patience.Until(() => reset.Peer.IsDrained);
            reset.Peer.FailReads(new IOException("reset"));
            Assert.IsType<IOException>((await reset.Session.Completion.Soon()).Error);
        }
    }

    [Fact]
    public async Task A_peer_that_sends_forever_while_we_close_is_cut_off_at_the_close_timeout()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { Incoming = ChannelConfig.Bounded(10, 1_000_000) });
        test.Peer.BlockWrites(); // and reads nothing
        Task<CloseResult> closing = test.Session.CloseAsync();
        for (int i = 0; i < 1000; i++)
            test.Peer.SendFrame(Opcode.Binary, new byte[100]);
        await Patience.Until(() => test.Peer.Unread == 990); // the loop waits for room
        await test.Time.PassStepwise(TimeSpan.FromSeconds(3.75)); // nobody receives, for two periods or three: the loop may have paused behind the first look
        await Patience.Until(() => test.Peer.IsDrained);

        await test.Time.PassStepwise(TimeSpan.FromSeconds(1.25));

        CloseResult result = await closing.Soon();
        Assert.IsType<TimeoutException>(result.Error);
        Assert.Equal(990, result.DiscardedMessages);
        Assert.InRange(test.Pool.PeakBytes, 0, 200_000);
    }

    [Fact]
    [KtorParity("weakness/10-unbounded-queues")]
    public async Task A_peer_that_sends_faster_than_we_receive_is_held_back()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { Incoming = ChannelConfig.Bounded(100, 10_000) });
        for (int i = 0; i < 500; i++)
            test.Peer.SendFrame(Opcode.Binary, new byte[2000]);
        await test.Queued(5);

        Assert.False(test.Peer.IsDrained); // a megabyte waits where it came from
        Assert.InRange(test.Session.Incoming.Count, 5, 6);
        for (int i = 0; i < 500; i++)
        {
            Frame frame = await test.Session.Incoming.ReadAsync().Soon();
            Assert.Equal(2000, frame.Data.Length);
            frame.Recycle();
        }

        Assert.InRange(test.Pool.PeakBytes, 0, 200_000);
    }
}
