using System.Threading.Channels;

namespace Duplex.Tests;

public sealed class FrameChannelWriterTests
{
    [Fact]
    [KtorParity("session/outgoing")]
    public async Task It_is_a_channel_of_frames_that_sends_as_the_session_does()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        ChannelWriter<Frame> writer = test.Session.Outgoing;

        Assert.True(await writer.WaitToWriteAsync().Soon());
        Assert.True(writer.TryWrite(new Frame.Text("tried")));
        await writer.WriteAsync(new Frame.Text("written")).Soon();
        Assert.True(writer.TryWrite(new Frame.Ping(new byte[] { 1 })));
        await test.Session.FlushAsync().Soon();

        Assert.Equal("tried, written, Ping(01)", Ending.Describe(test.Peer));
    }

    [Fact]
    public async Task TryComplete_closes_with_1000_and_leaves_what_is_received()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();

        Assert.True(test.Session.Outgoing.TryComplete());
        Assert.False(test.Session.Outgoing.TryComplete());

        Assert.Equal("Close(1000 NormalClosure)", await test.SentAsync());
        test.Peer.SendFrame(Opcode.Text, "still"u8);
        Assert.Equal("still", await test.ReceiveAsync());
        test.Peer.SendClose(CloseReason.Normal);
        test.Peer.SendEof();
        Assert.True((await test.Session.Completion.Soon()).WasClean);
    }

    [Fact]
    public async Task TryComplete_with_an_error_closes_with_1011_and_keeps_the_error_and_what_is_received()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var error = new TimeoutException("secret");

        Assert.True(test.Session.Outgoing.TryComplete(error));

        Assert.Equal("Close(1011 InternalError)", await test.SentAsync());
        test.Peer.SendFrame(Opcode.Text, "still"u8);
        Assert.Equal("still", await test.ReceiveAsync());
        var late = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.SendAsync("late").Soon());
        Assert.Same(error, late.InnerException);
        Assert.DoesNotContain("secret", late.Message, StringComparison.Ordinal);
        test.Peer.SendClose(CloseReason.Normal);
        test.Peer.SendEof();
        Assert.False(await test.Session.Incoming.WaitToReadAsync().Soon()); // we closed: a normal end
        Assert.Same(error, (await test.Session.Completion.Soon()).Error);
    }

    [Fact]
    public async Task Complete_throws_where_the_end_has_begun()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        test.Session.Outgoing.Complete();

        Assert.Throws<ChannelClosedException>(() => test.Session.Outgoing.Complete());
    }

    [Fact]
    public async Task TryWrite_is_false_and_WaitToWriteAsync_waits_while_there_is_no_room()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings =>
            settings with { Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(1, 100) } });
        test.Peer.BlockWrites();
        Assert.True(test.Session.Outgoing.TryWrite(new Frame.Text("being written")));
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        Assert.True(test.Session.Outgoing.TryWrite(new Frame.Text("staged")));

        Assert.False(test.Session.Outgoing.TryWrite(new Frame.Text("no room")));
        Assert.False(test.Session.Outgoing.TryWrite(new Frame.Ping(default)));
        Task<bool> wait = test.Session.Outgoing.WaitToWriteAsync().AsTask();
        using var cancel = new CancellationTokenSource();
        Task<bool> cancelled = test.Session.Outgoing.WaitToWriteAsync(cancel.Token).AsTask();
        Assert.False(wait.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.Soon());

        test.Peer.UnblockWrites();
        Assert.True(await wait.Soon());
        await test.Session.FlushAsync().Soon();
        Assert.Equal("being written, staged", Ending.Describe(test.Peer));
    }

    [Fact]
    public async Task TryWrite_takes_a_frame_whole_that_could_never_fit()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings =>
            settings with { Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(10, 100) } });

        Assert.True(test.Session.Outgoing.TryWrite(new Frame.Binary(new byte[1000])));

        await test.Session.FlushAsync().Soon();
        Assert.Equal(1000, (await test.Peer.ReceiveAsync()).Data.Length);
    }

    [Fact]
    public async Task After_a_write_has_failed_nothing_can_be_written_although_the_end_has_not_begun()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var broken = new IOException("broken pipe");
        test.Peer.FailWrites(broken);
        await test.Session.SendAsync("lost");
        await test.Time.Armed(SessionLifetime.Tail); // for a Close of the peer on its way

        Assert.False(test.Session.Outgoing.TryWrite(new Frame.Text("late")));
        Assert.False(await test.Session.Outgoing.WaitToWriteAsync().Soon());
        var late = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.SendAsync("late").Soon());
        Assert.Same(broken, late.InnerException);
        Assert.Contains("lost", late.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_null_frame_is_refused()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();

        Assert.Throws<ArgumentNullException>(() => test.Session.Outgoing.TryWrite(null!));
        await Assert.ThrowsAsync<ArgumentNullException>(() => test.Session.Outgoing.WriteAsync(null!).Soon());
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task The_usual_loop_of_a_channels_writer_waits_where_there_is_some_room_but_too_little_or_another_sender_is_inside(bool anotherIsInside)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test =
            SessionUnderTest.Default(settings => settings with { Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(100, 1000) } });
        test.Peer.BlockWrites();
        Assert.True(test.Session.Outgoing.TryWrite(new Frame.Text("being written")));
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        Assert.True(test.Session.Outgoing.TryWrite(new Frame.Binary(new byte[600])));
        Task inside = anotherIsInside ? test.Session.SendAsync(new byte[600]).AsTask() : Task.CompletedTask;
        var frame = new Frame.Binary(new byte[anotherIsInside ? 1 : 600]);

        Assert.False(test.Session.Outgoing.TryWrite(frame));
        ValueTask<bool> wait = test.Session.Outgoing.WaitToWriteAsync();

        Assert.False(wait.IsCompleted);
        test.Peer.UnblockWrites();
        Assert.True(await wait.Soon());
        await inside.Soon();
        Assert.True(test.Session.Outgoing.TryWrite(frame));
    }
}
