using System.Net;

namespace Duplex.Tests;

public sealed class ConnectionScriptTests
{
    [Fact]
    public async Task Steps_run_one_after_the_other()
    {
        await using var server = new WebSocketTestServer();
        server.NextConnection()
            .Expect(frame => frame.Data.Length == 2)
            .Reply(text => $"got {text}")
            .Send(new byte[] { 1, 2, 3 })
            .Run(async (session, token) => await session.SendAsync("from code", token))
            .Expect("end")
            .ExpectClose((CloseCode)4001);
        using HttpClient client = server.CreateClient();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");

        await session.SendAsync("ab");
        Assert.Equal("got ab", await session.ReceiveTextAsync());
        Assert.Equal(3, (await session.ReceiveAsync())!.Data.Length);
        Assert.Equal("from code", await session.ReceiveTextAsync());
        await session.SendAsync("end");
        await session.CloseAsync((CloseCode)4001);
        await server.VerifyAsync();
    }

    [Theory, InlineData(false, 4002, "4002"), InlineData(true, 0, "\"late\"")]
    public async Task Another_close_or_a_message_instead_fails(bool sends, int code, string seen)
    {
        await using var server = new WebSocketTestServer();
        server.NextConnection().ExpectClose((CloseCode)4001);
        using HttpClient client = server.CreateClient();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");
        if (sends)
            await session.SendAsync("late");
        else
            await session.CloseAsync((CloseCode)code);

        var error = await Assert.ThrowsAsync<WebSocketTestException>(() => server.VerifyAsync());
        Assert.Contains($"received {seen}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_raw_script_receives_the_close_as_a_frame()
    {
        await using var server = new WebSocketTestServer();
        server.NextConnection().RunRaw(async (session, token) => await session.SendAsync("hi", token)).ExpectClose(CloseCode.GoingAway).Close(CloseCode.GoingAway);
        using HttpClient client = server.CreateClient();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");
        Assert.Equal("hi", await session.ReceiveTextAsync());

        Assert.True((await session.CloseAsync(CloseCode.GoingAway).Soon()).WasClean);
        await server.VerifyAsync();
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        var script = new WebSocketTestServer().NextConnection();
        Assert.Throws<ArgumentNullException>(() => script.Expect((string)null!));
        Assert.Throws<ArgumentNullException>(() => script.Run(null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => script.Wait(TimeSpan.FromSeconds(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => script.DelayHandshake(TimeSpan.FromSeconds(-1)));
        Assert.Throws<ArgumentNullException>(() => script.Refuse(HttpStatusCode.Forbidden, null!));
        script.Run((_, _) => Task.CompletedTask);
        Assert.Throws<InvalidOperationException>(() => script.RunRaw((_, _) => Task.CompletedTask));
    }
}
