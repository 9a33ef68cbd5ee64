namespace Duplex.Tests;

public sealed class IncomingOverflowTests
{
    private static readonly Func<SessionSettings, SessionSettings> OneFrame = settings => settings with { Incoming = ChannelConfig.Bounded(1, 1000, ChannelOverflow.Close) };

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task A_waiting_receiver_gets_the_frames_of_the_same_batch_before_the_overflow(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind, OneFrame);
        Task<string> first = test.ReceiveAsync();

        test.Peer.SendHex("81 03 6f 6e 65  81 03 74 77 6f"); // two frames in one batch

        Assert.Equal("one", await first.Soon());
        await Assert.ThrowsAsync<ChannelOverflowException>(() => test.Session.Incoming.ReadAsync().Soon());
    }

    [Fact]
    public async Task The_error_names_the_frame_and_what_to_do_and_holds_no_payload()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(OneFrame);
        test.Peer.SendHex("81 03 6f 6e 65  81 06 73 65 63 72 65 74"); // one, secret
        Assert.Equal("one", await test.ReceiveAsync());

        var error = await Assert.ThrowsAsync<ChannelOverflowException>(() => test.Session.Incoming.ReadAsync().Soon());

        Assert.Contains("a Text frame of 6 bytes", error.Message, StringComparison.Ordinal);
        Assert.Contains("Channels.Incoming", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
        Assert.Equal("Close(1011 InternalError)", await test.SentAsync());
    }

    [Fact]
    public async Task The_memory_of_the_frame_that_did_not_fit_is_given_back()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(OneFrame);
        test.Peer.SendFrame(Opcode.Binary, new byte[10]);
        await test.Queued(1);

        test.Peer.SendFrame(Opcode.Binary, new byte[100_000]);
        await test.Until(WebSocketSessionState.Closing);

        await Patience.Until(() => test.Pool.RentedBytes < 100_000);
    }

    [Fact]
    public async Task A_queue_that_suspends_never_overflows()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { Incoming = ChannelConfig.Bounded(1, 1000) });

        for (byte i = 0; i < 5; i++)
            test.Peer.SendFrame(Opcode.Binary, [i]);

        for (byte i = 0; i < 5; i++)
            Assert.Equal($"Binary({i:X2})", await test.ReceiveAsync());
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
    }
}
