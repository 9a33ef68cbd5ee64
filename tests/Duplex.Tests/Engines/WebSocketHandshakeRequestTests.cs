using System.Runtime.CompilerServices;

namespace Duplex.Tests;

public sealed class WebSocketHandshakeRequestTests
{
    private const string Secret = "canary-of-the-request";

    private readonly WebSocketRequest _request = new() { ReceiveMode = ReceiveMode.Streams };

    public WebSocketHandshakeRequestTests()
    {
        _request.Headers.Add("Authorization", Secret);
        _request.Headers.Add("X-Name", Secret);
        _request.Subprotocols.Add("a");
    }

    [Fact]
    public void It_has_what_was_asked_for_and_only_the_names_of_headers()
    {
        var snapshot = new WebSocketHandshakeRequest(
            new Uri($"wss://host.test/path?token={Secret}"), _request, _request.Subprotocols, _request.Headers);

        Assert.Equal(["Authorization", "X-Name"], snapshot.HeaderNames);
        Assert.Equal(["a"], snapshot.Subprotocols);
        Assert.Equal((ReceiveMode.Streams, _request.Version), (snapshot.ReceiveMode, snapshot.Version));
        Assert.Equal(_request.VersionPolicy, snapshot.VersionPolicy);
    }

    [Theory]
    [InlineData("wss://host.test/path?token=" + Secret, "wss://host.test/path")]
    [InlineData("wss://" + Secret + ":" + Secret + "@host.test:8443/a%20b/?" + Secret, "wss://host.test:8443/a%20b/")]
    [InlineData("ws://[fe80::1%25eth0]:81?" + Secret, "ws://[fe80::1]:81/")]
    public void Its_address_has_neither_query_nor_user_info(string url, string kept)
    {
        var snapshot = new WebSocketHandshakeRequest(new Uri(url), _request, _request.Subprotocols, _request.Headers);

        Assert.Equal(kept, snapshot.Uri.AbsoluteUri);
        Assert.DoesNotContain(Secret, snapshot.Uri.OriginalString, StringComparison.Ordinal);
        Assert.Equal(kept, snapshot.ToString());
    }

    [Fact]
    public void A_later_change_of_the_request_does_not_reach_it()
    {
        var snapshot = new WebSocketHandshakeRequest(
            new Uri("wss://host.test/"), _request, _request.Subprotocols, _request.Headers);

        _request.Subprotocols.Add("b");
        _request.Headers.Add("X-Later", "1");
        _request.ReceiveMode = ReceiveMode.Messages;

        Assert.Equal(["a"], snapshot.Subprotocols);
        Assert.DoesNotContain("X-Later", snapshot.HeaderNames);
        Assert.Equal(ReceiveMode.Streams, snapshot.ReceiveMode);
    }

    [Fact]
    public async Task A_session_keeps_neither_the_request_nor_what_was_sent_alive()
    {
        var primary = new Forgetful();
        using var client = new HttpClient(new WebSocketsHandler(primary));

        (DefaultClientWebSocketSession session, WeakReference asked) = await OpenAsync(client);
        WeakReference[] requests = [asked, .. primary.Sent];
        await using (session)
        {
            for (int i = 0; i < 10 && requests.Any(request => request.IsAlive); i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            Assert.DoesNotContain(requests, request => request.IsAlive);
            Assert.Equal(["X-Name"], session.Call.Request.HeaderNames);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // its frame would keep the requests alive
    private static async Task<(DefaultClientWebSocketSession, WeakReference)> OpenAsync(HttpClient client)
    {
        WebSocketRequest? asked = null;
        DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("ws://host.test/", request =>
        {
            asked = request;
            request.Headers.Add("X-Name", Secret);
            request.Options.Set(new HttpRequestOptionsKey<string>("test"), Secret);
        });
        return (session, new WeakReference(asked));
    }

    private sealed class Forgetful : HttpMessageHandler
    {
        public List<WeakReference> Sent { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Sent.AddRange([new(request), new(request.Headers), new(request.Options)]);
            return Task.FromResult(FakePrimaryHandler.Upgrade(request));
        }
    }
}
