using System.Net.WebSockets;

namespace Duplex.EndToEnd;

/// <summary>A ClientWebSocket with one small buffer, and the ValueTask overloads.</summary>
internal sealed class PacedBclSession : PacedSession
{
    private readonly ClientWebSocket _socket;
    private readonly byte[] _buffer;

    public PacedBclSession(ClientWebSocket socket, int size, Echoes echoes)
        : base(size, echoes)
    {
        _socket = socket;
        _buffer = new byte[size];
        StartReceiving();
    }

    protected override ValueTask SendAsync(ReadOnlyMemory<byte> message) =>
        _socket.SendAsync(message, WebSocketMessageType.Binary, true, CancellationToken.None);

    protected override async Task ReceiveAsync()
    {
        while (true)
        {
            int length = 0;
            ValueWebSocketReceiveResult received;
            do
            {
                received = await _socket.ReceiveAsync(_buffer.AsMemory(length), CancellationToken.None)
                    .ConfigureAwait(false);
                if (received.MessageType == WebSocketMessageType.Close)
                    return;
                length += received.Count;
            }
            while (!received.EndOfMessage);
            Echoes.Add(_buffer.AsSpan(0, length));
        }
    }
}
