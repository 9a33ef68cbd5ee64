using System.Net.WebSockets;

namespace Duplex;

/// <summary>Sessions over the platform's WebSocket classes, which do their own framing.</summary>
internal class SocketEngine : ConnectEngine
{
    private readonly Func<WebSocketRequest, CancellationToken, ValueTask<WebSocket>> _connect;

    public SocketEngine(
        Func<WebSocketRequest, CancellationToken, ValueTask<WebSocket>> connect,
        ReadOnlySpan<EngineCapability> capabilities)
        : this(
            connect,
            new EngineProfile("WebSocket", [EngineCapability.WebSocket, .. Checked(capabilities)]) { Masks = false })
    {
    }

    private protected SocketEngine(
        Func<WebSocketRequest, CancellationToken, ValueTask<WebSocket>> connect, EngineProfile profile)
        : base(profile) => _connect = connect;

    private protected override async ValueTask<Opened> ConnectAsync(WebSocketRequest request, CancellationToken token)
    {
        WebSocket socket = await _connect(request, token).ConfigureAwait(false)
            ?? throw new WebSocketHandshakeException(HandshakeRefusals.ConnectGaveNoSocket.Failure());
        try
        {
            if (socket.State != WebSocketState.Open)
            {
                throw new WebSocketHandshakeException(
                    HandshakeRefusals.ConnectGaveSpentSocket.Failure(("state", socket.State)));
            }

            // RFC 6455 §4.1: a subprotocol "that was not present in the client's handshake" fails the connection.
            string? subprotocol = string.IsNullOrEmpty(socket.SubProtocol) ? null : socket.SubProtocol;
            if (subprotocol is not null && !request.Subprotocols.Contains(subprotocol))
            {
                throw new WebSocketHandshakeException(HandshakeRefusals.ConnectGaveSubprotocol.Failure(
                    ("came", NameDisclosure.Of(subprotocol)),
                    ("offered", NameDisclosure.OfAll([.. request.Subprotocols]))));
            }

            return new Opened(new WebSocketFrameStream(socket), subprotocol);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
