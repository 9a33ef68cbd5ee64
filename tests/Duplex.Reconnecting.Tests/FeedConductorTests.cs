namespace Duplex.Tests;

/// <summary>Rotation: a connection that is old enough is replaced before it is closed.</summary>
public sealed class FeedConductorTests
{
    private static readonly TimeSpan Age = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task An_old_connection_is_replaced_without_a_moment_in_which_none_is_ready()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = CreateRotating(scene);
        await feed.StartAsync().Soon();
        DefaultWebSocketSession first = await scene.AcceptedAsync();
        await scene.Time.Pass(Age);
        DefaultWebSocketSession second = await scene.AcceptedAsync();
        await Patience.Until(() => OnSecond(feed));
        await first.SendAsync("from the old");
        await second.SendAsync("from the new");
        await first.FlushAsync();
        await scene.Time.Pass(Overlap);
        Assert.Null(await first.ReceiveTextAsync().Soon());
        CloseResult end = await first.Completion.Soon();
        Assert.Equal((true, CloseCode.NormalClosure), (end.WasClean, end.Received!.Code));
        Assert.Equal(["1:from the old", "2:Rotated", "2:from the new"], await TakeAsync(feed, 3));
        Assert.Equal(ConnectionPhase.Ready, feed.Current.Phase);
        Assert.Equal(2, scene.Attempts);
    }

    [Fact]
    public async Task Senders_switch_to_the_new_connection()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = CreateRotating(scene);
        await feed.StartAsync().Soon();
        Assert.Equal(new SendReceipt(1, 1), await feed.SendAsync("a").Soon());
        await scene.Time.Pass(Age);
        await Patience.Until(() => OnSecond(feed));
        Assert.Equal(new SendReceipt(2, 1), await feed.SendAsync("b").Soon());
    }

    [Fact]
    public async Task Strict_rotation_waits_until_a_pong_confirms_what_was_sent()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = CreateRotating(scene, options => options.StrictRotation = true);
        await feed.StartAsync().Soon();
        DefaultWebSocketSession first = await scene.AcceptedAsync();
        await feed.SendAsync("a").Soon();
        await scene.Time.Pass(Age);
        await Patience.Until(() => OnSecond(feed));
        Assert.True(first.Incoming.TryRead(out Frame? frame)); // before the ping that was answered
        Assert.Equal("a", ((Frame.Text)frame).ReadText());
    }

    [Fact]
    public async Task A_successor_that_fails_leaves_the_old_connection_in_use()
    {
        await using var scene = new Scene();
        scene.Accept().Fail();
        await using ReconnectingWebSocket feed = CreateRotating(scene);
        await feed.StartAsync().Soon();
        await scene.Time.Pass(Age);
        await Patience.Until(() => scene.Attempts == 2);
        await scene.Time.Armed(TimeSpan.FromSeconds(33)); // MaxDelay, and half of a fifth
        Assert.Equal(new SendReceipt(1, 1), await feed.SendAsync("a").Soon());
        Assert.Equal((ConnectionPhase.Ready, 1), (feed.Current.Phase, feed.Current.Epoch));
        scene.Time.Advance(TimeSpan.FromSeconds(33));
        await Patience.Until(() => OnSecond(feed));
    }

    [Fact]
    public async Task What_both_connections_deliver_comes_once_if_it_has_a_key()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = CreateRotating(scene, options => options.DuplicateKey = frame =>
            ((Frame.Text)frame).ReadText() is var text && text.StartsWith('#') ? text : null);
        await feed.StartAsync().Soon();
        DefaultWebSocketSession first = await scene.AcceptedAsync();
        await scene.Time.Pass(Age);
        DefaultWebSocketSession second = await scene.AcceptedAsync();
        await Patience.Until(() => OnSecond(feed));
        foreach (string text in (string[])["#1", "#2", "x"])
            await first.SendAsync(text);
        foreach (string text in (string[])["#2", "#3", "x"])
            await second.SendAsync(text);
        await first.FlushAsync();
        await Patience.Until(() => feed.Incoming.Count == 3);
        await scene.Time.Pass(Overlap);
        Assert.Equal(["1:#1", "1:#2", "1:x", "2:Rotated", "2:#3", "2:x"], await TakeAsync(feed, 6));
    }

    [Fact]
    public async Task If_the_old_connection_ends_meanwhile_the_new_one_takes_over()
    {
        await using var scene = new Scene();
        DefaultWebSocketSession first = null!;
        WebSocketSession ours = null!;
        await using ReconnectingWebSocket feed = CreateRotating(scene, options => options.OnConnected(async (connection, _) =>
        {
            if (connection.Epoch != 2)
            {
                ours = connection.Session;
                return;
            }

            first.Abort();
            await ours.Completion;
        }));
        await feed.StartAsync().Soon();
        first = await scene.AcceptedAsync();
        await scene.Time.Pass(Age);
        DefaultWebSocketSession second = await scene.AcceptedAsync();
        await second.SendAsync("goes on");
        Assert.Equal(["2:Lost", "2:goes on"], await TakeAsync(feed, 2));
        Assert.Equal(2, scene.Attempts);
    }

    [Fact]
    public async Task A_close_during_the_overlap_ends_both()
    {
        await using var scene = new Scene();
        ReconnectingWebSocket feed = CreateRotating(scene);
        await feed.StartAsync().Soon();
        DefaultWebSocketSession first = await scene.AcceptedAsync();
        await scene.Time.Pass(Age);
        DefaultWebSocketSession second = await scene.AcceptedAsync();
        await Patience.Until(() => OnSecond(feed));
        Assert.True((await feed.CloseAsync().Soon())!.WasClean);
        Assert.True((await first.Completion.Soon()).WasClean);
        Assert.True((await second.Completion.Soon()).WasClean);
        await Patience.Until(() => scene.Time.LiveTimers == 0);
    }

    [Fact]
    public async Task A_close_during_the_overlap_closes_both_at_once_if_no_peer_answers()
    {
        await using var scene = new Scene();
        scene.AcceptMute().AcceptMute();
        List<WebSocketSession> sessions = [];
        ReconnectingWebSocket feed = CreateRotating(scene, options => options.OnConnected((connection, _) =>
        {
            sessions.Add(connection.Session);
            return Task.CompletedTask;
        }));
        await feed.StartAsync().Soon();
        await scene.Time.Pass(Age);
        await Patience.Until(() => OnSecond(feed));
        Task<CloseResult?> closing = feed.CloseAsync();
        await Patience.Until(() => sessions.All(session => session.IsClosedByCaller)); // no time has passed
        Assert.Equal(2, sessions.Count);
        await scene.PassUntilAsync(() => closing.IsCompleted);
        Assert.False((await closing)!.WasClean);
        await Patience.Until(() => scene.Time.LiveTimers == 0);
    }

    [Fact]
    public async Task The_age_varies_by_the_jitter()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = CreateRotating(scene, options => (options.ConnectionAgeJitter, options.Random) = (0.1, () => 0.75));
        await feed.StartAsync().Soon();
        await scene.Time.Pass(Age * 1.05);
        await Patience.Until(() => OnSecond(feed));
    }

    private static bool OnSecond(ReconnectingWebSocket feed) =>
        feed.Current is { Phase: ConnectionPhase.Ready, Epoch: 2 };

    private static ReconnectingWebSocket CreateRotating(Scene scene, Action<ReconnectingWebSocketOptions>? configure = null) =>
        scene.CreateFeed(options =>
        {
            options.MaxConnectionAge = Age;
            options.ConnectionAgeJitter = 0;
            configure?.Invoke(options);
        });

    private static async Task<List<string>> TakeAsync(ReconnectingWebSocket feed, int count)
    {
        List<string> got = [];
        await foreach (FeedItem item in feed.IncomingWithGaps)
        {
            got.Add($"{item.Epoch}:{(item.Frame is Frame.Text frame ? frame.ReadText() : $"{item.Gap}")}");
            if (got.Count == count)
                break;
        }

        return got;
    }
}
