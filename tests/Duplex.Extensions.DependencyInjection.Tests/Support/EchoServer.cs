using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>
/// Kestrel on loopback. <c>/echo</c> is a WebSocket that accepts the first subprotocol; <c>/moved</c> redirects to
/// <c>/here</c>. The first requests can be refused.
/// </summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _refusals;

    private EchoServer(WebApplication app, int refusals)
    {
        _app = app;
        _refusals = refusals;
    }

    /// <summary>http://127.0.0.1:port.</summary>
    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>The headers of each request.</summary>
    public ConcurrentQueue<HeaderDictionary> Requests { get; } = [];

    /// <param name="refusals">How many requests are answered with 503 first.</param>
    /// <param name="path">That of a Unix socket to listen at; null for loopback.</param>
    public static async Task<EchoServer> StartAsync(int refusals = 0, string? path = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            if (path is null)
                kestrel.Listen(IPAddress.Loopback, 0);
            else
                kestrel.ListenUnixSocket(path);
        });
        WebApplication app = builder.Build();
        var server = new EchoServer(app, refusals);
        app.Use(server.RecordAsync);
        app.UseWebSockets();
        app.Map("/echo", EchoAsync);
        app.MapGet("/moved", () => Results.Redirect("/here"));
        app.MapGet("/here", () => "here");
        await app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private Task RecordAsync(HttpContext context, RequestDelegate next)
    {
        var headers = new HeaderDictionary();
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in context.Request.Headers)
            headers[name] = values;
        Requests.Enqueue(headers);
        if (Interlocked.Decrement(ref _refusals) < 0)
            return next(context);
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return Task.CompletedTask;
    }

    private static async Task EchoAsync(HttpContext context)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault());
        byte[] buffer = new byte[1024];
        try
        {
            while (true)
            {
                WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, context.RequestAborted);
                if (received.MessageType == WebSocketMessageType.Close)
                    break;
                await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
            }

            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
        }
        catch (Exception e) when (e is System.Net.WebSockets.WebSocketException or OperationCanceledException)
        {
            // The client went away.
        }
    }
}
