using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Duplex.Feeds;

/// <summary>
/// The server of all clients: Kestrel on a free port of the loopback. <c>/feed</c> is a plain WebSocket, where a client
/// sends <c>from N</c> and <c>message N</c>; <c>/hub</c> is the same as a SignalR hub. Each client has its name in the
/// query.
/// </summary>
internal sealed class FeedServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<FeedPeer, bool> _peers = [];
    private readonly ConcurrentDictionary<string, Arrivals> _arrivals = [];

    private FeedServer()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton(this);
        builder.Services.AddSignalR(hub =>
        {
            hub.KeepAliveInterval = ClientSettings.Silence / 3; // the documentation asks for at most half
            hub.StatefulReconnectBufferSize = ClientSettings.Unconfirmed;
        });
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Map("/feed", ServeAsync);
        _app.MapHub<FeedHub>("/hub", hub => hub.AllowStatefulReconnects = true); // if the client asks for it
    }

    public FeedLog Log { get; } = new();

    public int Port => new Uri(_app.Urls.Single()).Port;

    public static async Task<FeedServer> StartAsync()
    {
        var server = new FeedServer();
        await server._app.StartAsync();
        return server;
    }

    /// <summary>What arrived from a client.</summary>
    public Arrivals ArrivalsOf(string client) => _arrivals.GetOrAdd(client, _ => new Arrivals());

    /// <summary>Closes the connections of a client.</summary>
    public Task RestartAsync(string client, int code) =>
        Task.WhenAll(_peers.Keys.Where(peer => peer.Client == client).Select(async peer =>
        {
            try
            {
                await peer.CloseAsync(code);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or WebSocketException)
            {
                // It ended by itself.
            }
        }));

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1)); // connections that hang are aborted
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
    }

    public void Add(FeedPeer peer) => _peers[peer] = true;

    public void Remove(FeedPeer peer)
    {
        _peers.TryRemove(peer, out _);
        peer.End();
    }

    public static string NameOf(HttpContext context) => context.Request.Query["client"].ToString();

    private async Task ServeAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        var peer = new WebSocketPeer(this, NameOf(context), socket);
        Add(peer);
        try
        {
            await peer.ReceiveAsync();
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The connection was lost.
        }
        finally
        {
            Remove(peer);
        }
    }
}
