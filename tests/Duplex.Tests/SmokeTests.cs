using System.Net;
using System.Net.Sockets;
namespace Duplex.Tests;
public class SmokeTests
{
    [Fact]
    public async Task Two_sessions_talk()
    {
        using var l = new TcpListener(IPAddress.Loopback, 0); l.Start();
        var c = new TcpClient(); await c.ConnectAsync((IPEndPoint)l.LocalEndpoint, TestContext.Current.CancellationToken);
        var s = await l.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await using var client = DefaultWebSocketSession.Over(c.GetStream(), c, new SessionSettings());
        await using var server = DefaultWebSocketSession.Over(s.GetStream(), s, new SessionSettings { Connection = new() { Role = WebSocketRole.Server } });
        var echo = Task.Run(async () => { await foreach (var f in server.Incoming) await server.SendAsync(f); });
        await client.SendAsync("hello");
        var got = (Frame.Text)await client.Incoming.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal("hello", got.ReadText());
        byte[] big = new byte[5_000_000]; Random.Shared.NextBytes(big);
        await client.SendAsync(big);
        var b = (Frame.Binary)await client.Incoming.ReadAsync(TestContext.Current.CancellationToken);
        Assert.True(b.Data.Span.SequenceEqual(big));
        var rtt = await client.PingAsync(TestContext.Current.CancellationToken);
        Assert.True(rtt > TimeSpan.Zero);
        for (int i = 0; i < 100000; i++) _ = client.SendAsync(new byte[20]);
        for (int i = 0; i < 100000; i++) (await client.Incoming.ReadAsync(TestContext.Current.CancellationToken)).Recycle();
        var r = await client.CloseAsync(cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(r.WasClean, r.ToString());
        await echo;
        Assert.Equal(WebSocketSessionState.Ended, (await client.Completion) is { } ? client.State : default);
    }
}
