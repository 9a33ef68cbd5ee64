using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>An attempt that wants a connection of its own gets one, as a server counts them.</summary>
public sealed class NewConnectionTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _connections = [];
    private readonly ConcurrentQueue<string?> _cookies = [];
    private readonly TaskCompletionSource _allClosed = new();
    private WebApplication? _server;
    private int _open; // by interlocked operations

    private int Connections => _connections.Distinct().Count();

    public async ValueTask InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, Count);
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                Count(listen);
            });
        });
        _server = builder.Build();
        _server.UseWebSockets();
        _server.Run(async context =>
        {
            _connections.Enqueue(context.Connection.Id);
            _cookies.Enqueue(context.Request.Headers.Cookie);
            context.Response.Cookies.Append("seen", "yes");
            if (context.Request.Path != "/open")
            {
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                await context.Response.StartAsync();
                await context.Response.WriteAsync("busy, ");
                await context.Response.Body.FlushAsync();
                await context.Response.WriteAsync("come again");
                return;
            }

            using System.Net.WebSockets.WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            byte[] buffer = new byte[100];
            System.Net.WebSockets.ValueWebSocketReceiveResult received;
            while ((received = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted)).MessageType != System.Net.WebSockets.WebSocketMessageType.Close)
                await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
            await socket.CloseOutputAsync(System.Net.WebSockets.WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
        });
        await _server.StartAsync();
    }

    public async ValueTask DisposeAsync() => await _server!.DisposeAsync();

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 3)]
    public async Task Three_refused_handshakes_travel_over_three_connections_if_they_want_to(bool wantsNew, int connections)
    {
        using var client = new HttpClient(new WebSocketsHandler());

        for (int i = 0; i < 3; i++)
            await RefusedAsync(client, "ws", wantsNew);

        Assert.Equal(connections, Connections);
        if (wantsNew)
            await Patience.Until(() => Volatile.Read(ref _open) == 0);
        Assert.Equal([false, true, true], _cookies.Select(cookie => cookie is { Length: > 0 }));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 3)]
    public async Task The_same_is_so_over_HTTP_2(bool wantsNew, int connections)
    {
        using var client = new HttpClient(new WebSocketsHandler()) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

        for (int i = 0; i < 3; i++)
            await RefusedAsync(client, "h2c", wantsNew);

        Assert.Equal(connections, Connections);
        if (wantsNew)
            await Patience.Until(() => Volatile.Read(ref _open) == 0);
    }

    [Theory]
    [InlineData("ws")]
    [InlineData("h2c")]
    public async Task Sessions_on_connections_of_their_own_work_side_by_side(string endpoint)
    {
        using var client = new HttpClient(new WebSocketsHandler()) { DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        if (endpoint == "h2c")
            client.DefaultRequestVersion = HttpVersion.Version20;
        var sessions = new List<DefaultClientWebSocketSession>();
        for (int i = 0; i < 3; i++)
            sessions.Add(await client.WebSocketSessionAsync(Uri(endpoint, "/open"), request => request.WantsNewConnection = true).Soon());

        for (int round = 0; round < 3; round++)
        {
            foreach (DefaultClientWebSocketSession session in sessions)
            {
                await session.SendTextAsync("hello").Soon();
                Assert.Equal("hello", await session.ReceiveTextAsync().Soon());
            }
        }

        foreach (DefaultClientWebSocketSession session in sessions)
        {
            await session.CloseAsync().Soon();
            Assert.True((await session.Completion.Soon()).WasClean);
            await session.DisposeAsync();
        }

        Assert.Equal(3, Connections);
        await _allClosed.Task.Soon(); // though the client lives; over HTTP/2 after a second
    }

    [Fact]
    public async Task With_a_handler_of_the_callers_nothing_changes()
    {
        using var client = new HttpClient(new WebSocketsHandler(new SocketsHttpHandler { AllowAutoRedirect = false }));

        for (int i = 0; i < 3; i++)
            await RefusedAsync(client, "ws", wantsNew: true);

        Assert.Equal(1, Connections);
    }

    [Fact]
    public async Task A_client_that_is_disposed_opens_none()
    {
        var client = new HttpClient(new WebSocketsHandler());
        await RefusedAsync(client, "ws", wantsNew: true);
        client.Dispose();

        WebSocketHandshakeException error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync(Uri("ws", "/open"), request => request.WantsNewConnection = true).Soon());

        Assert.Equal(HandshakeCheck.Disposed, error.Check);
    }

    private void Count(ListenOptions listen) => listen.Use(next => async connection =>
    {
        Interlocked.Increment(ref _open);
        try
        {
            await next(connection);
        }
        finally
        {
            if (Interlocked.Decrement(ref _open) == 0)
                _allClosed.TrySetResult();
        }
    });

    private async Task RefusedAsync(HttpClient client, string endpoint, bool wantsNew)
    {
        WebSocketHandshakeException error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync(Uri(endpoint, "/refused"), request => request.WantsNewConnection = wantsNew).Soon());
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "busy, come again"), (error.StatusCode, error.BodyPreview));
    }

    private Uri Uri(string endpoint, string path)
    {
        string[] addresses = [.. _server!.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
        return new UriBuilder(addresses[endpoint == "ws" ? 0 : 1]) { Scheme = "ws", Path = path }.Uri;
    }
}
