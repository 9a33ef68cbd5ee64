using System.Buffers;
using System.IO.Compression;
using System.Text;

namespace Duplex.Tests;

/// <summary>
/// Sessions whose messages are compressed, beside a peer that compresses by the same codec, and peers that do not mean well. Some measure what the whole process allocates, so no
/// other test may run beside them.
/// </summary>
[CollectionDefinition(nameof(CompressionTests), DisableParallelization = true)]
[Collection(nameof(CompressionTests))]
public sealed class CompressionTests : IDisposable
{
    private readonly PerMessageDeflate _deflate = Deflating.Accepted();
    private readonly PerMessageDeflate _peers = Deflating.Accepted();

    public void Dispose() => _peers.Dispose();

    [Fact]
    public async Task Messages_go_out_and_come_in_compressed_and_control_frames_as_they_are()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        for (int i = 0; i < 5; i++)
        {
            string text = Samples.Json(1000, i);
            await test.Session.SendAsync(Encoding.ASCII.GetBytes(text));
            Frame sent = await test.Peer.ReceiveAsync();
            Assert.Equal((FrameType.Binary, true, ReservedBits.Rsv1), (sent.Type, sent.Fin, sent.Reserved));
            Assert.InRange(sent.Data.Length, 1, 600);
            Assert.Equal(text, Encoding.ASCII.GetString(_peers.Expand(sent.Data.Span)!));

            test.Peer.SendHex("89 01 70");
            SendCompressed(test, Opcode.Text, Encoding.ASCII.GetBytes(text));
            Assert.Equal("Pong(70)", await test.SentAsync());
            Frame received = await test.Session.Incoming.ReadAsync().Soon();
            Assert.Equal((ReservedBits.None, text), (received.Reserved, ((Frame.Text)received).ReadText()));
            received.Recycle();
        }

