using System.Net;

namespace Duplex.Tests;

public sealed class ClientWebSocketSessionTests
{
    [Fact]
    public async Task It_has_the_call_that_opened_it_and_the_plugins_settings()
    {
        var peer = new ScriptedPeer(WebSocketRole.Server);
        using var client = new HttpClient(new WebSocketsHandler(
            new FakePrimaryHandler(request => FakePrimaryHandler.Upgrade(request, peer)), options => (options.MaxFrameSize, options.PingInterval) = (1234, Timeout.InfiniteTimeSpan)));

        ClientWebSocketSession session = await client.WebSocketRawSessionAsync("http://host.test/path").Soon();

        Assert.Equal("ws://host.test/path", session.Call.Request.Uri.AbsoluteUri);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, session.Call.Response!.StatusCode);
        Assert.Null(session.Call.Subprotocol);
        Assert.Equal(1234, session.MaxFrameSize);
        Assert.True(session.Masking);
        Assert.Equal(WebSocketSessionState.Open, session.State);
        session.Abort();
        await session.DisposeAsync().Soon();
    }

    [Fact]
    public async Task Its_end_releases_the_response_that_brought_the_connection()
    {
        var peer = new ScriptedPeer(WebSocketRole.Server);
        HttpResponseMessage? response = null;
        using var client = new HttpClient(new WebSocketsHandler(new FakePrimaryHandler(request => response = FakePrimaryHandler.Upgrade(request, peer))));
        ClientWebSocketSession session = await client.WebSocketRawSessionAsync("ws://host.test/path").Soon();
        Assert.False(((ConnectionContent)response!.Content).IsDisposed);

        session.Abort();
        await session.Completion.Soon();

        Assert.True(((ConnectionContent)response.Content).IsDisposed);
    }
}
