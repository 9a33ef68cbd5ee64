using System.Net.WebSockets;

namespace Duplex;

/// <summary>A WebSocket object of JavaScript. Everything happens on the page's one thread.</summary>
internal abstract class PageSocket : IDisposable
{
    public abstract string? SubProtocol { get; }

    /// <summary>The bytes that were sent and have not left the browser.</summary>
    public abstract long BufferedAmount { get; }

    /// <summary>Begins to connect.</summary>
    public abstract void Open(IPageSocketEvents events);

    public abstract void Send(string text);

    public abstract void Send(byte[] payload);

    public abstract void Close(int code, string reason);

    public abstract void Dispose();
}

/// <summary>What a <see cref="PageSocket"/> reports.</summary>
internal interface IPageSocketEvents
{
    void Opened();

    void Received(WebSocketMessageType type, byte[] payload);

    /// <summary>The last event. Without an earlier one, the connection could not be opened.</summary>
    void Closed(int code, string reason);
}
