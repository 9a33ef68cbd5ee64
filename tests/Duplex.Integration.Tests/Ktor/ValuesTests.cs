using System.Net.Sockets;
using System.Text.Json.Serialization;

namespace Duplex.Tests;

/// <summary>What Ktor's own tests say of values as messages beside the client's sessions, asked of ours.</summary>
public sealed class ValuesTests(KestrelServer kestrel) : IClassFixture<KestrelServer>
{
    private static readonly JsonContentConverter Json = new(ValuesTestsJson.Default);

    [Fact]
    [KtorParity("test-typed/JsonWebsocketsTest-server-side", "test-typed/server-WebSocketTest.testJsonConverter")]
    public async Task A_session_in_the_servers_role_does_the_same()
    {
        (Stream one, Stream other) = await ConnectedAsync();
        await using DefaultWebSocketSession server = WebSocketSessions.Create(one, WebSocketRole.Server, ws => ws.ContentConverter = Json);
        await using DefaultWebSocketSession client = WebSocketSessions.Create(other, WebSocketRole.Client);

        await client.SendAsync("""{"name":"user","id":123}""");
        Assert.Equal(new Item("user", 123), await server.ReceiveDeserializedAsync<Item>().Soon());
        await client.SendAsync("null");
        Assert.Null(await server.ReceiveDeserializedAsync(typeof(Item)).Soon());
        await server.SendSerializedAsync(new Item("user", 123));
        await server.SendSerializedAsync(null, typeof(Item));

        Assert.Equal("""{"name":"user","id":123}""", Assert.IsType<Frame.Text>(await client.Incoming.ReadAsync().Soon()).ReadText());
        Assert.Equal("null", Assert.IsType<Frame.Text>(await client.Incoming.ReadAsync().Soon()).ReadText());
    }

    [Fact]
    [KtorParity("test-typed/WebSocketWithContentNegotiationTest")]
    public async Task A_handler_for_contents_sees_the_handshake_and_no_message()
    {
        int requests = 0;
        using var client = new HttpClient(new CountingHandler(() => requests++) { InnerHandler = new WebSocketsHandler(LoopbackCertificate.CreateHandler(), ws => ws.ContentConverter = Json) });

        await client.WebSocketAsync(new Uri(kestrel["ws"], "/echo"), async session =>
        {
            for (int i = 0; i < 10; i++)
            {
                await session.SendSerializedAsync(new Item("user", i));
                Assert.Equal(new Item("user", i), await session.ReceiveDeserializedAsync<Item>());
            }
        }).Soon();

        Assert.Equal(1, requests);
    }

    private static async Task<(Stream One, Stream Other)> ConnectedAsync()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var one = new Socket(SocketType.Stream, ProtocolType.Tcp);
        Task<Socket> accepting = listener.AcceptSocketAsync();
        await one.ConnectAsync(listener.LocalEndpoint).Soon();
        return (new NetworkStream(one, ownsSocket: true), new NetworkStream(await accepting.Soon(), ownsSocket: true));
    }

    internal sealed record Item(string Name, int Id);

    private sealed class CountingHandler(Action count) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            count();
            return base.SendAsync(request, cancellationToken);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ValuesTests.Item))]
internal sealed partial class ValuesTestsJson : JsonSerializerContext;