        Assert.Equal((5000, 5000), (_deflate.SentBytes, _deflate.ReceivedBytes));
        Assert.Same(_deflate, test.Session.Extension<PerMessageDeflate>());
    }

    [Fact]
    public async Task A_sender_can_keep_a_message_out_of_it()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();

        await test.Session.SendAsync("secret", SendOptions.Untransformed, default);
        Frame sent = await test.Peer.ReceiveAsync();

        Assert.Equal((ReservedBits.None, "secret"), (sent.Reserved, ((Frame.Text)sent).ReadText()));
        await SendsCompressedAsync(test);
    }

    [Fact]
    [KtorParity("untested/compression-with-fragments", "weakness/16-compression")]
    public async Task A_message_from_a_stream_is_compressed_as_one_and_pings_go_between()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        byte[] content = [.. Encoding.ASCII.GetBytes(Samples.Json(150_000)), .. Samples.Noise(100_000)];
        using var source = new MemoryStream(content);

        Task sending = test.Session.SendAsync(source).AsTask();
        await test.Session.SendAsync(new Frame.Ping("p"u8.ToArray()));
        List<Frame> frames = [];
        while (!frames.Any(frame => frame.Type == FrameType.Ping) || !frames.Any(frame => frame is { Fin: true, Type: FrameType.Binary }))
            frames.Add(await test.Peer.ReceiveAsync());
        await sending.Soon();

        Frame[] fragments = [.. frames.Where(frame => frame.Type == FrameType.Binary)];
        Assert.Equal([ReservedBits.Rsv1, .. fragments.Skip(1).Select(_ => ReservedBits.None)], fragments.Select(frame => frame.Reserved));
        byte[] wire = [.. fragments.SelectMany(frame => frame.Data.ToArray())];
        Assert.InRange(wire.Length, 100_000, 170_000);
        Assert.Equal(content, _peers.Expand(wire));
        await SendsCompressedAsync(test);
    }

    [Fact]
    public async Task Senders_at_the_same_time_are_compressed_in_the_order_of_the_wire()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();

        Task sending = Task.WhenAll(Enumerable.Range(0, 4).Select(sender => Task.Run(async () =>
        {
            for (int i = 0; i < 50; i++)
                await test.Session.SendAsync(Encoding.ASCII.GetBytes($"{sender}:{i}:{Samples.Json(300, i)}"));
        })));

        int[] next = new int[4];
        for (int i = 0; i < 200; i++)
        {
            string[] parts = Encoding.ASCII.GetString(_peers.Expand((await test.Peer.ReceiveAsync()).Data.Span)!).Split(':', 3);
            Assert.Equal($"{next[parts[0][0] - '0']}:{Samples.Json(300, next[parts[0][0] - '0']++)}", $"{parts[1]}:{parts[2]}");
        }

        await sending.Soon();
    }

    [Fact]
    public async Task A_condition_that_throws_fails_that_send_and_nothing_else()
    {
        bool throws = true;
        using PerMessageDeflate deflate = Deflating.Accepted(configure: options => options.CompressIf = _ => throws ? throw new FormatException() : true);
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(deflate);

        await Assert.ThrowsAsync<FormatException>(() => test.Session.SendAsync("x").Soon());
        throws = false;
        await SendsCompressedAsync(test);
    }

    [Fact]
    public async Task A_frame_with_the_bit_is_refused_and_nothing_is_lost()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();

        await Assert.ThrowsAsync<ArgumentException>(() => test.Session.SendAsync(new Frame.Binary(true, new byte[] { 0 }, rsv1: true)).Soon());

        await SendsCompressedAsync(test);
    }

    [Theory]
    [InlineData("c1 02 07 00", "Close(1007 InvalidFramePayloadData)")] // no block
    [InlineData("c1 05 f2 00 11 00 00", "Close(1007 InvalidFramePayloadData)")] // refers to before the beginning
    [InlineData("c1 00", "Close(1007 InvalidFramePayloadData)")] // nothing at all
    [InlineData("c1 07 00 01 00 fe ff ff 00", "Close(1007 InvalidFramePayloadData)")] // expands to what is no text
    [InlineData("41 06 00 01 00 fe ff ff", "Close(1007 InvalidFramePayloadData)")] // likewise, noticed before the message ends
    [InlineData("c9 00", "Close(1002 ProtocolError)")]
    [InlineData("41 03 f2 48 cd  c0 04 c9 c9 07 00", "Close(1002 ProtocolError)")]
    [KtorParity("extensions/compression-incoming-frames")]
    public async Task What_breaks_the_rules_ends_the_session_with_its_code(string wire, string close)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();

        test.Peer.SendHex(wire);

        await Assert.ThrowsAsync<WebSocketProtocolException>(() => test.Session.Incoming.ReadAsync().Soon());
        Assert.Equal(close, await test.SentAsync());
    }

    [Fact]
    public async Task A_message_that_ends_too_early_is_found_by_what_follows()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();

        test.Peer.SendHex("c2 08 00 0a 00 f5 ff 61 62 63  c2 08 00 0a 00 f5 ff 61 62 63"); // 3 bytes where the block has 10

        await Assert.ThrowsAsync<WebSocketProtocolException>(async () =>
        {
            while (true)
                (await test.Session.Incoming.ReadAsync().Soon()).Recycle();
        });
        Assert.Equal("Close(1007 InvalidFramePayloadData)", await test.SentAsync());
    }

    [Theory, InlineData(ReceiveMode.Messages), InlineData(ReceiveMode.Streams)]
    [KtorParity("test-protocol/WebSocketDeflateTest-32-MiB-of-zeros-against")]
    public async Task A_bomb_of_1_GiB_in_1_MiB_ends_with_1009_in_little_memory(ReceiveMode mode)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(_deflate, mode);
        byte[] bomb = Bomb();
        Assert.InRange(bomb.Length, 1 << 19, 1 << 20);

        long before = GC.GetTotalAllocatedBytes(precise: true);
        test.Peer.SendFrame(Opcode.Binary, bomb, reserved: ReservedBits.Rsv1);

        Assert.Equal("Close(1009 MessageTooBig)", await test.SentAsync());
        Assert.InRange(test.Pool.PeakBytes, 1, 4 << 20);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 1, 32 << 20); // arrays of the pool, and what the peer has written
        FrameTooBigException error = await Assert.ThrowsAsync<FrameTooBigException>(() => DrainAsync(test, mode));
        Assert.Contains("MaxExpansion", error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(ReceiveMode.Messages), InlineData(ReceiveMode.Streams)]
    public async Task A_message_of_final_blocks_ends_with_1009_and_costs_next_to_nothing(ReceiveMode mode)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(_deflate, mode);
        byte[] wire = [.. Enumerable.Repeat((byte[])[0x03, 0x00], 1 << 19).SelectMany(bytes => bytes)];

        long before = GC.GetTotalAllocatedBytes(precise: true);
        test.Peer.SendFrame(Opcode.Binary, wire, reserved: ReservedBits.Rsv1);

        Assert.Equal("Close(1009 MessageTooBig)", await test.SentAsync());
        Assert.InRange(test.Pool.PeakBytes, 1, 1 << 20);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 1, 32 << 20); // the peer's copies of it; a codec for each block would take 108 MiB
        FrameTooBigException error = await Assert.ThrowsAsync<FrameTooBigException>(() => DrainAsync(test, mode));
        Assert.Contains("final blocks", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [KtorParity("test-protocol/WebSocketDeflateTest-32-MiB-of-zeros-against")]
    public async Task Without_that_guard_the_limit_of_a_message_ends_it()
    {
        using PerMessageDeflate deflate = Deflating.Accepted(configure: options => options.MaxExpansion = int.MaxValue);
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(deflate, limit: 3 << 20);

        test.Peer.SendFrame(Opcode.Binary, Bomb(), reserved: ReservedBits.Rsv1);

        Assert.Equal("Close(1009 MessageTooBig)", await test.SentAsync());
        Assert.InRange(test.Pool.PeakBytes, 1, 8 << 20);
        FrameTooBigException error = await Assert.ThrowsAsync<FrameTooBigException>(() => DrainAsync(test, ReceiveMode.Messages));
        Assert.Equal(3 << 20, error.Limit);
    }

    [Fact]
    public async Task A_stream_without_any_limit_still_takes_no_more_memory_than_the_queue_and_one_piece()
    {
        using PerMessageDeflate deflate = Deflating.Accepted(configure: options => options.MaxExpansion = int.MaxValue);
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(deflate, ReceiveMode.Streams);
        const int Size = 64 << 20; // of many reads, and sixteen times what the queue holds

        test.Peer.SendFrame(Opcode.Binary, _peers.Compress(new byte[Size]), reserved: ReservedBits.Rsv1);
        await using WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        await Patience.Until(() => test.Pool.PeakBytes > 4 << 20); // the queue is full
        byte[] buffer = new byte[100_000];
        long count = 0;
        while (await message.ReadAsync(buffer).Soon() is > 0 and var read)
        {
            Assert.Equal(-1, buffer.AsSpan(0, read).IndexOfAnyExcept((byte)0));
            count += read;
        }

        Assert.Equal(Size, count);
        Assert.InRange(test.Pool.PeakBytes, 1, 8 << 20); // 4 MiB queued; and a piece of 1 MiB, which grows by doubling
    }

    [Fact]
    public async Task Received_as_a_stream_a_text_is_expanded_and_judged_as_it_comes()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(_deflate, ReceiveMode.Streams);
        string text = Samples.Json(200_000);
        byte[] wire = _peers.Compress(Encoding.ASCII.GetBytes(text));
        test.Peer.SendFrame(Opcode.Text, wire.AsSpan(0, 1000), fin: false, ReservedBits.Rsv1);
        await using WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        using var reader = new StreamReader(message, Encoding.ASCII);
        char[] first = new char[500];
        Assert.Equal(500, await reader.ReadBlockAsync(first).Soon());

        test.Peer.SendFrame(Opcode.Continuation, wire.AsSpan(1000));

        Assert.Equal(text, new string(first) + await reader.ReadToEndAsync().Soon());
    }

    // 1 GiB of zeros: whatever a part behind others becomes stands for every later one, too.
    private static byte[] Bomb()
    {
        using var deflater = new MessageDeflater(CompressionLevel.SmallestSize, takesOver: true, 15);
        var first = new ArrayBufferWriter<byte>();
        var next = new ArrayBufferWriter<byte>();
        byte[] zeros = new byte[16 << 20];
        deflater.Deflate(zeros, ends: false, first);
        deflater.Deflate(zeros, ends: false, next);
        next.Clear();
        deflater.Deflate(zeros, ends: false, next);
        return [.. first.WrittenSpan, 0x00, 0x00, 0xFF, 0xFF, .. Enumerable.Repeat(next.WrittenSpan[4..].ToArray().Concat((byte[])[0x00, 0x00, 0xFF, 0xFF]), 63).SelectMany(bytes => bytes)];
    }

    private static async Task DrainAsync(SessionUnderTest<DefaultWebSocketSession> test, ReceiveMode mode)
    {
        if (mode == ReceiveMode.Streams)
        {
            await using WebSocketMessageStream? message = await test.Session.ReceiveStreamAsync().Soon();
            await message!.CopyToAsync(Stream.Null).Soon();
        }

        await test.Session.Incoming.ReadAsync().Soon();
    }

    // Whatever went before, the peer still knows what we mean.
    private async Task SendsCompressedAsync(SessionUnderTest<DefaultWebSocketSession> test)
    {
        string text = Samples.Json(200);
        await test.Session.SendAsync(Encoding.ASCII.GetBytes(text));
        Frame sent = await test.Peer.ReceiveAsync();
        Assert.Equal(ReservedBits.Rsv1, sent.Reserved);
        Assert.Equal(text, Encoding.ASCII.GetString(_peers.Expand(sent.Data.Span)!));
    }

    private void SendCompressed(SessionUnderTest<DefaultWebSocketSession> test, Opcode opcode, byte[] message) =>
        test.Peer.SendFrame(opcode, _peers.Compress(message), reserved: ReservedBits.Rsv1);

    private SessionUnderTest<DefaultWebSocketSession> Open() => Open(_deflate);

    private static SessionUnderTest<DefaultWebSocketSession> Open(PerMessageDeflate deflate, ReceiveMode mode = ReceiveMode.Messages, long? limit = null) =>
        SessionUnderTest.Default(settings => settings with
        {
            ReceiveMode = mode,
            Connection = settings.Connection with
            {
                Extensions = new ExtensionChain(deflate),
                MaxMessageSize = limit ?? (mode == ReceiveMode.Streams ? long.MaxValue : settings.Connection.MaxMessageSize),
            },
        });
}
