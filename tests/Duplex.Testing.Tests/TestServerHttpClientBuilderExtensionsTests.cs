using Microsoft.Extensions.DependencyInjection;

namespace Duplex.Tests;

public sealed class TestServerHttpClientBuilderExtensionsTests
{
    [Fact]
    public async Task A_client_of_a_container_reaches_the_server_with_its_clock_and_keeps_its_options()
    {
        await using var server = new WebSocketTestServer { Subprotocols = { "v1" } };
        server.NextConnection().Send("hello");
        var services = new ServiceCollection();
        services.AddHttpClient("feed", client => client.BaseAddress = new Uri("https://example.test/"))
            .AddWebSockets(ws => ws.Subprotocols.Add("v1"))
            .UseTestServer(server)
            .AddWebSockets(ws => ws.TimeProvider = TimeProvider.System); // the server's clock wins
        await using ServiceProvider provider = services.BuildServiceProvider();
        HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("feed");

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("ticks");

        Assert.Equal("hello", await session.ReceiveTextAsync());
        Assert.Equal("v1", session.Subprotocol);
        Assert.Equal(Timeout.InfiniteTimeSpan, client.Timeout);
        Assert.Equal("/ticks", server.Connections[0].Request.Uri.AbsolutePath);
        await server.Time.AdvanceAsync(TimeSpan.FromMinutes(5)); // it would refuse another clock
        Assert.Contains(server.Connections[0].ControlFrames, frame => frame.Type == FrameType.Ping);
    }

    [Fact]
    public void Missing_arguments_are_refused()
    {
        Assert.Throws<ArgumentNullException>(() => TestServerHttpClientBuilderExtensions.UseTestServer(null!, null!));
        Assert.Throws<ArgumentNullException>(() => new ServiceCollection().AddHttpClient("x").UseTestServer(null!));
    }
}
