using Duplex.Samples;

namespace Duplex.Tests;

/// <summary>Extensions from handshake to end, over real connections; the samples among them.</summary>
public sealed class ExtensionsOverHttpTests
{
    [Fact]
    public async Task A_negotiated_extension_makes_the_round_trip_and_ends_with_its_session()
    {
        var counter = new CounterFactory();
        using var server = new RawServer();
        using HttpClient client = Clients.Create(ws => ws.Extensions.Install(counter));

        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(server.Uri);
        using RawPeer peer = await server.AcceptAsync();
        Assert.Equal("x-counter; strict, x-counter", peer.Header("Sec-WebSocket-Extensions"));
        await peer.UpgradeAsync("Sec-WebSocket-Extensions: x-counter\r\n");
        DefaultClientWebSocketSession session = await opening.Soon();

        Assert.Same(Assert.Single(counter.Made), session.Extension<CounterExtension>());
        for (int i = 0; i < 50; i++)
        {
            await session.SendAsync($"message {i}");
            byte[] frame = await ReadFrameAsync(peer.Stream);
            Assert.Equal(0x80 | 0x40 | 0x01, frame[0]);
            await peer.WriteAsync(frame); // hidden by our outgoing stream, opened by our incoming one
            Assert.Equal($"message {i}", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync().Soon()).ReadText());
        }

