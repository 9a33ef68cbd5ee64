using System.Net;
using System.Net.Sockets;

namespace Duplex.Tests;

/// <summary>Our own framing over a loopback socket without HTTP, towards sessions in the server's role: both ends of a connection are ours.</summary>
public sealed class StreamEngineTests : EngineConformance
{
    protected override Uri Server => new("ws://service.test/");

    protected override WebSocketEngine Engine { get; } = WebSocketEngines.FromStream(ConnectAsync, EngineCapability.RequestHeaders);

    // The function made a handshake of its own: only it and the server know what they agreed upon.
    protected override bool SeesSubprotocol => false;

    private static async ValueTask<Stream> ConnectAsync(WebSocketRequest request, CancellationToken token)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Task<Socket> accepting = listener.AcceptSocketAsync(token).AsTask();
        await client.ConnectAsync(listener.LocalEndpoint, token);
        Socket server = await accepting;
        server.NoDelay = true;
        _ = SessionService.ServeAsync(new NetworkStream(server, ownsSocket: true), request);
        return new NetworkStream(client, ownsSocket: true);
    }
}

/// <summary>Our own framing over pipes in memory, without a word of what the function can do of a request.</summary>
public sealed class PlainStreamEngineTests : EngineConformance
{
    protected override Uri Server => new("wss://service.test/");

    protected override WebSocketEngine Engine { get; } = WebSocketEngines.FromStream((request, token) =>
    {
        (Stream client, Stream server) = DuplexPipeStream.CreatePair();
        _ = SessionService.ServeAsync(server, request);
        return new ValueTask<Stream>(client);
    });

    protected override bool SeesSubprotocol => false;

    [Fact]
    public async Task Subprotocols_need_a_function_that_sends_headers()
    {
        using HttpClient client = Client(ws => ws.Subprotocols.Add("greet.v1"));

        var error = await Assert.ThrowsAsync<NotSupportedException>(() => client.WebSocketSessionAsync(new Uri(Server, "/greet")).Soon());

        Assert.Contains("Subprotocols", error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(EngineCapability.RequestHeaders), error.Message, StringComparison.Ordinal);
    }
}
