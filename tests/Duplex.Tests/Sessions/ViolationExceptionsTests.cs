namespace Duplex.Tests;

/// <summary>After a violation it does not depend on timing what a caller gets: a receiver the violation's exception, a sender a closed session with that very exception inside.</summary>
public sealed class ViolationExceptionsTests
{
    public static MatrixTheoryData<SessionKind, string> Violations => new(
        Enum.GetValues<SessionKind>(),
        [
            "83 00", // a reserved opcode: 1002
            "81 01 ff", // text that is not UTF-8: 1007
            "82 7e 03 e9", // more than MaxFrameSize: 1009
        ]);

    [Theory, MemberData(nameof(Violations))]
    public async Task Every_receiver_gets_the_same_exception_and_every_sender_has_it_inside(SessionKind kind, string violation)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(
            kind, settings => settings with { Connection = settings.Connection with { MaxFrameSize = 1000, Outgoing = ChannelConfig.Bounded(1, 1000) } });
        Task<Frame> waiting = test.Session.Incoming.ReadAsync().AsTask(), behind = test.Session.Incoming.ReadAsync().AsTask();
        test.Peer.BlockWrites();
        await test.Session.SendAsync("written"); // and blocked there
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        await test.Session.SendAsync("staged");
        Task blocked = test.Session.SendAsync("no room").AsTask();

        test.Peer.SendHex(violation);

        Exception error = await Assert.ThrowsAnyAsync<WebSocketException>(() => waiting.Soon());
        Assert.True(error is WebSocketProtocolException or FrameTooBigException);
        Assert.Null(error.InnerException);
        Assert.Same(error, await Assert.ThrowsAnyAsync<WebSocketException>(() => behind.Soon()));
        Assert.Same(error, await Assert.ThrowsAnyAsync<WebSocketException>(() => test.Session.Incoming.ReadAsync().Soon()));
        Assert.Same(error, await Assert.ThrowsAnyAsync<WebSocketException>(() => test.Session.Incoming.WaitToReadAsync().Soon()));
        foreach (Func<Task> send in (Func<Task>[])
        [
            () => blocked,
            () => test.Session.SendAsync("late").AsTask(),
            () => test.Session.SendAsync(new byte[1]).AsTask(),
            () => test.Session.SendAsync(new Frame.Ping(default)).AsTask(),
            () => test.Session.SendAsync(new MemoryStream(new byte[1])).AsTask(),
            () => test.Session.Outgoing.WriteAsync(new Frame.Text("late")).AsTask(),
            () => (test.Session as DefaultWebSocketSession)?.PingAsync() ?? test.Session.SendAsync("late").AsTask(),
        ])
            Assert.Same(error, (await Assert.ThrowsAsync<WebSocketClosedException>(() => send().Soon())).InnerException);

        test.Peer.UnblockWrites();
        test.Peer.SendEof();
        Assert.Same(error, (await test.Session.Completion.Soon()).Error);
        Assert.Same(error, (await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.SendAsync("late").Soon())).InnerException);
    }

    [Fact]
    public async Task A_message_that_is_read_as_a_stream_ends_with_it_too()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendFrame(Opcode.Binary, [1], fin: false);
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        Assert.Equal(1, await message.ReadAsync(new byte[10]).Soon());

        test.Peer.SendHex("83 00");

        Exception error = await Assert.ThrowsAsync<WebSocketProtocolException>(() => message.ReadAsync(new byte[10]).Soon());
        Assert.Same(error, await Assert.ThrowsAsync<WebSocketProtocolException>(() => test.Session.ReceiveStreamAsync().Soon()));
        Assert.Same(error, (await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.SendAsync("late").Soon())).InnerException);
    }

    [Fact]
    public async Task While_we_close_it_is_the_same()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        Task<CloseResult> closing = test.Session.CloseAsync();

        test.Peer.SendHex("83 00");
        test.Peer.SendEof();

        Exception error = await Assert.ThrowsAsync<WebSocketProtocolException>(() => test.Session.Incoming.ReadAsync().Soon());
        Assert.Same(error, (await closing.Soon()).Error);
        Assert.Same(error, (await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.SendAsync("late").Soon())).InnerException);
    }
}
