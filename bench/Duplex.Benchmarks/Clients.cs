using System.Net.WebSockets;

namespace Duplex.Benchmarks;

/// <summary>Clients over a connection in memory, without keep-alive: its traffic would be counted among the messages.</summary>
internal static class Clients
{
    public static DefaultWebSocketSession Duplex(MemoryConnection connection) =>
        WebSocketSessions.Create(connection, WebSocketRole.Client, options => options.PingInterval = Timeout.InfiniteTimeSpan);

    public static WebSocket Platform(MemoryConnection connection) =>
        WebSocket.CreateFromStream(connection, new WebSocketCreationOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan });
}
