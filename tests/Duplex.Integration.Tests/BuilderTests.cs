using Duplex.Ktor;

namespace Duplex.Tests;

/// <summary>Every name and every shape of a call, over a real connection.</summary>
public sealed class BuilderTests(KestrelServer kestrel) : IClassFixture<KestrelServer>
{
    [Fact]
    [KtorParity("opening/webSocketSession-block", "opening/webSocketSession-method-host-port-path-block")]
    [KtorParity("opening/webSocketSession-urlString-block", "opening/webSocket-request-block")]
    [KtorParity("opening/webSocket-method-host-port-path-request-block", "opening/webSocket-urlString-request-block")]
    [KtorParity("opening/ws-three-shapes", "raw/webSocketRawSession", "raw/webSocketRaw", "raw/wsRaw")]
    public async Task Every_shape_talks_without_tls()
    {
        using HttpClient client = Clients.Create();
        Uri echo = new(kestrel["ws"], "/echo");

        await client.WebSocketAsync(echo.AbsoluteUri, TalkAsync).Soon();
        await client.WebSocketAsync(echo, TalkAsync).Soon();
        await client.WebSocketAsync(request => request.Uri = echo, TalkAsync).Soon();
        await client.WebSocketAsync(echo.Host, echo.Port, "/echo", TalkAsync).Soon();
        await client.WsAsync(echo.AbsoluteUri, TalkAsync).Soon();
        await client.WsAsync(echo, TalkAsync).Soon();
        await client.WsAsync(request => request.Uri = echo, TalkAsync).Soon();
        await client.WsAsync(echo.Host, echo.Port, "echo", TalkAsync).Soon();
        await client.WebSocketRawAsync(echo.AbsoluteUri, TalkAsync).Soon();
        await client.WebSocketRawAsync(echo, TalkAsync).Soon();
        await client.WebSocketRawAsync(request => request.Uri = echo, TalkAsync).Soon();
        await client.WebSocketRawAsync(echo.Host, echo.Port, "/echo", TalkAsync).Soon();
        await client.WsRawAsync(echo.AbsoluteUri, TalkAsync).Soon();
        await client.WsRawAsync(echo, TalkAsync).Soon();
        await client.WsRawAsync(request => request.Uri = echo, TalkAsync).Soon();
        await client.WsRawAsync(echo.Host, echo.Port, "echo", TalkAsync).Soon();

        await TalkAsync(client.WebSocketSessionAsync(echo.AbsoluteUri));
        await TalkAsync(client.WebSocketSessionAsync(echo));
        await TalkAsync(client.WebSocketSessionAsync(request => request.Uri = echo));
        await TalkAsync(client.WebSocketSessionAsync(echo.Host, echo.Port, "/echo"));
        await TalkAsync(client.WsSessionAsync(echo.AbsoluteUri));
        await TalkAsync(client.WsSessionAsync(echo));
        await TalkAsync(client.WsSessionAsync(request => request.Uri = echo));
        await TalkAsync(client.WsSessionAsync(echo.Host, echo.Port, "echo"));
        await TalkAsync(client.WebSocketRawSessionAsync(echo.AbsoluteUri));
        await TalkAsync(client.WebSocketRawSessionAsync(echo));
        await TalkAsync(client.WebSocketRawSessionAsync(request => request.Uri = echo));
        await TalkAsync(client.WebSocketRawSessionAsync(echo.Host, echo.Port, "/echo"));
        await TalkAsync(client.WsRawSessionAsync(echo.AbsoluteUri));
        await TalkAsync(client.WsRawSessionAsync(echo));
        await TalkAsync(client.WsRawSessionAsync(request => request.Uri = echo));
        await TalkAsync(client.WsRawSessionAsync(echo.Host, echo.Port, "echo"));
    }

