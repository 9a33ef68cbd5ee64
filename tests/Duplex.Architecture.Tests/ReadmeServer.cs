using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;

namespace Duplex.Tests;

/// <summary>The peer of the readme's first example: gives back what it got, says three bytes more, and closes.</summary>
internal static class ReadmeServer
{
    public static async Task ServeAsync(HttpContext context)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        byte[] buffer = new byte[1024];
        ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
        await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
        await socket.SendAsync(new byte[3], WebSocketMessageType.Binary, true, context.RequestAborted);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
    }
}
