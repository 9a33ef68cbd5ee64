using System.IO.Compression;
using System.Text;

namespace Duplex.Tests;

/// <summary>What every other server must do with us: echo all that can be sent, and close.</summary>
internal static class Interoperation
{
    private static readonly int[] Sizes = [0, 1, 125, 126, 127, 1000, 65535, 65536, 200_000];

    /// <summary>Ways in which we compress.</summary>
    public static readonly IReadOnlyList<(string Name, Action<PerMessageDeflateOptions> Configure)> Compressions =
    [
        ("by default", _ => { }),
        ("all of it", deflate => deflate.MinimumSize = 0),
        ("no takeover", deflate => (deflate.MinimumSize, deflate.ServerContextTakeover, deflate.ClientContextTakeover) = (0, false, false)),
        ("small windows", deflate => (deflate.MinimumSize, deflate.ServerMaxWindowBits) = (0, 10)),
        ("a fixed window of ours", deflate => (deflate.MinimumSize, deflate.AllowsClientMaxWindowBits) = (0, false)),
        ("as hard as can be", deflate => (deflate.MinimumSize, deflate.Level) = (0, CompressionLevel.SmallestSize)),
    ];

    /// <summary>Opens a session, compressed or not.</summary>
    public static async Task UseAsync(Uri uri, int? compression, Func<DefaultClientWebSocketSession, Task> use, Transport transport = Transport.Tcp)
    {
        using HttpClient client = Conversation.CreateClient(
            ws =>
            {
                if (compression is { } way)
                    ws.Extensions.InstallPerMessageDeflate(Compressions[way].Configure);
            },
            transport);
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(uri).Soon();
        await use(session);
    }

    /// <summary>Sends messages of every size and form, one at a time and all at once; each comes back as it was.</summary>
    public static async Task EchoAsync(WebSocketSession session)
    {
        foreach (int size in Sizes)
        {
            byte[] text = Encoding.UTF8.GetBytes(Compression.Json(size)), bytes = Framing.Pattern(size);
            await session.SendTextAsync(text);
            await ComesAsync(session, Words.Text(text));
            await session.SendAsync(bytes);
            await ComesAsync(session, Words.Binary(bytes));
        }

        await session.SendAsync(new Frame.Text(fin: false, new byte[] { (byte)'h', 0xC3 }));
        await session.SendAsync(new Frame.Text(fin: false, new byte[] { 0xA9 }));
        await session.SendAsync(new Frame.Text(fin: true, "!"u8.ToArray()));
        await ComesAsync(session, Words.Text("h\u00E9!"));
        byte[] large = Encoding.UTF8.GetBytes(Compression.Json(300_000));
        await session.SendAsync(new MemoryStream(large), FrameType.Text);
        await ComesAsync(session, Words.Text(large));

        string[] burst = [.. Enumerable.Range(0, 100).Select(i => Compression.Json(i * 20))];
        Task sending = Task.Run(async () =>
        {
            foreach (string text in burst)
                await session.SendAsync(text);
        });
        foreach (string text in burst)
            await ComesAsync(session, Words.Text(text));
        await sending.Soon();
    }

    /// <summary>Closes, and checks that both have said so.</summary>
    public static async Task CloseAsync(WebSocketSession session)
    {
        CloseResult end = await session.CloseAsync(new CloseReason((CloseCode)4000, "done")).Soon();
        Assert.Equal(((CloseCode)4000, CloseInitiator.Local), (end.Received?.Code, end.Initiator));
        Assert.True((await session.Completion.Soon()).WasClean);
    }

    public static async Task ComesAsync(WebSocketSession session, string words)
    {
        Frame frame = await session.Incoming.ReadAsync().Soon();
        Assert.Equal(words, Words.Of(frame));
        frame.Recycle();
    }
}
