namespace Duplex.Tests;

/// <summary>
/// Law 11 over real connections: a consumer that blocks the thread that frames are delivered on stops neither pings, nor pongs, nor the close. Threads of the pool that block keep other tests
/// from running, so none may run beside it.
/// </summary>
[CollectionDefinition(nameof(BlockedConsumersOverHttpTests), DisableParallelization = true)]
[Collection(nameof(BlockedConsumersOverHttpTests))]
public sealed class BlockedConsumersOverHttpTests(KestrelServer server) : IClassFixture<KestrelServer>
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    // Over three times what either side grants a silent peer.
    private static readonly int Rounds = (int)(3 * (Interval + Deadline) / Interval) + 1;

    [Theory]
    [InlineData(Transport.Tcp)]
    [InlineData(Transport.Tls)]
    public async Task A_blocked_consumer_keeps_neither_side_from_its_keep_alive(Transport transport)
    {
        TestClock ours = new(), theirs = new();
        using RawServer listener = await RawServer.ListenAsync(transport);
        using HttpClient client = Create(Interval, Deadline, ours);
        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(listener.Uri);
        using RawPeer peer = await listener.AcceptAsync();
        await peer.UpgradeAsync();
        await using DefaultWebSocketSession other = WebSocketSessions.Create(peer.Stream, WebSocketRole.Server, ws => (ws.TimeProvider, ws.PingInterval, ws.PingTimeout) = (theirs, Interval, Deadline));
        await using DefaultClientWebSocketSession session = await opening.Soon();
        using var consumer = new BlockedConsumer(session);
        await other.SendAsync("block");
        await consumer.IsBlocked.Soon();

        for (int round = 0; round < Rounds; round++)
        {
            // The pong of a ping answers those before it, too.
            await ours.Pass(Interval);
            await session.PingAsync().Soon();
            await theirs.Pass(Interval);
            await other.PingAsync().Soon();
        }

        Assert.Equal((WebSocketSessionState.Open, WebSocketSessionState.Open), (session.State, other.State));
        Assert.False(consumer.Ended.IsCompleted);
        consumer.Unblock();
        CloseResult end = await session.CloseAsync().Soon();
        Assert.True(end.WasClean, $"{end} {end.Error}");
        await consumer.Ended.Soon();
    }

    [Theory]
    [InlineData("ws")]
    [InlineData("wss")]
    public async Task During_a_flood_a_blocked_consumer_neither_ends_the_session_nor_holds_up_its_close(string scheme)
    {
        var time = new TestClock();
        using HttpClient client = Create(Interval, Deadline, time);
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server[scheme], "/flood")).Soon();
        using var consumer = new BlockedConsumer(session);
        await consumer.IsBlocked.Soon();

        // The queue fills, nothing is read then, and nobody counts the peer's silence.
        await Patience.Until(() => session.Incoming.Count >= ChannelConfig.DefaultIncoming.Capacity / 2 && session.SightReceiving().IsPaused);
        for (int round = 0; round < Rounds; round++)
        {
            await time.Pass(Interval);
            await session.FlushAsync().Soon(); // or the time would outrun the ping
        }

        Assert.Equal(WebSocketSessionState.Open, session.State);

        Task<CloseResult> closing = session.CloseAsync();
        await time.Pass(CloseTimeout / 4); // what the close gives a consumer
        CloseResult end = await closing.Soon();
        Assert.True(end.WasClean, $"{end} {end.Error}");
        Assert.False(consumer.Ended.IsCompleted);
        consumer.Unblock();

        // It gave the close no other way than to go on without it, and learns what it missed.
        var missed = await Assert.ThrowsAsync<WebSocketClosedException>(() => consumer.Ended.Soon());
        Assert.Equal(end.DiscardedMessages, missed.Result.DiscardedMessages);
        Assert.InRange(end.DiscardedMessages, 1, long.MaxValue);
    }

    [Fact]
    public async Task A_peers_close_is_answered_behind_a_blocked_consumer()
    {
        using HttpClient client = Create(Timeout.InfiniteTimeSpan, Deadline);
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server["ws"], "/greet?name=x")).Soon();
        using var consumer = new BlockedConsumer(session);

        CloseResult end = await session.Completion.Soon();

        Assert.True(end.WasClean);
        Assert.Equal((CloseCode)4001, end.Reason.Code);
        consumer.Unblock();
        await consumer.Ended.Soon();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(12)] // far more than the threads that the pool begins with on a small machine: it grows by some each second
    public async Task As_many_as_block_all_sessions_live_on(int sessions)
    {
        // As patient as the pool needs to grow for all of them, and for the server, which shares it.
        TimeSpan deadline = TimeSpan.FromSeconds(15);
        using HttpClient client = Create(Interval, deadline);
        var opened = new List<DefaultClientWebSocketSession>();
        var consumers = new List<BlockedConsumer>();
        for (int i = 0; i < sessions; i++)
        {
            opened.Add(await client.WebSocketSessionAsync(new Uri(server["ws"], "/echo")).Soon());
            consumers.Add(new BlockedConsumer(opened[^1]));
        }

        await Task.WhenAll(opened.Select(session => session.SendAsync("block").AsTask())).Soon();
        await Task.WhenAll(consumers.Select(consumer => consumer.IsBlocked)).Soon();

        foreach (DefaultClientWebSocketSession session in opened)
            await session.PingAsync().Soon();
        CloseResult[] ends = await Task.WhenAll(opened.Select(session => session.CloseAsync())).Soon();

        Assert.All(ends, end => Assert.True(end.WasClean, $"{end} {end.Error}"));
        Assert.All(consumers, consumer => Assert.False(consumer.Ended.IsCompleted));
        foreach (BlockedConsumer consumer in consumers)
            consumer.Unblock();
        await Task.WhenAll(consumers.Select(consumer => consumer.Ended)).Soon();
        foreach (BlockedConsumer consumer in consumers)
            consumer.Dispose();
        foreach (DefaultClientWebSocketSession session in opened)
            await session.DisposeAsync().Soon();
    }

    private static HttpClient Create(TimeSpan interval, TimeSpan timeout, TestClock? time = null) => Clients.Create(ws =>
    {
        ws.TimeProvider = time ?? TimeProvider.System;
        ws.PingInterval = interval;
        ws.PingTimeout = timeout;
        ws.CloseTimeout = CloseTimeout;
    });

    // Waits for a frame, and then keeps the thread that it got it on; receives the rest when it may.
    private sealed class BlockedConsumer : IDisposable
    {
        private readonly ManualResetEventSlim _gate = new();
        private readonly TaskCompletionSource _isBlocked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public BlockedConsumer(WebSocketSession session) => Ended = Task.Run(() => RunAsync(session));

        public Task IsBlocked => _isBlocked.Task;

        public Task Ended { get; }

        public void Unblock() => _gate.Set();

        public void Dispose()
        {
            _gate.Set();
            Ended.Soon().ContinueWith(_ => _gate.Dispose(), TaskScheduler.Default);
        }

        private async Task RunAsync(WebSocketSession session)
        {
            await foreach (Frame frame in session.Incoming.ConfigureAwait(false))
            {
                frame.Recycle();
                _isBlocked.TrySetResult();
                _gate.Wait();
            }
        }
    }
}
