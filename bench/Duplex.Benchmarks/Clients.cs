using System.Net.WebSockets;

namespace Duplex.Benchmarks;

/// <summary>Clients over an in-memory connection. Keep-alive is off: its traffic would count as messages.</summary>
internal static class Clients
{
    public static DefaultWebSocketSession Duplex(MemoryConnection connection) =>
        WebSocketSessions.Create(
            connection, WebSocketRole.Client, options => options.PingInterval = Timeout.InfiniteTimeSpan);

    public static WebSocket Platform(MemoryConnection connection) =>
        WebSocket.CreateFromStream(
            connection, new WebSocketCreationOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan });
}
