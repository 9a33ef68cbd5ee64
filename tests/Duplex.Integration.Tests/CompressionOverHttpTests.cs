using System.IO.Compression;
using System.Text;

namespace Duplex.Tests;

/// <summary>permessage-deflate from handshake to end: against Kestrel with every setting, and against answers that no server should give.</summary>
public sealed class CompressionOverHttpTests(KestrelServer server) : IClassFixture<KestrelServer>
{
    public static TheoryData<Transport, bool, bool, bool, int, CompressionLevel> Settings
    {
        get
        {
            var settings = new TheoryData<Transport, bool, bool, bool, int, CompressionLevel>();
            foreach (Transport transport in Enum.GetValues<Transport>())
            {
                foreach (bool serverTakeover in (bool[])[true, false])
                {
                    foreach (bool clientTakeover in (bool[])[true, false])
                    {
                        settings.Add(transport, serverTakeover, clientTakeover, false, 15, CompressionLevel.Fastest);
                        settings.Add(transport, serverTakeover, clientTakeover, true, 9, CompressionLevel.Optimal);
                    }
                }

                settings.Add(transport, true, true, false, 12, CompressionLevel.SmallestSize);
                settings.Add(transport, true, true, false, 15, CompressionLevel.NoCompression);
            }

            return settings;
        }
    }

