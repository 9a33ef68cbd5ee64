namespace Duplex.Tests;

public sealed class StreamEngineTests
{
    [Fact]
    public async Task The_stream_is_the_sessions()
    {
        var peer = new ScriptedPeer();
        using HttpClient client = Client(peer);

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("ws://host.test/").Soon();
        await session.SendAsync("abc");

        Assert.Equal("abc"u8.ToArray(), (await peer.ReceiveAsync()).ReadBytes());
        session.Abort();
        await peer.Released.Soon();
    }

    [Fact]
    public async Task A_stream_of_one_direction_fails_the_handshake()
    {
        var oneWay = new MemoryStream([], writable: false);
        using HttpClient client = Client(oneWay);

        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync("ws://host.test/").Soon());
        Assert.False(oneWay.CanRead); // it is released
    }

    [Fact]
    public async Task No_stream_fails_the_handshake()
    {
        using HttpClient client = Client(null!);

        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync("ws://host.test/").Soon());
    }

    [Fact]
    public async Task Subprotocols_need_a_function_that_sends_headers()
    {
        using HttpClient client = Client(new ScriptedPeer());

        var error = await Assert.ThrowsAsync<NotSupportedException>(() => client.WebSocketSessionAsync("ws://host.test/", request => request.Subprotocols.Add("a")).Soon());

        Assert.Contains("Subprotocols", error.Message, StringComparison.Ordinal);
        Assert.Contains("RequestHeaders", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_required_subprotocol_needs_an_engine_that_knows_the_servers_choice()
    {
        using HttpClient client = Client(new ScriptedPeer());

        var error = await Assert.ThrowsAsync<NotSupportedException>(() => client.WebSocketSessionAsync("ws://host.test/", request => request.RequireSubprotocol = true).Soon());

        Assert.Contains("RequireSubprotocol", error.Message, StringComparison.Ordinal);
    }

    private static HttpClient Client(Stream stream) => new(new WebSocketsHandler(ws => ws.Engine = WebSocketEngines.FromStream((_, _) => new ValueTask<Stream>(stream))));
}
