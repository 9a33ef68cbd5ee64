using System.Net;

namespace Duplex.Tests;

/// <summary>Which version a session is opened over, and what is different over HTTP/2, with real Kestrel.</summary>
public sealed class Http2Tests(KestrelServer server) : IClassFixture<KestrelServer>
{
    // The version, or the check that fails.
    [Theory]
    [InlineData("ws", "1.1 or lower", "1.1")]
    [InlineData("ws", "1.1 or higher", "1.1")]
    [InlineData("ws", "2.0 exactly", "HttpVersion")]
    [InlineData("ws", "2.0 or lower", "1.1")]
    [InlineData("ws", "2.0 or higher", "1.1")]
    [InlineData("h2c", "1.1 or lower", "Status")]
    [InlineData("h2c", "1.1 or higher", "Status")]
    [InlineData("h2c", "2.0 exactly", "2.0")]
    [InlineData("h2c", "2.0 or lower", "Status")]
    [InlineData("h2c", "2.0 or higher", "2.0")]
    [InlineData("wss", "1.1 exactly", "1.1")]
    [InlineData("wss", "1.1 or lower", "1.1")]
    [InlineData("wss", "1.1 or higher", "2.0")]
    [InlineData("wss", "2.0 exactly", "2.0")]
    [InlineData("wss", "2.0 or lower", "2.0")]
    [InlineData("wss", "2.0 or higher", "2.0")]
    [InlineData("wss over 1.1", "1.1 or higher", "1.1")]
    [InlineData("wss over 1.1", "2.0 exactly", "HttpVersion")]
    [InlineData("wss over 1.1", "2.0 or lower", "1.1")]
    [InlineData("wss over 1.1", "2.0 or higher", "1.1")]
    [KtorParity("engine/Curl")]
    public async Task Server_version_and_policy_decide(string endpoint, string asked, string expected)
    {
        using HttpClient client = Client(asked);
        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(new Uri(server[endpoint], "/echo"));

        if (Enum.TryParse(expected, out HandshakeCheck check))
        {
            Assert.Equal(check, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => opening.Soon())).Check);
            return;
        }

        await using DefaultClientWebSocketSession session = await opening.Soon();
        await session.SendAsync("hello");
        Assert.Equal("hello", await session.ReceiveTextAsync().AsTask().Soon());
        Assert.Equal(Version.Parse(expected), session.Call.Response!.Version);
        Assert.Equal(expected == "2.0" ? HttpStatusCode.OK : HttpStatusCode.SwitchingProtocols, session.Call.Response.StatusCode);
        Assert.True((await session.CloseAsync().Soon()).WasClean);
    }

    [Fact]
    public async Task A_server_that_offers_no_HTTP_2_is_named_with_the_way_out()
    {
        using HttpClient client = Client("2.0 exactly");

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync(new Uri(server["wss over 1.1"], "/echo")).Soon());

        Assert.Equal(HandshakeCheck.HttpVersion, error.Check);
        Assert.Contains("RequestVersionOrLower", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("")]
    public async Task A_plain_server_that_does_not_understand_HTTP_2_is_asked_again(string answer)
    {
        using var raw = new RawServer();
        using HttpClient client = Client("2.0 or higher");
        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(raw.Uri);
        using (RawPeer first = await raw.AcceptAsync())
        {
            await first.WriteAsync(answer);
            await first.EndAsync();
        }

        using RawPeer second = await raw.AcceptAsync();
        await second.WriteAsync(second.Accept());

        await using DefaultClientWebSocketSession session = await opening.Soon();
        Assert.Equal(HttpVersion.Version11, session.Call.Response!.Version);
        session.Abort();
    }

    [Fact]
    public async Task An_endpoint_of_MapGet_is_named_as_the_reason()
    {
        using HttpClient client = Client("2.0 exactly");

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync(new Uri(server["h2c"], "/plain")).Soon());

        Assert.Contains("405", error.Message, StringComparison.Ordinal);
        Assert.Contains("MapGet", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_the_server_resets_is_lost_and_the_error_has_its_code()
    {
        using HttpClient client = Client("2.0 exactly");
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server["h2c"], "/reset")).Soon();

        await session.SendAsync("reset");
        CloseResult end = await session.Completion.Soon();

        Assert.Equal((CloseInitiator.None, false), (end.Initiator, end.WasClean));
        Assert.Equal(2, Assert.IsType<HttpProtocolException>(end.Error).ErrorCode);
    }

    [Fact]
    public async Task An_abort_ends_the_stream_and_leaves_the_connection_to_others()
    {
        using HttpClient client = Client("2.0 exactly");
        await using DefaultClientWebSocketSession other = await client.WebSocketSessionAsync(new Uri(server["h2c"], "/echo")).Soon();
        DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server["h2c"], "/watched?name=abort")).Soon();

        session.Abort();

        Assert.False((await session.Completion.Soon()).WasClean);
        await Patience.Until(() => server.Ends.ContainsKey("abort"));
        Assert.Equal("lost", server.Ends["abort"]);
        await other.SendAsync("still here");
        Assert.Equal("still here", await other.ReceiveTextAsync().AsTask().Soon());
    }

    [Fact]
    public async Task More_sessions_than_a_connection_has_streams_are_opened()
    {
        var handler = new WebSocketsHandler();
        using var client = new HttpClient(handler) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        var sessions = new List<DefaultClientWebSocketSession>();
        for (int i = 0; i < 105; i++) // Kestrel allows 100 streams
            sessions.Add(await client.WebSocketSessionAsync(new Uri(server["h2c"], "/echo")).Soon());

        await Task.WhenAll(sessions.Select(async session =>
        {
            await session.SendAsync("hello");
            Assert.Equal("hello", await session.ReceiveTextAsync());
            await session.DisposeAsync();
        })).Soon();
    }

    [Fact]
    public async Task Compression_is_agreed_as_over_1_1()
    {
        using var client = new HttpClient(new WebSocketsHandler(ws => ws.Extensions.InstallPerMessageDeflate()))
        {
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server["h2c"], "/deflate")).Soon();
        string text = new('a', 100_000);

        await session.SendAsync(text);

        Assert.True(session.TryGetExtension(out PerMessageDeflate? _));
        Assert.Equal(text, await session.ReceiveTextAsync().AsTask().Soon());
    }

    private static HttpClient Client(string asked)
    {
        string[] words = asked.Split(' ');
        return new HttpClient(new WebSocketsHandler(LoopbackCertificate.CreateHandler()))
        {
            DefaultRequestVersion = Version.Parse(words[0]),
            DefaultVersionPolicy = words[^1] switch
            {
                "lower" => HttpVersionPolicy.RequestVersionOrLower,
                "higher" => HttpVersionPolicy.RequestVersionOrHigher,
                _ => HttpVersionPolicy.RequestVersionExact,
            },
        };
    }
}