    [Theory, MemberData(nameof(Settings))]
    [KtorParity("weakness/16-compression")]
    public async Task Messages_of_all_sizes_come_back_from_kestrel(Transport transport, bool serverTakeover, bool clientTakeover, bool serverAlone, int bits, CompressionLevel level)
    {
        using HttpClient client = Clients.Create(ws => ws.Extensions.InstallPerMessageDeflate(deflate =>
        {
            deflate.Level = level;
            deflate.ServerContextTakeover = serverTakeover;
            deflate.ClientContextTakeover = clientTakeover;
            deflate.ServerMaxWindowBits = bits == 12 ? 12 : 15; // asked for by us; else the server's own
        })).For(transport);
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server[transport], $"/deflate?bits={(bits == 12 ? 15 : bits)}{(serverAlone ? "&alone" : "")}"));

        PerMessageDeflate agreed = session.Extension<PerMessageDeflate>();
        Assert.Equal(serverTakeover && !serverAlone, agreed.ServerContextTakeover);
        Assert.Equal(clientTakeover, agreed.ClientContextTakeover);
        Assert.Equal(bits, agreed.ServerMaxWindowBits);

        foreach (int size in (int[])[0, 1, 10, 127, 128, 129, 1000, 1024, 5000, 60_000, 70_000, 1_000_000, 10])
        {
            string text = Samples.Json(size, size);
            await session.SendAsync(text);
            Frame frame = await session.Incoming.ReadAsync().Soon();
            Assert.Equal(text, Assert.IsType<Frame.Text>(frame).ReadText());
            frame.Recycle();
            await session.SendAsync(Samples.Noise(size));
            Assert.Equal(Samples.Noise(size), Assert.IsType<Frame.Binary>(await session.Incoming.ReadAsync().Soon()).ReadBytes());
        }

        await session.SendAsync(new MemoryStream(Encoding.ASCII.GetBytes(Samples.Json(300_000))), FrameType.Text, SendOptions.Transformed, default);
        Assert.Equal(Samples.Json(300_000), ((Frame.Text)await session.Incoming.ReadAsync().Soon()).ReadText());
        await session.SendAsync("as it is", SendOptions.Untransformed, default);
        Assert.Equal("as it is", ((Frame.Text)await session.Incoming.ReadAsync().Soon()).ReadText());

        Assert.Equal(level == CompressionLevel.NoCompression, agreed.SentBytes == 0);
        Assert.InRange(agreed.ReceivedCompressedBytes, 1, agreed.ReceivedBytes * 9 / 10);
        Assert.True((await session.CloseAsync().Soon()).WasClean);
    }

    [Theory, MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    [KtorParity("test-protocol/WebSocketJvmTest.testWebSocketDeflateBinary")]
    [KtorParity("test-protocol/WebSocketJvmTest.testWebSocketDeflateNoContextTakeover")]
    public async Task A_hundred_binaries_come_back_with_and_without_takeover(Transport transport)
    {
        foreach (bool takesOver in (bool[])[true, false])
        {
            using HttpClient client = Clients.Create(ws => ws.Extensions.InstallPerMessageDeflate(deflate =>
            {
                deflate.MinimumSize = 0;
                deflate.ServerContextTakeover = deflate.ClientContextTakeover = takesOver;
            })).For(transport);
            await client.WebSocketAsync(new Uri(server[transport], "/deflate"), async session =>
            {
                for (int i = 0; i < 100; i++)
                {
                    byte[] data = Samples.Noise((i * 10) + 1, i);
                    await session.SendAsync(data);
                    Assert.Equal(data, Assert.IsType<Frame.Binary>(await session.Incoming.ReadAsync().Soon()).ReadBytes());
                }
            });
        }
    }

    [Theory, MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task A_server_that_does_not_compress_leaves_messages_as_they_are(Transport transport)
    {
        using HttpClient client = Clients.Create(ws => ws.Extensions.InstallPerMessageDeflate()).For(transport);
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server[transport], "/echo"));

        Assert.False(session.TryGetExtension(out PerMessageDeflate? _));
        await session.SendAsync(Samples.Json(500));
        Assert.Equal(Samples.Json(500), ((Frame.Text)await session.Incoming.ReadAsync().Soon()).ReadText());
    }

    [Theory]
    [InlineData("permessage-deflate; x", "another parameter")]
    [InlineData("permessage-deflate; client_no_context_takeover; client_no_context_takeover", "client_no_context_takeover once")]
    [InlineData("permessage-deflate; server_max_window_bits=16", "from 8 to 15")]
    [InlineData("permessage-deflate; client_max_window_bits", "from 8 to 15")]
    [InlineData("permessage-deflate; server_no_context_takeover=yes", "without a value")]
    [InlineData("permessage-deflate; server_max_window_bits=11", "at most 10")]
    [InlineData("permessage-deflate", "at most 10")]
    [InlineData("permessage-deflate; server_max_window_bits=10, permessage-deflate; server_max_window_bits=10", null)]
    [KtorParity("extensions/compression-the-offer-and-the-answer")]
    public async Task An_answer_that_no_offer_allows_fails_the_handshake_and_says_why(string answer, string? reason)
    {
        foreach (Transport transport in Enum.GetValues<Transport>())
            await FailsAsync(transport, answer, reason);
    }

    [Theory, MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task A_server_may_choose_any_offer_and_a_window_for_us(Transport transport)
    {
        using RawServer raw = await RawServer.ListenAsync(transport);
        using HttpClient client = Clients.Create(ws => ws.Extensions.InstallPerMessageDeflate(deflate =>
        {
            deflate.ServerMaxWindowBits = 10;
            deflate.MinimumSize = 0;
            deflate.Alternatives.Add(new PerMessageDeflateOffer());
        })).For(transport);
        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(raw.Uri);
        using RawPeer peer = await raw.AcceptAsync();
        Assert.Equal(
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits, permessage-deflate; client_max_window_bits", peer.Header("Sec-WebSocket-Extensions"));
        await peer.UpgradeAsync("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=8\r\n");
        await using DefaultClientWebSocketSession session = await opening.Soon();

        PerMessageDeflate agreed = session.Extension<PerMessageDeflate>();
        Assert.Equal((15, 8), (agreed.ServerMaxWindowBits, agreed.ClientMaxWindowBits));
        await peer.WriteHexAsync("c1 07 f248cdc9c90700");
        Assert.Equal("Hello", ((Frame.Text)await session.Incoming.ReadAsync().Soon()).ReadText());
        session.Abort();
    }

    private static async Task FailsAsync(Transport transport, string answer, string? reason)
    {
        using RawServer raw = await RawServer.ListenAsync(transport);
        using HttpClient client = Clients.Create(ws => ws.Extensions.InstallPerMessageDeflate(deflate => deflate.ServerMaxWindowBits = 10)).For(transport);
        Task opening = client.WebSocketSessionAsync(raw.Uri);
        using RawPeer peer = await raw.AcceptAsync();
        Assert.Equal("permessage-deflate; server_max_window_bits=10; client_max_window_bits", peer.Header("Sec-WebSocket-Extensions"));

        await peer.UpgradeAsync($"Sec-WebSocket-Extensions: {answer}\r\n");

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => opening.Soon());
        Assert.Equal(HandshakeCheck.Extensions, error.Check);
        if (reason is not null)
            Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        await peer.IsReleasedAsync();
    }
}
