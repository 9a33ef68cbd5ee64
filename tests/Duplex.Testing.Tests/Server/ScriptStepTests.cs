namespace Duplex.Tests;

public sealed class ScriptStepTests
{
    [Fact]
    public async Task An_expectation_keeps_what_it_received_and_says_what_did_not_fit()
    {
        var link = new MemoryLink();
        await using DefaultWebSocketSession client = WebSocketSessions.Create(link.Client, WebSocketRole.Client);
        await using DefaultWebSocketSession server = WebSocketSessions.Create(link.Server, WebSocketRole.Server);
        var stage = new ScriptStep.Stage(null!, server, TimeProvider.System);
        await client.SendAsync("a");
        await client.SendAsync("b");
        await client.SendAsync("c");

        await stage.ExpectAsync(frame => frame is Frame.Text("a"), default).Soon();
        Assert.Equal("a", Assert.IsType<Frame.Text>(stage.Last).ReadText());
        Assert.Equal("received \"b\" instead", (await Assert.ThrowsAsync<WebSocketTestException>(() => stage.ExpectAsync(_ => false, default))).Message);
        Assert.Equal("received \"c\" instead", (await Assert.ThrowsAsync<WebSocketTestException>(() => stage.ExpectCloseAsync(null, default))).Message);
        Task<CloseResult> closing = client.CloseAsync(CloseCode.GoingAway);
        await stage.ExpectCloseAsync(CloseCode.GoingAway, default).Soon();
        await closing.Soon();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => stage.ExpectAsync(_ => true, default));
    }
}
