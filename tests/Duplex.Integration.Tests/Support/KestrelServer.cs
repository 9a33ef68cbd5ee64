using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>Real Kestrel on loopback, plain and TLS, shared by all tests that want an honest peer.</summary>
public sealed class KestrelServer : IAsyncLifetime
{
    private static readonly string[] Endpoints = ["ws", "wss", "h2c", "wss over 1.1"];
    private WebApplication? _app;

    /// <summary>How the sessions at <c>/watched?name=</c> have ended: "lost" or "closed".</summary>
    public ConcurrentDictionary<string, string> Ends { get; } = [];

    /// <summary>"ws" speaks HTTP/1.1, "h2c" HTTP/2 only, both without TLS; "wss" speaks both, "wss over 1.1" does not.</summary>
    public Uri this[string endpoint]
    {
        get
        {
            if (endpoint is "http" or "https")
                return new UriBuilder(this[endpoint.Replace("http", "ws", StringComparison.Ordinal)]) { Scheme = endpoint }.Uri;
            string[] addresses = [.. _app!.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
            return new Uri(addresses[Array.IndexOf(Endpoints, endpoint)].Replace("http", "ws", StringComparison.Ordinal));
        }
    }

    /// <summary>The endpoint that speaks the transport's version of HTTP.</summary>
    internal Uri this[Transport transport] => this[transport switch { Transport.Tcp => "ws", Transport.Tls => "wss over 1.1", Transport.H2c => "h2c", _ => "wss" }];

    public async ValueTask InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(LoopbackCertificate.Instance));
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.UseHttps(LoopbackCertificate.Instance);
            });
        });
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Map("/echo", context => ServeAsync(context, EchoAsync));
        _app.Map("/watched", context => ServeAsync(context, async (watched, socket) =>
        {
            try
            {
                await socket.ReceiveAsync(new byte[16].AsMemory(), watched.RequestAborted);
            }
            finally
            {
                Ends[watched.Request.Query["name"]!] = socket.CloseStatus is null ? "lost" : "closed";
            }
        }));
        _app.Map("/reset", async context => // resets the HTTP/2 stream with INTERNAL_ERROR when a message has come
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.ReceiveAsync(new byte[16].AsMemory(), context.RequestAborted);
            context.Features.Get<IHttpResetFeature>()!.Reset(errorCode: 2);
        });
        _app.Map("/deflate", context => ServeAsync(context, EchoAsync, accept: Compressing));
        _app.Map("/greet", context => ServeAsync(context, GreetAsync));
        _app.Map("/flood", context => ServeAsync(context, FloodAsync));
        _app.Map("/subprotocol", context => ServeAsync(context, EchoAsync, asked => asked.WebSockets.WebSocketRequestedProtocols.Contains("echo.v1") ? null : StatusCodes.Status400BadRequest));
        _app.Map("/secure", context => ServeAsync(context, EchoAsync, asked => asked.Request.Headers.Authorization == "Bearer good" ? null : StatusCodes.Status401Unauthorized));
        _app.Map("/broken", void (HttpContext _) => throw new InvalidOperationException("The route is broken."));
        _app.MapGet("/plain", () => "just HTTP");
        await _app.StartAsync();
    }

    public ValueTask DisposeAsync() => _app!.DisposeAsync();

    // As the query says: ?alone if the server's messages shall stand alone, ?bits=9 for its window.
    private static WebSocketAcceptContext Compressing(HttpContext context) => new()
    {
        DangerousEnableCompression = true,
        DisableServerContextTakeover = context.Request.Query.ContainsKey("alone"),
        ServerMaxWindowBits = int.Parse(context.Request.Query["bits"].FirstOrDefault() ?? "15", System.Globalization.CultureInfo.InvariantCulture),
    };

    private static async Task ServeAsync(
        HttpContext context, Func<HttpContext, WebSocket, Task> serve, Func<HttpContext, int?>? refuse = null, Func<HttpContext, WebSocketAcceptContext>? accept = null)
    {
        if (!context.WebSockets.IsWebSocketRequest || refuse?.Invoke(context) is not null)
        {
            context.Response.StatusCode = refuse?.Invoke(context) ?? StatusCodes.Status400BadRequest;
            return;
        }

        WebSocketAcceptContext how = accept?.Invoke(context) ?? new WebSocketAcceptContext();
        how.SubProtocol = context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault();
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(how);
        try
        {
            await serve(context, socket);
        }
        catch (Exception e) when (e is WebSocketException or System.Net.WebSockets.WebSocketException or OperationCanceledException or IOException)
        {
            // The client went away, which is what some tests do.
        }
    }

    private static async Task EchoAsync(HttpContext context, WebSocket socket)
    {
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
            if (received.MessageType == WebSocketMessageType.Close)
                break;
            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
        }

        await socket.CloseOutputAsync(socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure, socket.CloseStatusDescription, context.RequestAborted);
    }

    // Sends small messages as fast as they are taken, until the client closes.
    private static async Task FloodAsync(HttpContext context, WebSocket socket)
    {
        byte[] message = new byte[64];
        byte[] buffer = new byte[1024];
        Task<WebSocketReceiveResult> closing = socket.ReceiveAsync(buffer, context.RequestAborted);
        while (!closing.IsCompleted)
            await socket.SendAsync(message, WebSocketMessageType.Binary, true, context.RequestAborted);
        await closing;
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
    }

    // Says at once how it was asked, then closes.
    private static async Task GreetAsync(HttpContext context, WebSocket socket)
    {
        string greeting = $"{context.Request.Headers.UserAgent}|{context.Request.Query["name"]}|{socket.SubProtocol}";
        await socket.SendAsync(System.Text.Encoding.UTF8.GetBytes(greeting), WebSocketMessageType.Text, true, context.RequestAborted);
        await socket.CloseAsync((WebSocketCloseStatus)4001, "greeted", context.RequestAborted);
    }
}
