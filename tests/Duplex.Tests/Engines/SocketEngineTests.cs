using System.Net.WebSockets;

namespace Duplex.Tests;

public sealed class SocketEngineTests
{
    [Theory]
    [InlineData("b", "b")]
    [InlineData("", null)]
    [InlineData(null, null)]
    [KtorParity("test-opening/WebSocketTest.testResponseContainsSecWebsocketProtocolHeader")]
    public async Task The_sockets_subprotocol_is_the_sessions(string? subprotocol, string? expected)
    {
        var socket = new FakeSocket { Subprotocol = subprotocol };

        OpenedConnection connection = await ConnectAsync(socket);

        Assert.Equal(expected, connection.Call.Subprotocol);
        Assert.Empty(socket.Calls);
        connection.Owner.Dispose();
        Assert.Equal(["Abort", "Dispose"], socket.Calls);
    }

    [Fact]
    public async Task A_subprotocol_that_was_not_offered_fails_the_handshake()
    {
        var socket = new FakeSocket { Subprotocol = "c" };

        Assert.Equal(HandshakeCheck.Subprotocol, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(socket))).Check);
        Assert.Equal(["Dispose"], socket.Calls);
    }

    [Fact]
    public async Task A_socket_that_is_not_open_fails_the_handshake()
    {
        var socket = new FakeSocket();
        socket.SetState(WebSocketState.Aborted);

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(socket));

        Assert.Contains("Aborted", error.Message, StringComparison.Ordinal);
        Assert.Equal(["Dispose"], socket.Calls);
    }

    [Fact]
    public async Task No_socket_fails_the_handshake() => await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(null));

    private static async Task<OpenedConnection> ConnectAsync(FakeSocket? socket)
    {
        using var client = new HttpClient(new WebSocketsHandler(ws =>
        {
            ws.Engine = WebSocketEngines.From((_, _) => new ValueTask<WebSocket>(socket!));
            ws.Subprotocols.Add("a");
            ws.Subprotocols.Add("b");
        }));
        return (await Opening.ConnectAsync(client, new Uri("ws://host.test/"), null, CancellationToken.None).Soon()).Connection;
    }
}
