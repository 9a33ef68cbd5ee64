using System.Security.Cryptography;

namespace Duplex.Tests;

/// <summary>Messages as streams, in both directions at once, against real Kestrel.</summary>
public sealed class StreamsOverHttpTests(KestrelServer server) : IClassFixture<KestrelServer>
{
    [Theory, InlineData("ws"), InlineData("wss")]
    public async Task A_message_that_is_larger_than_any_queue_comes_back_as_a_stream_while_it_is_sent_from_one(string scheme)
    {
        byte[] sent = RandomNumberGenerator.GetBytes(20 << 20);
        using HttpClient client = Clients.Create(ws => ws.Channels.Incoming = ChannelConfig.Bounded(4096, 256 * 1024));
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(
            new Uri(server[scheme], "/echo"), request => request.ReceiveMode = ReceiveMode.Streams).Soon();

        Task sending = session.SendAsync(new MemoryStream(sent)).AsTask();
        WebSocketMessageStream message = (await session.ReceiveStreamAsync().Soon())!;
        Task<TimeSpan> ping = session.PingAsync();
        byte[] received = new byte[sent.Length];
        await message.ReadExactlyAsync(received).Soon();
        Assert.Equal(0, await message.ReadAsync(new byte[1]).Soon());

        await sending.Soon();
        await ping.Soon();
        Assert.Equal(FrameType.Binary, message.Type);
        Assert.True(received.AsSpan().SequenceEqual(sent));

        // The next one is given up early, the one behind it is read: text in a file's manner.
        await session.SendAsync(sent.AsMemory(0, 1 << 20)).Soon();
        await session.SendAsync("first\nsecond\n").Soon();
        WebSocketMessageStream skipped = (await session.ReceiveStreamAsync().Soon())!;
        Assert.InRange(await skipped.ReadAsync(new byte[10]).Soon(), 1, 10);
        await skipped.DisposeAsync().Soon();
        using (var text = new StreamReader((await session.ReceiveStreamAsync().Soon())!))
        {
            Assert.Equal("first", await text.ReadLineAsync(TestContext.Current.CancellationToken).Soon());
            Assert.Equal("second", await text.ReadLineAsync(TestContext.Current.CancellationToken).Soon());
        }

        CloseResult end = await session.CloseAsync().Soon();
        Assert.True(end.WasClean);
        Assert.Null(await session.ReceiveStreamAsync().Soon());
    }

    [Fact]
    public async Task A_raw_session_sends_from_a_stream_and_gets_the_frames_of_the_wire()
    {
        using HttpClient client = Clients.Create();
        await using ClientWebSocketSession session = await client.WebSocketRawSessionAsync(new Uri(server["ws"], "/echo")).Soon();

        await session.SendAsync(new MemoryStream(new byte[100_000])).Soon();

        int total = 0;
        Frame frame;
        do
        {
            frame = await session.Incoming.ReadAsync().Soon();
            total += frame.Data.Length;
        }
        while (!frame.Fin);
        Assert.Equal(100_000, total);
    }

    [Fact]
    public async Task A_raw_session_refuses_streams_before_it_connects()
    {
        using HttpClient client = Clients.Create();

        await Assert.ThrowsAsync<ArgumentException>(() => client.WebSocketRawSessionAsync(
            new Uri("ws://127.0.0.1:1/nobody-listens"), request => request.ReceiveMode = ReceiveMode.Streams).Soon());
    }
}
