namespace Duplex.Tests;

public sealed class FrameSenderAnyFrameTests
{
    private static readonly Func<SessionSettings, SessionSettings> Narrow =
        settings => settings with { Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(10, 100) } };

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task Every_kind_of_frame_goes_out_as_it_is(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind);

        await test.Session.SendAsync(new Frame.Text("text"));
        await test.Session.SendAsync(new Frame.Binary(new byte[] { 1 }));
        await test.Session.SendAsync(new Frame.Ping(new byte[] { 2 }));
        await test.Session.SendAsync(new Frame.Pong(new byte[] { 3 }));
        await test.Session.SendAsync(new Frame.Text(fin: false, "be"u8.ToArray()));
        await test.Session.SendAsync(new Frame.Ping(new byte[] { 4 }));
        await test.Session.SendAsync(new Frame.Text(fin: true, "gun"u8.ToArray()));
        await test.Session.FlushAsync().Soon();

        Assert.Equal("text, Binary(01), Ping(02), Pong(03), be..., Ping(04), gun", Ending.Describe(test.Peer));
    }

    [Fact]
    public async Task A_thousand_frames_fit_the_queue_while_the_peer_takes_nothing_and_arrive_in_order()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        test.Peer.BlockWrites();
        await test.Session.SendAsync("first"); // its write stands still

        for (int i = 0; i < 1000; i++)
            Assert.True(test.Session.SendAsync($"{i}").IsCompletedSuccessfully);

        test.Peer.UnblockWrites();
        Assert.Equal("first", await test.SentAsync());
        for (int i = 0; i < 1000; i++)
            Assert.Equal($"{i}", await test.SentAsync());
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task A_close_frame_begins_the_close_and_does_not_wait_for_it(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind);
        var reason = new CloseReason((CloseCode)4000, "bye");

        Assert.True(test.Session.SendAsync(new Frame.Close(reason)).IsCompletedSuccessfully);

        Assert.Equal(WebSocketSessionState.Closing, test.Session.State);
        Assert.Equal("Close(4000: bye)", await test.SentAsync());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.SendAsync(new Frame.Close(reason)).Soon());
        test.Peer.SendClose(reason);
        test.Peer.SendEof();
        Assert.Equal(
            new CloseResult { Initiator = CloseInitiator.Local, Sent = reason, Received = reason, WasClean = true }, await test.Session.Completion.Soon());
    }

    [Fact]
    public async Task A_close_frame_that_must_not_be_sent_leaves_the_session_as_it_is()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();

        await Assert.ThrowsAsync<ArgumentException>(() => test.Session.SendAsync(new Frame.Close(new byte[] { 3 })).Soon());
        await Assert.ThrowsAsync<ArgumentException>(() => test.Session.SendAsync(new Frame.Close(new byte[] { 0x03, 0xED })).Soon()); // 1005
        await Assert.ThrowsAsync<ArgumentException>(() => test.Session.SendAsync(new Frame.Close(new byte[] { 0x03, 0xE8, 0xFF })).Soon()); // bad UTF-8
        Assert.Throws<ArgumentException>(() => test.Session.Outgoing.TryWrite(new Frame.Close(new byte[] { 3 })));

        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
        await test.Session.SendAsync("alive");
        Assert.Equal("alive", await test.SentAsync());
    }

    [Fact]
    public async Task A_raw_session_goes_on_sending_behind_the_peers_close_until_it_answers()
    {
        await using SessionUnderTest<RawWebSocketSession> test = SessionUnderTest.Raw();
        await test.Session.SendAsync(new Frame.Text(fin: false, "be"u8.ToArray()));
        test.Peer.SendClose(CloseReason.Normal);
        await test.Until(WebSocketSessionState.PeerClosing);

        await test.Session.SendAsync(new Frame.Text(fin: true, "gun"u8.ToArray()));
        Assert.True(await test.Session.Outgoing.WaitToWriteAsync().Soon());
        Assert.True(test.Session.Outgoing.TryWrite(new Frame.Binary(default)));
        Assert.True(test.Session.Outgoing.TryWrite(new Frame.Close(CloseReason.Normal)));
        Assert.False(await test.Session.Outgoing.WaitToWriteAsync().Soon());
        Assert.False(test.Session.Outgoing.TryWrite(new Frame.Binary(default)));
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.SendAsync("late").Soon());
        test.Peer.SendEof();

        CloseResult result = await test.Session.Completion.Soon();
        Assert.True(result.WasClean);
        Assert.Equal(CloseInitiator.Remote, result.Initiator);
        Assert.Equal("be..., gun, Binary(), Close(1000 NormalClosure)", Ending.Describe(test.Peer));
    }

    [Fact]
    public async Task A_frame_that_does_not_fit_yet_waits_without_work_and_can_be_withdrawn()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(Narrow);
        test.Peer.BlockWrites();
        await test.Session.SendAsync("being written");
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        await test.Session.SendAsync(new byte[60]);
        using var cancel = new CancellationTokenSource();

        // 80 bytes fit an empty stage, not this one: there is room, but too little.
        Task<Task> call = Task.Factory.StartNew(
            () => test.Session.SendAsync(new byte[80], cancel.Token).AsTask(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Task waiting = await call.Soon();
        Task behind = test.Session.SendAsync("behind").AsTask();
        Assert.False(waiting.IsCompleted || behind.IsCompleted);
        await cancel.CancelAsync();

        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Soon());
        Assert.Equal(cancel.Token, cancelled.CancellationToken);
        await behind.Soon(); // 6 bytes fit
        test.Peer.UnblockWrites();
        await test.Session.FlushAsync().Soon();
        Assert.Equal($"being written, Binary({new string('0', 120)}), behind", Ending.Describe(test.Peer));
    }

    [Fact]
    public async Task A_close_lets_those_who_wait_for_room_go_at_once()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(Narrow);
        test.Peer.BlockWrites();
        await test.Session.SendAsync("being written");
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        await test.Session.SendAsync(new byte[100]);
        Task data = test.Session.SendAsync("data").AsTask();
        Task ping = test.Session.SendAsync(new Frame.Ping(default)).AsTask();
        Task<bool> wait = test.Session.Outgoing.WaitToWriteAsync().AsTask();
        Assert.False(data.IsCompleted || ping.IsCompleted || wait.IsCompleted);

        _ = test.Session.CloseAsync();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => data.Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => ping.Soon());
        Assert.False(await wait.Soon());
    }

    [Fact]
    public async Task A_ping_passes_a_message_that_waits_for_room()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(Narrow);
        test.Peer.BlockWrites();
        await test.Session.SendAsync("being written");
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        await test.Session.SendAsync(new byte[60]);
        Task<Task> call = Task.Factory.StartNew(
            () => test.Session.SendAsync(new byte[80]).AsTask(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Task waiting = await call.Soon();

        await test.Session.SendAsync(new Frame.Ping(new byte[] { 1 })).Soon();
        test.Peer.UnblockWrites();
        await waiting.Soon();
        await test.Session.FlushAsync().Soon();

        Assert.Equal($"being written, Binary({new string('0', 120)}), Ping(01), Binary({new string('0', 160)})", Ending.Describe(test.Peer));
    }

    [Fact]
    public async Task A_cancelled_token_sends_nothing()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var cancelled = new CancellationToken(canceled: true);

        foreach (Frame frame in (Frame[])[new Frame.Text("t"), new Frame.Ping(default), new Frame.Close(CloseReason.Normal)])
            Assert.True(test.Session.SendAsync(frame, cancelled).IsCanceled);
        Assert.True(test.Session.SendAsync("t", cancelled).AsTask().IsCanceled);
        Assert.True(test.Session.Outgoing.WaitToWriteAsync(cancelled).AsTask().IsCanceled);

        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
        await test.Session.SendAsync("sent");
        Assert.Equal("sent", await test.SentAsync());
    }
}
