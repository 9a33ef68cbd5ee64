using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Chat.Server;

/// <summary>The server: a WebSocket endpoint for each room.</summary>
/// <remarks>This is a server's side, so it uses ASP.NET's own WebSocket.</remarks>
public static class ChatServer
{
    private const int MaxMessage = 4096; // bytes: a chat's line is short

    /// <summary>Runs the server until Ctrl+C.</summary>
    public static async Task<int> RunAsync(int port)
    {
        await using WebApplication server = Create(port);
        await server.StartAsync();
        Console.WriteLine($"The chat server listens on {server.Urls.First()}. Ctrl+C stops it.");
        await server.WaitForShutdownAsync();
        return 0;
    }

    public static WebApplication Create(int port)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<Rooms>();
        WebApplication app = builder.Build();
        app.UseWebSockets();
        app.Map("/rooms/{room}", ServeAsync);
        return app;
    }

    private static async Task ServeAsync(
        HttpContext context, string room, string name, Rooms rooms, IHostApplicationLifetime lifetime)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            return;
        }

        if (name.Length is 0 or > 30)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "A name has 1 to 30 characters.");
            return;
        }

        using Member? member = rooms.Join(room, name);
        if (member is null)
        {
            await RefuseAsync(context, StatusCodes.Status409Conflict, $"The name {name} is taken in {room}.");
            return;
        }

        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        using CancellationTokenRegistration stop = lifetime.ApplicationStopping.Register(member.Complete);
        Task sending = SendAsync(socket, member, context);
        try
        {
            while (await ReceiveAsync(socket, context.RequestAborted) is { } json)
            {
                if (JsonSerializer.Deserialize(json.Span, ChatJson.Default.ChatMessage) is Say { Text.Length: > 0 } say)
                    member.Say(say.Text);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException
            or JsonException or NotSupportedException) // the last: JSON without a type
        {
            context.Abort(); // the client is gone, or what it sends is no message of the chat
        }
        finally
        {
            member.Complete();
            await sending;
        }
    }

    // The only one that sends to this client: what the room says, then the Close.
    private static async Task SendAsync(WebSocket socket, Member member, HttpContext context)
    {
        try
        {
            await foreach (ChatMessage message in member.ReadAllAsync(context.RequestAborted))
            {
                byte[] json = JsonSerializer.SerializeToUtf8Bytes(message, ChatJson.Default.ChatMessage);
                await socket.SendAsync(json.AsMemory(), WebSocketMessageType.Text, true, context.RequestAborted);
            }

            await (socket.CloseStatus is { } status // a client that closes gets its own code back
                ? socket.CloseOutputAsync(status, null, context.RequestAborted)
                : socket.CloseOutputAsync(
                    WebSocketCloseStatus.EndpointUnavailable, "The server stops.", context.RequestAborted));
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            context.Abort();
        }
    }

    // Null once the client has closed.
    private static async Task<ReadOnlyMemory<byte>?> ReceiveAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[MaxMessage];
        for (int length = 0; length < buffer.Length;)
        {
            ValueWebSocketReceiveResult received =
                await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
                return null;
            length += received.Count;
            if (received.EndOfMessage)
                return buffer.AsMemory(0, length);
        }

        throw new WebSocketException($"The message has more than {MaxMessage} bytes.");
    }

    private static Task RefuseAsync(HttpContext context, int status, string why)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(why);
    }
}
