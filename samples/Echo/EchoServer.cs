using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Echo;

/// <summary>A WebSocket echo server on a free loopback port.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private EchoServer(WebApplication app) => _app = app;

    public Uri Uri => new(_app.Urls.First().Replace("http", "ws", StringComparison.Ordinal) + "/websocket");

    public static async Task<EchoServer> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        WebApplication app = builder.Build();
        app.UseWebSockets();
        app.Map("/websocket", EchoAsync);
        await app.StartAsync();
        return new EchoServer(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task EchoAsync(HttpContext context)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
            if (received.MessageType == WebSocketMessageType.Close)
                break;
            await socket.SendAsync(
                buffer.AsMemory(0, received.Count),
                received.MessageType,
                received.EndOfMessage,
                context.RequestAborted);
        }

        await socket.CloseOutputAsync(
            socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure,
            socket.CloseStatusDescription,
            context.RequestAborted);
    }
}
