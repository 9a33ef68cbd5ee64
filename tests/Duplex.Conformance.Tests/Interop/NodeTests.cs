using System.Text.RegularExpressions;

namespace Duplex.Tests;

/// <summary>Duplex and Node's ws.</summary>
public sealed partial class NodeTests(NodeServer server) : IClassFixture<NodeServer>
{
    // Every option that ws has for compression, alone and together.
    private static readonly string[] ServerOptions =
    [
        "true", """{"threshold":0}""", """{"serverNoContextTakeover":true,"threshold":0}""", """{"clientNoContextTakeover":true,"threshold":0}""",
        """{"serverNoContextTakeover":true,"clientNoContextTakeover":true,"threshold":0}""", """{"serverMaxWindowBits":9,"threshold":0}""", """{"serverMaxWindowBits":15,"threshold":0}""",
        """{"clientMaxWindowBits":8,"threshold":0}""", """{"clientMaxWindowBits":9,"threshold":0}""", """{"clientMaxWindowBits":15,"threshold":0}""", """{"clientMaxWindowBits":true,"threshold":0}""",
        """{"serverMaxWindowBits":10,"clientMaxWindowBits":10,"serverNoContextTakeover":true,"clientNoContextTakeover":true,"threshold":0,"concurrencyLimit":2}""",
        """{"zlibDeflateOptions":{"level":9,"memLevel":1,"strategy":2,"chunkSize":1024},"zlibInflateOptions":{"chunkSize":512},"threshold":100000}""", "false",
    ];

    public static TheoryData<string, int> Options => new(from options in ServerOptions from way in Enumerable.Range(0, Interoperation.Compressions.Count) select (options, way));

    [Fact]
    public async Task Plain_messages_come_back()
    {
        server.Need();
        await Interoperation.UseAsync(server.Uri(), compression: null, async session =>
        {
            Assert.Empty(session.Extensions);
            await Interoperation.EchoAsync(session);
            await session.PingAsync().Soon();
            await Interoperation.CloseAsync(session);
        });
    }

    [Theory, MemberData(nameof(Options))]
    public async Task Compressed_messages_come_back_whatever_both_sides_are_set_to(string options, int way)
    {
        server.Need();

        // ws refuses the whole handshake, by 400, where its options leave no offer that will do: a number for our window that we do not let it set, or one for its own above what we ask for.
        if (Interoperation.Compressions[way].Name switch { "a fixed window of ours" => ClientBits().IsMatch(options), "small windows" => ServerBits().IsMatch(options), _ => false })
        {
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => Interoperation.UseAsync(server.Uri(options), way, _ => Task.CompletedTask));
            return;
        }

        await Interoperation.UseAsync(server.Uri(options), way, async session =>
        {
            Assert.Equal(options != "false", session.TryGetExtension<PerMessageDeflate>(out _));
            await Interoperation.EchoAsync(session);
            await Interoperation.CloseAsync(session);
        });
    }

    [Theory, InlineData("false"), InlineData("""{"threshold":0}""")]
    public async Task Fragments_and_pings_of_the_server_are_understood(string options)
    {
        server.Need();
        foreach (string mode in (string[])["fragments", "pings"])
        {
            await Interoperation.UseAsync(server.Uri(options, mode), compression: 1, async session =>
            {
                await Interoperation.EchoAsync(session);
                await Interoperation.CloseAsync(session);
            });
        }
    }

    [Fact]
    public async Task A_close_of_the_server_is_understood()
    {
        server.Need();
        await Interoperation.UseAsync(server.Uri(mode: "close"), compression: null, async session =>
        {
            await session.SendAsync("close");
            CloseResult end = await session.Completion.Soon();
            Assert.Equal((new CloseReason((CloseCode)4001, "asked to"), CloseInitiator.Remote, true), (end.Received, end.Initiator, end.WasClean));
        });
    }

    [GeneratedRegex("clientMaxWindowBits\":[0-9]")]
    private static partial Regex ClientBits();

    [GeneratedRegex("serverMaxWindowBits\":1[1-5]")]
    private static partial Regex ServerBits();
}
