using System.Net;

namespace Duplex.Tests;

/// <summary>Sessions through a real proxy, and the errors where it refuses.</summary>
public sealed class TinyProxyTests(KestrelServer kestrel) : IClassFixture<KestrelServer>
{
    // No process listens there without being root.
    private const int DeadPort = 1;

    [Theory, InlineData("ws"), InlineData("wss")]
    public async Task With_credentials_a_session_opens_through_the_tunnel(string scheme)
    {
        using TinyProxy proxy = await TinyProxy.StartAsync(kestrel[scheme].Port);
        using HttpClient client = Clients.Through(proxy.Uri, credentials: TinyProxy.Credentials);

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(kestrel[scheme], "echo")).Soon();
        await session.SendAsync("through");

        Assert.Equal("through", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync().Soon()).ReadText());
        await session.CloseAsync().Soon();
    }

    [Theory, InlineData("ws"), InlineData("wss")]
    public async Task Without_credentials_the_proxy_refuses_and_they_are_asked_for(string scheme)
    {
        using TinyProxy proxy = await TinyProxy.StartAsync(kestrel[scheme].Port);

        WebSocketHandshakeException error = await Refusal.OpenAsync(Clients.Through(proxy.Uri), new Uri(kestrel[scheme], "echo"));

        Assert.Equal((HandshakeCheck.Proxy, HttpStatusCode.ProxyAuthenticationRequired), (error.Check, error.StatusCode));
        Assert.EndsWith(HandshakeRefusals.ProxyWantsCredentials.Cure, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_it_does_not_tunnel_to_is_forbidden()
    {
        using TinyProxy proxy = await TinyProxy.StartAsync(DeadPort);

        WebSocketHandshakeException error = await Refusal.OpenAsync(Clients.Through(proxy.Uri, credentials: TinyProxy.Credentials), new Uri(kestrel["ws"], "echo"));

        Assert.Equal((HandshakeCheck.Proxy, HttpStatusCode.Forbidden), (error.Check, error.StatusCode));
        Assert.EndsWith(HandshakeRefusals.ProxyForbids.Cure, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_it_cannot_reach_is_told_as_the_proxys_refusal()
    {
        using TinyProxy proxy = await TinyProxy.StartAsync(DeadPort);

        WebSocketHandshakeException error = await Refusal.OpenAsync(Clients.Through(proxy.Uri, credentials: TinyProxy.Credentials), new Uri($"ws://127.0.0.1:{DeadPort}/"));

        Assert.Equal(HandshakeCheck.Proxy, error.Check);
        Assert.StartsWith($"The proxy refused the tunnel to the server with {(int)error.StatusCode!} ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_servers_own_refusal_through_the_tunnel_is_the_servers()
    {
        using TinyProxy proxy = await TinyProxy.StartAsync(kestrel["ws"].Port);

        WebSocketHandshakeException error = await Refusal.OpenAsync(Clients.Through(proxy.Uri, credentials: TinyProxy.Credentials), new Uri(kestrel["ws"], "secure"));

        Assert.Equal((HandshakeCheck.Status, HttpStatusCode.Unauthorized), (error.Check, error.StatusCode));
    }
}
