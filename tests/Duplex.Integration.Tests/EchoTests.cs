using System.Security.Cryptography;

namespace Duplex.Tests;

public sealed class EchoTests(KestrelServer server) : IClassFixture<KestrelServer>
{
    public static TheoryData<string> Schemes => ["ws", "wss"];

    [Theory, MemberData(nameof(Schemes))]
    [KtorParity("options/HttpClientConfig.WebSockets", "frames/readBytes")]
    [KtorParity("test-life/WebSocketTest.testWebsocketSession")]
    public async Task Text_binary_and_fragments_come_back(string scheme)
    {
        using HttpClient client = Clients.Create();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server[scheme], "/echo")).Soon();

        await session.SendAsync("Hello, WebSocket!");
        Assert.Equal("Hello, WebSocket!", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync().Soon()).ReadText());

        await session.SendAsync(new byte[] { 1, 2, 3 });
        Assert.Equal([1, 2, 3], Assert.IsType<Frame.Binary>(await session.Incoming.ReadAsync().Soon()).ReadBytes());

        await session.SendAsync(new Frame.Text(fin: false, "A"u8.ToArray()));
        await session.SendAsync(new Frame.Text(fin: false, "B"u8.ToArray()));
        await session.SendAsync(new Frame.Text(fin: true, "C"u8.ToArray()));
        Assert.Equal("ABC", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync().Soon()).ReadText());

        CloseResult end = await session.CloseAsync().Soon();
        Assert.True(end.WasClean);
        Assert.Equal(CloseReason.Normal, end.Received);
    }

    [Theory, MemberData(nameof(Schemes))]
    [KtorParity("test-protocol/WebSocketEngineSuite.testBigFrame-server")]
    public async Task A_large_message_comes_back(string scheme)
    {
        using HttpClient client = Clients.Create();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server[scheme], "/echo")).Soon();
        byte[] large = RandomNumberGenerator.GetBytes(20 << 20);

        Task sending = session.SendAsync(large).AsTask();
        Frame echoed = await session.Incoming.ReadAsync().Soon();

        await sending.Soon();
        Assert.True(echoed.Data.Span.SequenceEqual(large));
    }

    [Fact]
    [KtorParity("test-protocol/testReceiveMessages", "test-protocol/testProduceMessages")]
    public async Task Every_length_of_125_texts_comes_back_in_order()
    {
        using HttpClient client = Clients.Create();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server["ws"], "/echo")).Soon();

        for (int length = 0; length <= 125; length++)
            await session.SendAsync(new string('x', length));

        for (int length = 0; length <= 125; length++)
            Assert.Equal(new string('x', length), Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync().Soon()).ReadText());
    }

    [Theory, MemberData(nameof(Schemes))]
    public async Task Messages_of_16_concurrent_senders_arrive_whole_and_in_order_for_each(string scheme)
    {
        const int Senders = 16, Each = 625;
        using HttpClient client = Clients.Create();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server[scheme], "/echo")).Soon();

        Task sending = Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            for (int number = 0; number < Each; number++)
                await session.SendAsync($"{sender}:{number}:{new string('y', (sender * 37 + number) % 300)}");
        })));

        int[] next = new int[Senders];
        for (int i = 0; i < Senders * Each; i++)
        {
            Frame frame = await session.Incoming.ReadAsync().Soon();
            string[] parts = Assert.IsType<Frame.Text>(frame).ReadText().Split(':');
            int sender = int.Parse(parts[0], null);
            Assert.Equal(next[sender]++, int.Parse(parts[1], null));
            Assert.Equal((sender * 37 + next[sender] - 1) % 300, parts[2].Length);
            frame.Recycle();
        }

        await sending.Soon();
    }

    [Theory, MemberData(nameof(Schemes))]
    [KtorParity("test-life/WebSocketTest.testParallelWebsocketSessions")]
    public async Task Each_of_100_parallel_sessions_sees_its_own_messages_only(string scheme)
    {
        using HttpClient client = Clients.Create();

        await Task.WhenAll(Enumerable.Range(0, 100).Select(async number =>
        {
            await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server[scheme], "/echo"));
            for (int i = 0; i < 20; i++)
            {
                await session.SendAsync($"{number}/{i}");
                Assert.Equal($"{number}/{i}", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync()).ReadText());
            }

            Assert.True((await session.CloseAsync()).WasClean);
        })).Soon();
    }

    [Theory, MemberData(nameof(Schemes))]
    public async Task A_ping_gives_its_round_trip(string scheme)
    {
        using HttpClient client = Clients.Create();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(server[scheme], "/echo")).Soon();

        TimeSpan roundTrip = await session.PingAsync().Soon();

        Assert.True(roundTrip > TimeSpan.Zero);
        Assert.Equal(roundTrip, session.LastRoundTripTime);
    }

    [Fact]
    public async Task The_servers_close_ends_the_enumeration()
    {
        using HttpClient client = Clients.Create();
        client.DefaultRequestHeaders.UserAgent.ParseAdd("duplex-tests/1.0");
        var texts = new List<string>();

        CloseResult end = await client.WebSocketAsync(new Uri(server["ws"], "/greet?name=x"), async session =>
        {
            Assert.Equal("greet.v1", session.Call.Subprotocol);
            await foreach (Frame frame in session.Incoming)
                texts.Add(((Frame.Text)frame).ReadText());
            return await session.CloseAsync();
        }, request => request.Subprotocols.Add("greet.v1")).Soon();

        Assert.Equal(["duplex-tests/1.0|x|greet.v1"], texts);
        Assert.Equal(new CloseReason((CloseCode)4001, "greeted"), end.Received);
        Assert.Equal(CloseInitiator.Remote, end.Initiator);
        Assert.True(end.WasClean);
    }
}
