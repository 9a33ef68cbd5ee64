using System.Net.Http.Headers;
using System.Net.WebSockets;

namespace Duplex.Tests;

/// <summary>The platform's own client against real Kestrel, without a word of what it can do of a request.</summary>
public sealed class PlainClientWebSocketEngineTests(KestrelServer server) : EngineConformance, IClassFixture<KestrelServer>
{
    protected override Uri Server => server["ws"];

    protected override WebSocketEngine Engine { get; } = WebSocketEngines.From(ClientWebSocketEngineTests.ConnectAsync);
}

/// <summary>The platform's own client against real Kestrel, encrypted, with headers and version.</summary>
public sealed class ClientWebSocketEngineTests(KestrelServer server) : EngineConformance, IClassFixture<KestrelServer>
{
    protected override Uri Server => server["wss"];

    protected override WebSocketEngine Engine { get; } = WebSocketEngines.From(ConnectAsync, EngineCapability.RequestHeaders, EngineCapability.HttpVersion);

    [Fact]
    public async Task A_server_that_refuses_fails_the_handshake_with_the_sockets_error_inside()
    {
        using HttpClient client = Client();

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync(new Uri(Server, "/plain")).Soon());

        Assert.Equal(HandshakeCheck.Transport, error.Check);
        Assert.IsType<System.Net.WebSockets.WebSocketException>(error.InnerException);
    }

    internal static async ValueTask<WebSocket> ConnectAsync(WebSocketRequest request, CancellationToken token)
    {
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = request.Version;
        socket.Options.HttpVersionPolicy = request.VersionPolicy;
        socket.Options.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.GetCertHashString() == LoopbackCertificate.Instance.GetCertHashString();
        foreach (string subprotocol in request.Subprotocols)
            socket.Options.AddSubProtocol(subprotocol);
        foreach ((string name, HeaderStringValues values) in request.Headers.NonValidated)
            socket.Options.SetRequestHeader(name, values.ToString());
        await socket.ConnectAsync(request.Uri!, token);
        return socket;
    }
}
