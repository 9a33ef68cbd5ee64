using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Duplex.Ktor;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>What Ktor's own tests say of opening a session, asked of ours.</summary>
public sealed class OpeningTests(KestrelServer kestrel) : IClassFixture<KestrelServer>
{
    [Fact]
    [KtorParity("opening/plugin-not-installed", "test-opening/WebSocketTest.testExceptionIfWebsocketIsNotInstalled")]
    [KtorParity("test-opening/BuildersTest.testResolvingWsFunction")]
    public async Task Without_the_plugin_every_call_names_it_and_sends_nothing()
    {
        using var server = new RawServer();
        using var client = new HttpClient();

        Func<Task>[] calls =
        [
            () => client.WebSocketSessionAsync(server.Uri),
            () => client.WebSocketAsync(server.Uri, _ => Task.CompletedTask),
            () => client.WsAsync("http://localhost", _ => Task.CompletedTask),
            () => client.WssAsync("https://localhost", _ => Task.CompletedTask),
            () => client.WebSocketRawSessionAsync(server.Uri),
            () => client.WebSocketRawAsync(server.Uri, _ => Task.CompletedTask),
        ];
        foreach (Func<Task> call in calls)
            Assert.Contains(nameof(WebSocketsHandler), (await Assert.ThrowsAsync<InvalidOperationException>(() => call().Soon())).Message, StringComparison.Ordinal);

        Assert.False(server.IsAsked);
    }

