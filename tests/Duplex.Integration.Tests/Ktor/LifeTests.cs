using Duplex.Ktor;

namespace Duplex.Tests;

/// <summary>What Ktor's own tests say of the life of a session beside other requests, asked of ours.</summary>
public sealed class LifeTests(KestrelServer kestrel) : IClassFixture<KestrelServer>
{
    private static readonly AsyncLocal<string?> Ambient = new();

    [Fact]
    [KtorParity("test-life/WebSocketTest.testParallelSessions")]
    [KtorParity("test-life/WebSocketTest.testHttpDuringWebSocketConnection")]
    [KtorParity("test-life/WebSocketTest.testHttpRequestAfterWebSocketClose")]
    public async Task Ordinary_requests_work_beside_within_and_after_a_session()
    {
        using HttpClient client = Clients.Create();
        Uri plain = new UriBuilder(new Uri(kestrel["ws"], "/plain")) { Scheme = "http" }.Uri;
        await using DefaultClientWebSocketSession beside = await client.WebSocketSessionAsync(new Uri(kestrel["ws"], "/echo")).Soon();

        Assert.Equal("just HTTP", await client.GetStringAsync(plain).Soon());
        await client.WebSocketAsync(new Uri(kestrel["ws"], "/echo"), async session =>
        {
            string body = await client.GetStringAsync(plain);
            await session.SendAsync(body);
            Assert.Equal(body, Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync()).ReadText());
        }).Soon();
        Assert.True((await beside.CloseAsync().Soon()).WasClean);
        Assert.Equal("just HTTP", await client.GetStringAsync(plain).Soon());
    }

    [Fact]
    [KtorParity("test-life/WebSocketTest.testExceptionWss")]
    public async Task What_a_block_throws_reaches_the_caller_over_tls_as_well()
    {
        using HttpClient client = Clients.Create();
        var thrown = new InvalidDataException("mine");

        Assert.Same(thrown, await Assert.ThrowsAsync<InvalidDataException>(() => client.WssAsync(new Uri(kestrel["wss"], "/echo"), _ => throw thrown).Soon()));
    }

    [Fact]
    [KtorParity("raw/webSocketRaw", "weakness/11-a-send-after-the-end-is-a-cancellation")]
    public async Task What_the_block_of_a_raw_session_throws_reaches_the_caller()
    {
        using HttpClient client = Clients.Create();
        var thrown = new InvalidDataException("mine");

        Assert.Same(thrown, await Assert.ThrowsAsync<InvalidDataException>(() => client.WsRawAsync(new Uri(kestrel["ws"], "/echo"), _ => throw thrown).Soon()));
    }

    [Fact]
    [KtorParity("test-life/TestApplicationTestJvm.testCanPassCoroutineContextFromOutsideWithWS")]
    [KtorParity("test-default-session/testWebSocketSessionInheritsServerCoroutineContext")]
    public async Task The_block_runs_in_the_callers_context()
    {
        using HttpClient client = Clients.Create();
        Ambient.Value = "the caller's";

        Assert.Equal("the caller's", await client.WebSocketAsync(new Uri(kestrel["ws"], "/echo"), async session =>
        {
            await session.SendAsync("a");
            await session.Incoming.ReadAsync();
            return Ambient.Value;
        }).Soon());
    }

    [Fact]
    [KtorParity("test-plugins/WebSocketTest.testTimeoutCapabilityIsSetIgnoringRequestTimeout")]
    [KtorParity("test-plugins/CIOEngineTest.testRequestTimeoutIgnoredWithWebSocket")]
    [KtorParity("weakness/23-a-socket-timeout-ends-idle-sessions")]
    public async Task Limits_of_time_for_requests_and_idle_connections_do_not_end_a_session()
    {
        var beat = TimeSpan.FromMilliseconds(625); // eight of them are as long as the limits of requests
        using SocketsHttpHandler handler = LoopbackCertificate.CreateHandler();
        handler.ConnectTimeout = TimeSpan.FromSeconds(5);
        handler.Expect100ContinueTimeout = handler.ResponseDrainTimeout = handler.PooledConnectionIdleTimeout = handler.PooledConnectionLifetime = TimeSpan.FromMilliseconds(1);
        using var server = new RawServer();
        using var client = new HttpClient(new WebSocketsHandler(handler, ws =>
        {
            ws.PingInterval = beat;
            ws.HandshakeTimeout = TimeSpan.FromSeconds(5);
        }))
        {
            Timeout = TimeSpan.FromSeconds(5),
        };

        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(server.Uri);
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();
        await using DefaultClientWebSocketSession session = await opening.Soon();
        for (int i = 0; i < 9; i++)
            Assert.Equal(FrameType.Ping, (await peer.ReceiveAsync())!.Type);

        await session.SendAsync("still here");
        Frame? frame;
        do
            frame = await peer.ReceiveAsync();
        while (frame is Frame.Ping);
        Assert.Equal("still here", Assert.IsType<Frame.Text>(frame).ReadText());
        Assert.Equal(WebSocketSessionState.Open, session.State);
        session.Abort();
    }

    [Fact]
    [KtorParity("test-life/DarwinEngineTest.testWebSocketExecuteAfterSessionClose")]
    public async Task A_client_that_is_disposed_opens_nothing()
    {
        HttpClient client = Clients.Create();
        client.Dispose();

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync(new Uri(kestrel["ws"], "/echo")).Soon());

        Assert.Equal(HandshakeCheck.Disposed, error.Check);
    }

    [Fact]
    [KtorParity("weakness/12-sessions-leak")]
    public async Task A_caller_who_gives_up_during_the_handshake_leaves_no_session_behind()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();
        using var source = new CancellationTokenSource();

        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(server.Uri, cancellationToken: source.Token);
        using RawPeer peer = await server.AcceptAsync();
        await source.CancelAsync();

        Assert.Equal(source.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.Soon())).CancellationToken);
        await peer.IsReleasedAsync();
    }
}
