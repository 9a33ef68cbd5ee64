namespace Duplex.Tests;

/// <summary>The parts of a feed, made as <see cref="ReconnectingWebSocket"/> makes them, for tests of one of them.</summary>
internal sealed class FeedParts : IDisposable
{
    private readonly Scene _scene;
    private readonly CancellationTokenSource _stop = new();

    public FeedParts(Scene scene, Action<ReconnectingWebSocketOptions>? configure = null)
    {
        _scene = scene;
        Options = new ReconnectingWebSocketOptions { TimeProvider = scene.Time, Random = () => 0.5 };
        configure?.Invoke(Options);
        Hooks = new FeedHooks(Options);
        Redial = new Redial(scene.Client, new Uri("ws://server.test/feed"), Options);
        Queue = new FeedQueue(Options.Incoming);
        Sender = new FeedSender(Outlet, Redial, Options);
    }

    public ReconnectingWebSocketOptions Options { get; }

    public Redial Redial { get; }

    public FeedHooks Hooks { get; }

    public FeedQueue Queue { get; }

    public FeedOutlet Outlet { get; } = new();

    public FeedSender Sender { get; }

    public void Stop() => _stop.Cancel();

    /// <summary>A connection that is ready, as the feed uses it, and the server's side.</summary>
    public async Task<(FeedConnection Connection, DefaultWebSocketSession Server)> OpenAsync(int epoch = 1)
    {
        (Connection connection, DefaultWebSocketSession server) = await _scene.OpenAsync(epoch);
        connection.BecomeReady();
        return (new FeedConnection(connection, Queue, Hooks, Options, _scene.Time), server);
    }

    /// <summary>What the queue has now: the number of the connection, and the text or the gap.</summary>
    public List<string> Take()
    {
        List<string> taken = [];
        while (Queue.TryTake(out FeedItem item))
            taken.Add($"{item.Epoch}:{(item.Frame as Frame.Text)?.ReadText() ?? $"{item.Gap}"}");
        return taken;
    }

    public void Dispose() => _stop.Dispose();
}
