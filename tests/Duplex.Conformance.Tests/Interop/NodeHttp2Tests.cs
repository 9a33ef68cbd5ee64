namespace Duplex.Tests;

/// <summary>Duplex and Node's http2, with the framing of ws over its streams.</summary>
public sealed class NodeHttp2Tests(NodeHttp2Server server) : IClassFixture<NodeHttp2Server>
{
    private static readonly Transport[] Both = [Transport.H2c, Transport.H2];

    public static TheoryData<Transport> Over => [.. Both];

    public static TheoryData<Transport, string, int> Options => new(
        from transport in Both
        from options in (string[])["true", """{"threshold":0}""", """{"serverNoContextTakeover":true,"clientNoContextTakeover":true,"threshold":0}""", """{"serverMaxWindowBits":9,"threshold":0}""", "false"]
        from way in Enumerable.Range(0, Interoperation.Compressions.Count)
        select (transport, options, way));

    [Theory, MemberData(nameof(Over))]
    public async Task Plain_messages_come_back(Transport transport)
    {
        server.Need();
        await Interoperation.UseAsync(server.Uri(transport), compression: null, async session =>
        {
            Assert.Equal(System.Net.HttpVersion.Version20, session.Call.Response!.Version);
            Assert.Empty(session.Extensions);
            await Interoperation.EchoAsync(session);
            await session.PingAsync().Soon();
            await Interoperation.CloseAsync(session);
        }, transport);
    }

    [Theory, MemberData(nameof(Options))]
    public async Task Compressed_messages_come_back_whatever_both_sides_are_set_to(Transport transport, string options, int way)
    {
        server.Need();
        await Interoperation.UseAsync(server.Uri(transport, options), way, async session =>
        {
            Assert.Equal(options != "false", session.TryGetExtension<PerMessageDeflate>(out _));
            await Interoperation.EchoAsync(session);
            await Interoperation.CloseAsync(session);
        }, transport);
    }

    [Theory, MemberData(nameof(Over))]
    public async Task Fragments_and_pings_of_the_server_are_understood(Transport transport)
    {
        server.Need();
        foreach (string mode in (string[])["fragments", "pings"])
        {
            await Interoperation.UseAsync(server.Uri(transport, mode: mode), compression: null, async session =>
            {
                await Interoperation.EchoAsync(session);
                await Interoperation.CloseAsync(session);
            }, transport);
        }
    }

    [Theory, MemberData(nameof(Over))]
    public async Task A_close_of_the_server_is_understood(Transport transport)
    {
        server.Need();
        await Interoperation.UseAsync(server.Uri(transport, mode: "close"), compression: null, async session =>
        {
            await session.SendAsync("close");
            CloseResult end = await session.Completion.Soon();
            Assert.Equal((new CloseReason((CloseCode)4001, "asked to"), CloseInitiator.Remote, true), (end.Received, end.Initiator, end.WasClean));
        }, transport);
    }

    [Theory, MemberData(nameof(Over))]
    public async Task A_reset_of_the_server_is_a_lost_connection_with_its_code(Transport transport)
    {
        server.Need();
        await Interoperation.UseAsync(server.Uri(transport, mode: "reset"), compression: null, async session =>
        {
            await session.SendAsync("reset");
            CloseResult end = await session.Completion.Soon();
            Assert.Equal((CloseInitiator.None, false), (end.Initiator, end.WasClean));
            Assert.Equal(2, Assert.IsType<HttpProtocolException>(end.Error).ErrorCode); // INTERNAL_ERROR
        }, transport);
    }

    // NO_ERROR after both Closes, CANCEL after an abort.
    [Theory, MemberData(nameof(Over))]
    public async Task The_server_sees_a_closed_stream_or_a_cancelled_one(Transport transport)
    {
        server.Need();
        using HttpClient client = Conversation.CreateClient(_ => { }, transport);
        await EndAsync(aborts: false, "0");
        await EndAsync(aborts: true, "8");

        async Task EndAsync(bool aborts, string code)
        {
            string name = Guid.NewGuid().ToString();
            await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(server.Uri(transport, mode: $"watch&name={name}")).Soon();
            Assert.Equal("watched", await session.ReceiveTextAsync().AsTask().Soon());
            if (aborts)
                session.Abort();
            else
                Assert.True((await session.CloseAsync().Soon()).WasClean);
            var address = new UriBuilder(server.Uri(transport)) { Scheme = transport.IsSecure() ? "https" : "http", Query = $"name={name}" };
            Assert.Equal(code, await client.GetStringAsync(address.Uri).Soon());
        }
    }
}

/// <summary>Node's http2, and its ws in the version that package-lock.json pins.</summary>
public sealed class NodeHttp2Server : ServerProcess
{
    private readonly CertificateFile _certificate = new();

    protected override IEnumerable<(string Program, string[] Arguments)> Commands => [("node", ["http2-server.js", _certificate.Path])];

    protected override string Cure => "Needs Node and ws: install nodejs and npm, and run 'npm ci' in tests/Duplex.Conformance.Tests/Interop/Servers, as .ci/run does.";

    /// <summary>Where it is, with its options for one session.</summary>
    public Uri Uri(Transport transport, string perMessageDeflate = "false", string mode = "") => transport.IsSecure()
        ? new($"wss://127.0.0.1:{Ports[1]}/?pmd={System.Uri.EscapeDataString(perMessageDeflate)}&mode={mode}")
        : new($"ws://127.0.0.1:{Ports[0]}/?pmd={System.Uri.EscapeDataString(perMessageDeflate)}&mode={mode}");

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _certificate.Dispose();
    }
}