    [Fact]
    [KtorParity("opening/wss-three-shapes", "raw/wssRaw")]
    [KtorParity("test-opening/DarwinEngineTest.testConfigureWebsocketRequest", "weakness/12-sessions-leak")]
    public async Task Every_shape_talks_over_tls()
    {
        using HttpClient client = Clients.Create();
        Uri echo = new(kestrel["wss"], "/echo");

        await client.WebSocketAsync(echo, TalkAsync).Soon();
        await client.WsAsync(echo.AbsoluteUri, TalkAsync).Soon();
        await client.WssAsync(echo.AbsoluteUri, TalkAsync).Soon();
        await client.WssAsync(echo, TalkAsync).Soon();
        await client.WssAsync(request => request.Uri = echo, TalkAsync).Soon();
        await client.WssAsync(echo.Host, echo.Port, "/echo", TalkAsync).Soon();
        await client.WssRawAsync(echo.AbsoluteUri, TalkAsync).Soon();
        await client.WssRawAsync(echo, TalkAsync).Soon();
        await client.WssRawAsync(request => request.Uri = echo, TalkAsync).Soon();
        await client.WssRawAsync(echo.Host, echo.Port, "echo", TalkAsync).Soon();

        await TalkAsync(client.WssSessionAsync(echo.AbsoluteUri));
        await TalkAsync(client.WssSessionAsync(echo));
        await TalkAsync(client.WssSessionAsync(request => request.Uri = echo));
        await TalkAsync(client.WssSessionAsync(echo.Host, echo.Port, "/echo"));
        await TalkAsync(client.WssRawSessionAsync(echo.AbsoluteUri));
        await TalkAsync(client.WssRawSessionAsync(echo));
        await TalkAsync(client.WssRawSessionAsync(request => request.Uri = echo));
        await TalkAsync(client.WssRawSessionAsync(echo.Host, echo.Port, "echo"));
    }

    [Theory]
    [InlineData("ws", "http")]
    [InlineData("wss", "https")]
    [KtorParity("untested/http-and-https", "weakness/13-traps-of-URLs")]
    public async Task An_http_url_is_a_websocket_one(string scheme, string http)
    {
        using HttpClient client = Clients.Create();
        string url = new Uri(kestrel[scheme], "/echo").AbsoluteUri;

        await client.WebSocketAsync(http + url[scheme.Length..], async session =>
        {
            Assert.Equal(url, session.Call.Request.Uri.AbsoluteUri);
            await TalkAsync(session);
        }).Soon();
    }

    [Theory]
    [InlineData("echo")]
    [InlineData("/echo")]
    public async Task A_base_address_with_tls_makes_relative_urls_secure(string url)
    {
        using HttpClient client = Clients.Create();
        client.BaseAddress = new UriBuilder(kestrel["wss"]) { Scheme = "https" }.Uri;

        await client.WssAsync(url, TalkAsync).Soon();
        await client.WebSocketAsync(url, async session =>
        {
            Assert.Equal("wss", session.Call.Request.Uri.Scheme);
            await TalkAsync(session);
        }).Soon();
    }

    [Theory]
    [InlineData("a/b?q=1&r=%2F", "GET /a/b?q=1&r=%2F HTTP/1.1")]
    [InlineData("/a b", "GET /a%20b HTTP/1.1")]
    [InlineData("?q", "GET /?q HTTP/1.1")]
    [InlineData(null, "GET / HTTP/1.1")]
    [KtorParity("opening/webSocket-method-host-port-path-request-block")]
    public async Task The_request_line_has_the_path_and_the_host_header_host_and_port(string? path, string line)
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();

        Task<DefaultClientWebSocketSession> opening = client.WsSessionAsync(server.Uri.Host, server.Uri.Port, path, request => request.Headers.Add("X-Name", "value"));
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();
        await using DefaultClientWebSocketSession session = await opening.Soon();

        Assert.Equal(line, peer.Request.Split("\r\n")[0]);
        Assert.Equal(server.Uri.Authority, peer.Header("Host"));
        Assert.Equal("value", peer.Header("X-Name"));
        session.Abort();
    }

    [Fact]
    [KtorParity("weakness/13-traps-of-URLs")]
    public async Task Wss_talks_no_word_to_a_plain_server()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();
        client.BaseAddress = new UriBuilder(server.Uri) { Scheme = "http" }.Uri;

        await Assert.ThrowsAsync<ArgumentException>(() => client.WssAsync(server.Uri, TalkAsync));
        await Assert.ThrowsAsync<ArgumentException>(() => client.WssSessionAsync("/raw"));
        await Assert.ThrowsAsync<ArgumentException>(() => client.WssRawSessionAsync(server.Uri.Host, server.Uri.Port, "/raw", request => request.Uri = server.Uri));
        Assert.False(server.IsAsked);
    }

    private static async Task TalkAsync(WebSocketSession session)
    {
        await session.SendAsync("hello");
        Assert.Equal("hello", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync()).ReadText());
    }

    private static async Task TalkAsync<TSession>(Task<TSession> opening)
        where TSession : WebSocketSession
    {
        await using TSession session = await opening.Soon();
        await TalkAsync(session).Soon();
        Assert.True((await session.CloseAsync().Soon()).WasClean);
    }
}
