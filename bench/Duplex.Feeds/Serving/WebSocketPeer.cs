using System.Globalization;
using System.Net.WebSockets;
using System.Text;

namespace Duplex.Feeds;

/// <summary>A connection to <c>/feed</c>.</summary>
internal sealed class WebSocketPeer(FeedServer server, string client, WebSocket socket) : FeedPeer(server, client)
{
    private readonly Arrivals _arrivals = server.ArrivalsOf(client);

    /// <summary>Receives what the client sends, until the connection ends.</summary>
    public async Task ReceiveAsync()
    {
        byte[] buffer = new byte[4096]; // a message of a client is shorter
        while (socket.State is WebSocketState.Open or WebSocketState.CloseSent)
        {
            int length = 0;
            ValueWebSocketReceiveResult result;
            do
            {
                result = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                length += result.Count;
            }
            while (!result.EndOfMessage);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                if (socket.State == WebSocketState.CloseReceived)
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                return;
            }

            Take(Encoding.UTF8.GetString(buffer, 0, length));
        }
    }

    protected override Task SendAsync(string text, CancellationToken stopping) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, stopping);

    protected override Task CloseCoreAsync(int code) =>
        socket.CloseOutputAsync((WebSocketCloseStatus)code, "restart", CancellationToken.None);

    private void Take(string text)
    {
        string[] words = text.Split(' ', 3);
        if (words[0] == "from")
            Subscribe(long.Parse(words[1], CultureInfo.InvariantCulture));
        else
            _arrivals.Add(int.Parse(words[1], CultureInfo.InvariantCulture));
    }
}
