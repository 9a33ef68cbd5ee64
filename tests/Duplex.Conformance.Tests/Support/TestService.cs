using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Duplex.Tests;

/// <summary>What every engine's peer does: written against ASP.NET's own sockets, which Kestrel and the test server share, and against nothing of ours.</summary>
internal static class TestService
{
    /// <summary>Serves the paths that the suite asks for.</summary>
    public static void Map(WebApplication app)
    {
        app.UseWebSockets();
        app.Map("/echo", context => ServeAsync(context, EchoAsync));
        app.Map("/greet", context => ServeAsync(context, GreetAsync));
        app.Map("/close", context => ServeAsync(context, CloseAsync));
        app.Map("/fragments", context => ServeAsync(context, FragmentsAsync));
        app.Map("/invalid-text", context => ServeAsync(context, InvalidTextAsync));
        app.Map("/flood", context => ServeAsync(context, FloodAsync));
        app.Map("/vanish", context => ServeAsync(context, VanishAsync));
        app.Map("/deaf", context => ServeAsync(context, DeafAsync));
        app.Map("/broken", void (HttpContext _) => throw new InvalidOperationException("The route is broken."));
        app.MapGet("/plain", () => "just HTTP");
    }

    private static async Task ServeAsync(HttpContext context, Func<HttpContext, WebSocket, Task> serve)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault());
        try
        {
            await serve(context, socket);
        }
        catch (Exception e) when (e is System.Net.WebSockets.WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
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

        // ASP.NET's socket would put 1005 on the wire, which is no code to send, so an empty Close is answered by 1000.
        WebSocketCloseStatus status = socket.CloseStatus is { } said and not WebSocketCloseStatus.Empty ? said : WebSocketCloseStatus.NormalClosure;
        await socket.CloseOutputAsync(status, socket.CloseStatusDescription, context.RequestAborted);
    }

    // Says how it was asked, then closes.
    private static async Task GreetAsync(HttpContext context, WebSocket socket)
    {
        string greeting = $"{context.Request.Headers["X-Default"]}|{context.Request.Headers["X-Handler"]}|{context.Request.Headers["X-Request"]}|{context.Request.Query["name"]}|{socket.SubProtocol}";
        await socket.SendAsync(Encoding.UTF8.GetBytes(greeting), WebSocketMessageType.Text, true, context.RequestAborted);
        await CloseAndWaitAsync(context, socket, (WebSocketCloseStatus)4001, "greeted");
    }

    private static Task CloseAsync(HttpContext context, WebSocket socket) =>
        CloseAndWaitAsync(context, socket, (WebSocketCloseStatus)int.Parse(context.Request.Query["code"]!, null), context.Request.Query["text"]);

    // Cuts a text inside characters, with an empty fragment between.
    private static async Task FragmentsAsync(HttpContext context, WebSocket socket)
    {
        byte[] text = Encoding.UTF8.GetBytes("grüße 😀");
        for (int i = 0; i < text.Length; i++)
            await socket.SendAsync(text.AsMemory(i, 1), WebSocketMessageType.Text, false, context.RequestAborted);
        await socket.SendAsync(ReadOnlyMemory<byte>.Empty, WebSocketMessageType.Text, false, context.RequestAborted);
        await socket.SendAsync(ReadOnlyMemory<byte>.Empty, WebSocketMessageType.Text, true, context.RequestAborted);
        await socket.SendAsync(ReadOnlyMemory<byte>.Empty, WebSocketMessageType.Binary, true, context.RequestAborted);
        await CloseAndWaitAsync(context, socket, WebSocketCloseStatus.NormalClosure, "");
    }

    private static async Task InvalidTextAsync(HttpContext context, WebSocket socket)
    {
        await socket.SendAsync(new byte[] { 0x61, 0xFF }, WebSocketMessageType.Text, true, context.RequestAborted);
        await DrainAsync(context, socket);
    }

    private static async Task FloodAsync(HttpContext context, WebSocket socket)
    {
        byte[] message = new byte[Flood.Size];
        for (int i = 0; i < Flood.Messages; i++)
        {
            BitConverter.TryWriteBytes(message, i);
            await socket.SendAsync(message, WebSocketMessageType.Binary, true, context.RequestAborted);
        }

        await CloseAndWaitAsync(context, socket, WebSocketCloseStatus.NormalClosure, "");
    }

    private static async Task VanishAsync(HttpContext context, WebSocket socket)
    {
        await socket.SendAsync("last words"u8.ToArray(), WebSocketMessageType.Text, true, context.RequestAborted);
        await socket.ReceiveAsync(new byte[16].AsMemory(), context.RequestAborted); // until the client has heard them
        context.Abort();
        socket.Abort();
    }

    // Says nothing, hears the Close and does not answer it, until the client is gone.
    private static async Task DeafAsync(HttpContext context, WebSocket socket)
    {
        var gone = new TaskCompletionSource();
        using (context.RequestAborted.Register(gone.SetResult))
            await gone.Task;
    }

    private static async Task CloseAndWaitAsync(HttpContext context, WebSocket socket, WebSocketCloseStatus status, string? text)
    {
        await socket.CloseOutputAsync(status, text, context.RequestAborted);
        await DrainAsync(context, socket);
    }

    private static async Task DrainAsync(HttpContext context, WebSocket socket)
    {
        byte[] buffer = new byte[1024];
        while ((await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted)).MessageType != WebSocketMessageType.Close)
        {
        }
    }
}
