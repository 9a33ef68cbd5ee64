using System.Net;
using System.Runtime.CompilerServices;

namespace Duplex.Tests;

public sealed class DefaultClientWebSocketSessionTests(KestrelServer server) : IClassFixture<KestrelServer>
{
    [Fact]
    [KtorParity("client-session/DefaultClientWebSocketSession-call-delegate")]
    public async Task Its_call_tells_of_the_handshake()
    {
        using HttpClient client = Clients.Create();

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server["http"], "/echo?x=1"), request =>
        {
            request.Headers.Add("X-Test", "1");
            request.Subprotocols.Add("b");
            request.Subprotocols.Add("a");
        }).Soon();

        Assert.Equal(new Uri(server["ws"], "/echo"), session.Call.Request.Uri);
        Assert.Equal(["X-Test"], session.Call.Request.HeaderNames);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, session.Call.Response!.StatusCode);
        Assert.Equal(HttpVersion.Version11, session.Call.Response.Version);
        Assert.Contains("websocket", session.Call.Response.Headers.GetValues("Upgrade"), StringComparer.OrdinalIgnoreCase);
        Assert.Equal("b", session.Call.Subprotocol);
        Assert.True(session.Masking);
        Assert.Equal(WebSocketSessionState.Open, session.State);
    }

    [Fact]
    public async Task It_keeps_neither_the_callers_request_nor_what_was_sent_in_headers_and_options()
    {
        using var below = new Watching();
        using var client = new HttpClient(new WebSocketsHandler(below));

        (DefaultClientWebSocketSession session, WeakReference asked) = await OpenAsync(client);
        await using (session)
        {
            HttpRequestMessage sent = Assert.Single(below.Sent); // which the platform keeps with the connection
            Assert.Empty(sent.Headers);
            Assert.Empty(sent.Options);
            await Patience.Until(() =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return !asked.IsAlive;
            });
        }
    }

    [Fact]
    [KtorParity("options/maxFrameSize", "test-life/WebSocketTest.testAsDefault-core")]
    public async Task It_has_what_the_options_say()
    {
        using HttpClient client = Clients.Create(ws =>
        {
            ws.PingInterval = TimeSpan.FromMinutes(3);
            ws.PingTimeout = Timeout.InfiniteTimeSpan;
            ws.MaxFrameSize = 10;
        });

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server["ws"], "/echo")).Soon();
        Assert.Equal(TimeSpan.FromMinutes(3), session.PingInterval);
        Assert.Equal(Timeout.InfiniteTimeSpan, session.PingTimeout);
        await session.SendAsync(new byte[11]);

        FrameTooBigException error = await Assert.ThrowsAsync<FrameTooBigException>(() => session.Incoming.ReadAsync().AsTask().Soon());
        Assert.Equal(10, error.Limit);
        Assert.Equal(11, error.Size);
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // its frame would keep the request alive
    private async Task<(DefaultClientWebSocketSession, WeakReference)> OpenAsync(HttpClient client)
    {
        WebSocketRequest? asked = null;
        DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server["ws"], "/echo"), request =>
        {
            asked = request;
            request.Headers.Add("X-Test", "1");
            request.Options.Set(new HttpRequestOptionsKey<string>("test"), "1");
        }).Soon();
        return (session, new WeakReference(asked));
    }

    private sealed class Watching() : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false })
    {
        public List<HttpRequestMessage> Sent { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Sent.Add(request);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
