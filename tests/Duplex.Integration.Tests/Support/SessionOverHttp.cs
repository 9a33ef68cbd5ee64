namespace Duplex.Tests;

/// <summary>A session over a real connection, or a stream of one, the server at its other end, its clock, its pool and its sockets. Pings are off unless a test turns them on.</summary>
internal sealed class SessionOverHttp<TSession> : IAsyncDisposable
    where TSession : WebSocketSession
{
    private readonly RawServer _server;
    private readonly Transport _transport;

    private SessionOverHttp(RawServer server, Transport transport)
    {
        _server = server;
        _transport = transport;
    }

    public CountedSockets Sockets { get; } = new();

    public TestClock Time { get; } = new();

    public CountingPool Pool { get; } = new();

    public HttpClient Client { get; private set; } = null!;

    public RawPeer Peer { get; private set; } = null!;

    public TSession Session { get; private set; } = null!;

    public static async Task<SessionOverHttp<TSession>> OpenAsync(Transport transport, Func<HttpClient, Uri, Task<TSession>> open, Action<WebSocketsOptions>? configure)
    {
        var test = new SessionOverHttp<TSession>(await RawServer.ListenAsync(transport), transport);
        test.Client = test.Sockets.CreateClient(ws =>
        {
            ws.TimeProvider = test.Time;
            ws.BufferPool = test.Pool;
            ws.PingInterval = Timeout.InfiniteTimeSpan;
            configure?.Invoke(ws);
        }).For(transport);
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

    /// <summary>Waits until the session's end has released its connection, once, or its stream.</summary>
    public async Task IsReleasedAsync()
    {
        if (!_transport.IsHttp2())
            await Sockets.AreClosedAsync();
        else if (!Peer.IsReset)
            await Peer.IsReleasedAsync();
    }

    /// <summary>Waits until the client has read from the connection what the peer has sent, though no session reads it.</summary>
    public async Task HasInput()
    {
        if (!_transport.IsHttp2())
        {
            await Sockets.HasInput();
            return;
        }

        // The client reads all streams of a connection in order: what was sent before an answer has come with it.
        using HttpResponseMessage answer = await Client.GetAsync(new UriBuilder(_server.Uri) { Scheme = _transport.IsSecure() ? "https" : "http" }.Uri).Soon();
        Assert.Equal(1, Sockets.Made);
    }

    /// <summary>Ends the session if the test has not, and checks that its end released its transport; the client need not be disposed for that.</summary>
    public async ValueTask DisposeAsync()
    {
        Session.Abort();
        try
        {
            await Session.DisposeAsync().Soon();
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"The session does not end: it is {Session.State}, with {Time.ArmedTimers} timers armed, {Pool.Rented} arrays and {Session.BufferedBytes} bytes to be sent.", e);
        }

        await IsReleasedAsync();
        Peer.Dispose();
        Client.Dispose();
        _server.Dispose();
        await Sockets.AreClosedAsync();
    }
}

/// <summary>Opens sessions over real connections.</summary>
internal static class SessionOverHttp
{
    public static Task<SessionOverHttp<DefaultClientWebSocketSession>> DefaultAsync(Transport transport, Action<WebSocketsOptions>? configure = null) =>
        SessionOverHttp<DefaultClientWebSocketSession>.OpenAsync(transport, (client, uri) => client.WebSocketSessionAsync(uri), configure);

    public static Task<SessionOverHttp<WebSocketSession>> OpenAsync(SessionKind kind, Transport transport, Action<WebSocketsOptions>? configure = null) =>
        SessionOverHttp<WebSocketSession>.OpenAsync(
            transport, async (client, uri) => kind == SessionKind.Raw ? await client.WebSocketRawSessionAsync(uri) : await client.WebSocketSessionAsync(uri), configure);
}
