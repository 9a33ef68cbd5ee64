namespace Duplex.Tests;

public sealed class FrameChannelReaderTests
{
    private static readonly string[] Three = ["a", "b", "c"];

    [Fact]
    [KtorParity("session/incoming")]
    public async Task Enumeration_gives_the_frames_in_order_and_stops_at_a_normal_end()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        SendThree(test);
        test.Peer.SendClose(CloseReason.Normal);
        var texts = new List<string>();

        await foreach (Frame frame in test.Session.Incoming)
            texts.Add(Take(frame));

        Assert.Equal(Three, texts);
        test.Peer.SendEof();
    }

    [Fact]
    [KtorParity("session/incoming")]
    public async Task ReadAllAsync_and_LINQ_do_the_same()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        SendThree(test);
        SendThree(test);
        test.Peer.SendClose(CloseReason.Normal);

        Assert.Equal(Three, await test.Session.Incoming.Take(3).Select(Take).ToListAsync());
        var rest = new List<string>();
        await foreach (Frame frame in test.Session.Incoming.ReadAllAsync())
            rest.Add(Take(frame));

        Assert.Equal(Three, rest);
        test.Peer.SendEof();
    }

    [Fact]
    public async Task What_has_arrived_is_taken_without_waiting_and_counted()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        Assert.False(test.Session.Incoming.TryRead(out _));
        SendThree(test);
        await test.Queued(3);
        Assert.True(test.Session.Incoming.CanCount);
        Assert.Equal(3, test.Session.Incoming.Count);

        ValueTask<bool> waiting = test.Session.Incoming.WaitToReadAsync();
        Assert.True(waiting.IsCompletedSuccessfully && await waiting);
        IAsyncEnumerator<Frame> frames = test.Session.Incoming.GetAsyncEnumerator();
        foreach (string text in Three)
        {
            ValueTask<bool> next = frames.MoveNextAsync();
            Assert.True(next.IsCompletedSuccessfully && await next);
            Assert.Equal(text, Take(frames.Current));
        }

        await frames.DisposeAsync();
        Assert.Equal(0, test.Session.Incoming.Count);
    }

    [Fact]
    [KtorParity("close-and-errors/ClosedReceiveChannelException")]
    public async Task At_a_normal_end_a_wait_is_false_and_a_read_throws_what_the_session_ended_with()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        test.Peer.SendClose(new CloseReason((CloseCode)4000));

        Assert.False(await test.Session.Incoming.WaitToReadAsync().Soon());
        WebSocketClosedException error = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.ReadAsync().AsTask().Soon());

        Assert.Equal((CloseCode)4000, error.Result.Received!.Code);
        await test.Session.Incoming.Completion.Soon();
        test.Peer.SendEof();
    }

    [Fact]
    public async Task At_any_other_end_all_of_them_throw_what_happened_behind_the_last_frame()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        SendThree(test);
        test.Peer.SendHex("83 00");

        foreach (string text in Three)
            Assert.Equal(text, Take(await test.Session.Incoming.ReadAsync().Soon()));
        await Assert.ThrowsAsync<WebSocketProtocolException>(() => test.Session.Incoming.WaitToReadAsync().Soon());
        await Assert.ThrowsAsync<WebSocketProtocolException>(() => test.Session.Incoming.ReadAsync().Soon());
        await Assert.ThrowsAsync<WebSocketProtocolException>(() => test.Session.Incoming.ToListAsync().Soon());
        await Assert.ThrowsAsync<WebSocketProtocolException>(() => test.Session.Incoming.Completion.Soon());
        test.Peer.SendEof();
    }

    [Fact]
    public async Task A_token_ends_a_wait_and_nothing_else()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        using var source = new CancellationTokenSource();
        Task<bool> waiting = test.Session.Incoming.WaitToReadAsync(source.Token).AsTask();
        Task<Frame> reading = test.Session.Incoming.ReadAsync(source.Token).AsTask();
        Task<List<Frame>> enumerating = test.Session.Incoming.ToListAsync(source.Token).AsTask();

        await source.CancelAsync();

        foreach (Task task in new Task[] { waiting, reading, enumerating })
            Assert.Equal(source.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task.Soon())).CancellationToken);
        SendThree(test);
        foreach (string text in Three)
            Assert.Equal(text, Take(await test.Session.Incoming.ReadAsync().Soon()));
    }

    [Fact]
    public async Task A_token_that_has_fired_takes_no_frame()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        SendThree(test);
        await test.Queued(3);
        var fired = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => test.Session.Incoming.WaitToReadAsync(fired).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => test.Session.Incoming.ReadAsync(fired).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (Frame frame in test.Session.Incoming.WithCancellation(fired))
                Take(frame);
        });

        Assert.Equal(3, test.Session.Incoming.Count);
    }

    private static void SendThree(SessionUnderTest<DefaultWebSocketSession> test)
    {
        foreach (string text in Three)
            test.Peer.SendFrame(Opcode.Text, System.Text.Encoding.UTF8.GetBytes(text));
    }

    private static string Take(Frame frame)
    {
        string text = ((Frame.Text)frame).ReadText();
        frame.Recycle();
        return text;
    }
}
