namespace Duplex.Tests;

public sealed class HttpEngineTests
{
    [Fact]
    public async Task It_asks_the_handlers_below_for_an_upgrade_and_offers_what_the_options_say()
    {
        var primary = new FakePrimaryHandler();
        using var client = new HttpClient(new WebSocketsHandler(primary, ws => ws.Subprotocols.Add("a")));

        (UpgradedConnection connection, _) = await HandshakeClient.ConnectAsync(client, new Uri("ws://host.test/"), null, CancellationToken.None).Soon();

        Assert.Same(WebSocketEngines.Http, connection.Call.Engine);
        Assert.Equal("a", FakePrimaryHandler.Value(primary.Request, "Sec-WebSocket-Protocol"));
        connection.Owner.Dispose();
    }
}