    [Fact]
    [KtorParity("test-opening/WebSocketTest.testWebsocketRequiringSubProtocolWithSubProtocol")]
    [KtorParity("test-opening/WebSocketTest.testResponseContainsSecWebsocketProtocolHeader")]
    [KtorParity("weakness/15-a-low-level-API-only")]
    public async Task A_subprotocol_header_set_by_hand_reaches_a_server_that_insists_on_it_and_its_choice_is_told()
    {
        using HttpClient client = Clients.Create();

        await client.WebSocketAsync(
            new Uri(kestrel["ws"], "/subprotocol"),
            async session =>
            {
                Assert.Equal("echo.v1", session.Call.Subprotocol);
                Assert.Equal(["echo.v1"], session.Call.Response!.Headers.GetValues("Sec-WebSocket-Protocol"));
                await session.SendAsync("a");
                Assert.Equal("a", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync()).ReadText());
            },
            request => request.Headers.Add("Sec-WebSocket-Protocol", "echo.v1")).Soon();
    }

    [Fact]
    [KtorParity("test-opening/WebSocketTest.testWebsocketRequiringSubProtocolWithoutSubProtocol")]
    public async Task Without_a_subprotocol_a_server_that_insists_on_one_refuses()
    {
        using HttpClient client = Clients.Create();

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketAsync(new Uri(kestrel["ws"], "/subprotocol"), _ => Task.CompletedTask).Soon());

        Assert.Equal((HandshakeCheck.Status, HttpStatusCode.BadRequest), (error.Check, error.StatusCode));
    }

    [Theory]
    [InlineData("/nothing", HttpStatusCode.NotFound)]
    [InlineData("/broken", HttpStatusCode.InternalServerError)]
    [InlineData("/plain", HttpStatusCode.OK)]
    [KtorParity("test-opening/WebSocketRemoteTest.testNotFound")]
    [KtorParity("test-opening/CIOEngineTest.testErrorMessageWhenServerDontRespondWithUpgrade")]
    [KtorParity("test-opening/TestApplicationTestJvm.testWebSocketWithError")]
    public async Task A_route_that_does_not_upgrade_is_a_refusal_with_its_status(string path, HttpStatusCode status)
    {
        using HttpClient client = Clients.Create();

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync(new Uri(kestrel["ws"], path)).Soon());

        Assert.Equal((HandshakeCheck.Status, status), (error.Check, error.StatusCode));
        Assert.Contains($"{(int)status}", error.Message, StringComparison.Ordinal);
        Assert.Contains("101", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [KtorParity("test-opening/WebSocketTest.testWebsocketSessionWithError")]
    public async Task A_name_that_cannot_be_resolved_fails_and_does_not_hang()
    {
        using SocketsHttpHandler handler = LoopbackCertificate.CreateHandler();
        handler.ConnectCallback = (_, _) => throw new SocketException((int)SocketError.HostNotFound);
        using var client = new HttpClient(new WebSocketsHandler(handler));

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WssSessionAsync("wss://no-such-host.test/").Soon());

        Assert.Equal(HandshakeCheck.Transport, error.Check);
        Assert.IsType<HttpRequestException>(error.InnerException);
    }

    [Fact]
    [KtorParity("test-opening/CIOWebSocketTestJvm.testNonWebsocketRouteDoNotLeakOnWsRequest")]
    public async Task Two_hundred_refused_handshakes_leave_no_connection_but_the_pools_own()
    {
        var open = new ConcurrentDictionary<Stream, bool>();
        using SocketsHttpHandler handler = LoopbackCertificate.CreateHandler();
        handler.ConnectCallback = async (context, token) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(context.DnsEndPoint, token);
            var stream = new CountedStream(socket, open);
            open[stream] = true;
            return stream;
        };
        using var client = new HttpClient(new WebSocketsHandler(handler));

        for (int i = 0; i < 200; i++)
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync(new Uri(kestrel["ws"], "/plain")).Soon());

        Assert.InRange(open.Count, 0, 1);
    }

    [Fact]
    [KtorParity("test-plugins/WebSocketTest.testAuthenticationWithValidInitialToken")]
    public async Task A_token_that_is_known_goes_along()
    {
        using HttpClient client = Clients.Create();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "good");

        await EchoesAsync(client);
    }

    [Fact]
    [KtorParity("test-plugins/WebSocketTest.testAuthenticationWithValidRefreshToken")]
    public async Task A_handler_that_refreshes_a_refused_token_opens_the_session()
    {
        int attempts = 0;
        using var client = new HttpClient(new TokenHandler("old", () =>
        {
            attempts++;
            return "good";
        }));

        await EchoesAsync(client);
        Assert.Equal(1, attempts);
    }

    [Fact]
    [KtorParity("test-plugins/WebSocketTest.testAuthenticationWithInvalidToken")]
    public async Task A_token_that_is_refused_after_its_refresh_is_a_refusal()
    {
        using var client = new HttpClient(new TokenHandler("old", () => "still old"));

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync(new Uri(kestrel["ws"], "/secure")).Soon());

        Assert.Equal(HttpStatusCode.Unauthorized, error.StatusCode);
    }

    [Fact]
    [KtorParity("test-data/WebSocketRemoteTest.testWithLogging")]
    public async Task Logging_everything_over_tls_changes_nothing_and_tells_no_payload()
    {
        var lines = new ConcurrentQueue<string>();
        using ILoggerFactory loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Trace).AddProvider(new QueueLogger(lines)));
        using HttpClient client = Clients.Create(ws => ws.LoggerFactory = loggers);

        await client.WssAsync(new Uri(kestrel["wss"], "/echo?token=secret"), async session =>
        {
            await session.SendAsync("payload");
            Assert.Equal("payload", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync()).ReadText());
        }).Soon();

        Assert.NotEmpty(lines);
        Assert.DoesNotContain(lines, line => line.Contains("payload", StringComparison.Ordinal) || line.Contains("secret", StringComparison.Ordinal));
    }

    private async Task EchoesAsync(HttpClient client) =>
        await client.WebSocketAsync(new Uri(kestrel["ws"], "/secure"), async session =>
        {
            await session.SendAsync("a");
            Assert.Equal("a", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync()).ReadText());
        }).Soon();

    // As an authentication handler of a user's: it sees a refused handshake as any other answer.
    private sealed class TokenHandler(string token, Func<string> refresh) : DelegatingHandler(new WebSocketsHandler(LoopbackCertificate.CreateHandler()))
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            if (response.StatusCode != HttpStatusCode.Unauthorized)
                return response;
            response.Dispose();
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", refresh());
            return await base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class CountedStream(Socket socket, ConcurrentDictionary<Stream, bool> open) : NetworkStream(socket, ownsSocket: true)
    {
        protected override void Dispose(bool disposing)
        {
            open.TryRemove(this, out _);
            base.Dispose(disposing);
        }
    }

    private sealed class QueueLogger(ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