        Task<CloseResult> closing = session.CloseAsync();
        Assert.Equal(0x88, (await ReadFrameAsync(peer.Stream))[0]);
        await peer.WriteHexAsync("88 02 03e8");
        Assert.True((await closing.Soon()).WasClean);
        await peer.EndAsync();
        await session.DisposeAsync();
        Assert.Equal(1, counter.Made[0].Disposals);
        Assert.Null(counter.Made[0].Misuse);
    }

    [Fact]
    public async Task Many_senders_at_once_keep_a_stateful_extension_whole()
    {
        const int Senders = 6, Each = 100;
        using var server = new RawServer();
        using HttpClient client = Clients.Create(ws => ws.Extensions.Install(new CounterFactory()));
        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(server.Uri);
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync("Sec-WebSocket-Extensions: x-counter; strict\r\n");
        await using DefaultClientWebSocketSession session = await opening.Soon();

        Task echoing = Task.Run(async () =>
        {
            for (int i = 0; i < Senders * Each; i++)
                await peer.WriteAsync(await ReadFrameAsync(peer.Stream));
        });
        Task sending = Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            for (int i = 0; i < Each; i++)
                await session.SendAsync($"{sender}:{i}");
        })));

        int[] next = new int[Senders];
        for (int i = 0; i < Senders * Each; i++)
        {
            string[] parts = Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync().Soon()).ReadText().Split(':');
            Assert.Equal($"{next[parts[0][0] - '0']++}", parts[1]);
        }

        await sending.Soon();
        await echoing.Soon();
        session.Abort();
    }

    [Theory]
    [InlineData("x-counter; loud")]
    [InlineData("x-counter, x-counter")]
    [InlineData("x-other")]
    [InlineData("x-counter; strict; strict")]
    public async Task An_illegal_answer_is_refused_and_the_connection_released(string answer)
    {
        var counter = new CounterFactory();
        using var server = new RawServer();
        using HttpClient client = Clients.Create(ws => ws.Extensions.Install(counter));

        Task opening = client.WebSocketSessionAsync(server.Uri);
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync($"Sec-WebSocket-Extensions: {answer}\r\n");

        Assert.Equal(HandshakeCheck.Extensions, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => opening.Soon())).Check);
        await peer.IsReleasedAsync();
        Assert.Equal(1, Assert.Single(counter.Made).Disposals);
    }

    [Fact]
    public async Task A_raw_session_offers_nothing_and_a_bit_is_a_violation_there()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create(ws => ws.Extensions.Install(new CounterFactory()));
        Task<ClientWebSocketSession> opening = client.WebSocketRawSessionAsync(server.Uri);
        using RawPeer peer = await server.AcceptAsync();
        Assert.Null(peer.Header("Sec-WebSocket-Extensions"));
        await peer.UpgradeAsync();
        await using ClientWebSocketSession session = await opening.Soon();

        await peer.WriteHexAsync("c1 01 61");

        Assert.Empty(session.Extensions);
        await Assert.ThrowsAsync<WebSocketProtocolException>(() => session.Incoming.ReadAsync().Soon());
    }

    [Fact]
    public async Task The_sample_logger_writes_a_line_for_each_message_and_changes_none()
    {
        var lines = new List<string>();
        using var server = new RawServer();
        using HttpClient client = Clients.Create(ws => ws.Extensions.Install(new FrameLoggerFactory(), log => log.Write = line =>
        {
            lock (lines)
                lines.Add(line);
        }));
        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(server.Uri);
        using RawPeer peer = await server.AcceptAsync();
        Assert.Null(peer.Header("Sec-WebSocket-Extensions"));
        await peer.UpgradeAsync();
        await using DefaultClientWebSocketSession session = await opening.Soon();

        await session.SendAsync("out");
        Assert.Equal("out", Assert.IsType<Frame.Text>(await peer.ReceiveAsync()).ReadText());
        await peer.WriteHexAsync("01 01 69  80 01 6e");
        Assert.Equal("in", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync().Soon()).ReadText());

        Assert.IsType<FrameLogger>(Assert.Single(session.Extensions));
        lock (lines)
            Assert.Equal(["sent Frame Text (fin=True, 3 bytes)", "received Frame Text (fin=True, 2 bytes)"], lines);
        session.Abort();
    }

    [Fact]
    public async Task The_sample_with_a_bit_hides_and_opens_messages_by_the_agreed_key()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create(ws => ws.Extensions.Install(new ToyXorFactory(), xor => xor.MinimumSize = 2));
        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(server.Uri);
        using RawPeer peer = await server.AcceptAsync();
        Assert.Equal("x-toy-xor; key=42", peer.Header("Sec-WebSocket-Extensions"));
        await peer.UpgradeAsync("Sec-WebSocket-Extensions: x-toy-xor; key=\"1\"\r\n");
        await using DefaultClientWebSocketSession session = await opening.Soon();
        Assert.Equal(1, session.Extension<ToyXor>().Key);

        await session.SendAsync("bc");
        await session.SendAsync("bc", SendOptions.Untransformed, default);
        await session.SendAsync("b");
        await session.SendAsync("b", SendOptions.Transformed, default);
        foreach (string frame in (string[])["A1 02 6362", "81 02 6263", "81 01 62", "A1 01 63"])
            Assert.Equal(frame.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexString(await ReadFrameAsync(peer.Stream)));

        await peer.WriteHexAsync("a1 02 6362  81 02 6263  21 01 63  80 01 62");
        for (int i = 0; i < 3; i++)
            Assert.Equal("bc", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync().Soon()).ReadText());
        session.Abort();
    }

    [Theory]
    [InlineData("x-toy-xor")]
    [InlineData("x-toy-xor; key=256")]
    [InlineData("x-toy-xor; key")]
    [InlineData("x-toy-xor; key=1; key=2")]
    public async Task The_sample_with_a_bit_judges_the_servers_answer(string answer)
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create(ws => ws.Extensions.Install(new ToyXorFactory()));
        Task opening = client.WebSocketSessionAsync(server.Uri);
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync($"Sec-WebSocket-Extensions: {answer}\r\n");

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => opening.Soon());
        Assert.Contains("Expected one parameter, key", error.Message, StringComparison.Ordinal);
    }

    // A client's frame of up to 125 bytes as a server would send it: unmasked.
    private static async Task<byte[]> ReadFrameAsync(Stream stream)
    {
        byte[] head = new byte[6];
        await stream.ReadExactlyAsync(head).AsTask().Soon();
        byte[] payload = new byte[head[1] & 0x7F];
        await stream.ReadExactlyAsync(payload).AsTask().Soon();
        for (int i = 0; i < payload.Length; i++)
            payload[i] ^= head[2 + (i % 4)];
        return [head[0], (byte)payload.Length, .. payload];
    }
}
