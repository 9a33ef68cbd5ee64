namespace Duplex.Tests;

/// <summary>A session over a real connection, the server at its other end, its clock, its pool and its sockets. Pings are off unless a test turns them on.</summary>
internal sealed class SessionOverHttp<TSession> : IAsyncDisposable
    where TSession : WebSocketSession
{
    private readonly RawServer _server;

    private SessionOverHttp(bool tls) => _server = new RawServer(tls);

    public CountedSockets Sockets { get; } = new();

    public TestClock Time { get; } = new();

    public CountingPool Pool { get; } = new();

    public HttpClient Client { get; private set; } = null!;

    public RawPeer Peer { get; private set; } = null!;

    public TSession Session { get; private set; } = null!;

    public static async Task<SessionOverHttp<TSession>> OpenAsync(bool tls, Func<HttpClient, Uri, Task<TSession>> open, Action<WebSocketsOptions>? configure)
    {
        var test = new SessionOverHttp<TSession>(tls);
        test.Client = test.Sockets.CreateClient(ws =>
        {
            ws.TimeProvider = test.Time;
            ws.BufferPool = test.Pool;
            ws.PingInterval = Timeout.InfiniteTimeSpan;
            configure?.Invoke(ws);
        });
        Task<TSession> opening = open(test.Client, test._server.Uri);
        test.Peer = await test._server.AcceptAsync();
        await test.Peer.UpgradeAsync();
        test.Session = await opening.Soon();
        return test;
    }

    /// <summary>Waits until so many frames can be received without waiting.</summary>
    public Task Queued(int frames) => Patience.Until(() => Session.Incoming.Count >= frames);

    /// <summary>Waits until the session is in a state.</summary>
    public Task Until(WebSocketSessionState state) => Patience.Until(() => Session.State == state);

    /// <summary>Ends the session if the test has not, and checks that its end released its socket, once; the client need not be disposed for that.</summary>
    public async ValueTask DisposeAsync()
    {
        Session.Abort();
        await Session.DisposeAsync().Soon();
        await Sockets.AreClosedAsync();
        Peer.Dispose();
        Client.Dispose();
        _server.Dispose();
        await Sockets.AreClosedAsync();
    }
}

/// <summary>Opens sessions over real connections.</summary>
internal static class SessionOverHttp
{
    public static Task<SessionOverHttp<DefaultClientWebSocketSession>> DefaultAsync(bool tls, Action<WebSocketsOptions>? configure = null) =>
        SessionOverHttp<DefaultClientWebSocketSession>.OpenAsync(tls, (client, uri) => client.WebSocketSessionAsync(uri), configure);

    public static Task<SessionOverHttp<WebSocketSession>> OpenAsync(SessionKind kind, bool tls, Action<WebSocketsOptions>? configure = null) =>
        SessionOverHttp<WebSocketSession>.OpenAsync(
            tls, async (client, uri) => kind == SessionKind.Raw ? await client.WebSocketRawSessionAsync(uri) : await client.WebSocketSessionAsync(uri), configure);
}
