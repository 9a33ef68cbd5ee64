using System.Buffers;
using System.IO.Compression;
using System.Text;
using CsCheck;

namespace Duplex.Tests;

public class PerMessageDeflateTests
{
    [Fact]
    [KtorParity("extensions/configureProtocols")]
    public void All_offers_are_made_in_order_of_preference()
    {
        using PerMessageDeflate extension = Make(options =>
        {
            options.ServerMaxWindowBits = 10;
            options.Alternatives.Add(new() { ServerContextTakeover = false });
            options.Alternatives.Add(new() { AllowsClientMaxWindowBits = false });
        });

        Assert.Equal(
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits, permessage-deflate; server_no_context_takeover; client_max_window_bits, permessage-deflate",
            WebSocketExtensionHeader.FormatList(extension.Offers));
    }

    [Theory]
    [InlineData("permessage-deflate", true, true, 15, 15)]
    [InlineData("permessage-deflate; server_no_context_takeover; client_no_context_takeover", false, false, 15, 15)]
    [InlineData("permessage-deflate; server_max_window_bits=9; client_max_window_bits=8", true, true, 9, 8)]
    [KtorParity("test-protocol/WebSocketDeflateTest-takeover")]
    public void The_properties_tell_what_was_agreed_on(string answer, bool serverTakeover, bool clientTakeover, int serverBits, int clientBits)
    {
        using PerMessageDeflate extension = Deflating.Accepted(answer);
        Assert.Equal(
            (serverTakeover, clientTakeover, serverBits, clientBits),
            (extension.ServerContextTakeover, extension.ClientContextTakeover, extension.ServerMaxWindowBits, extension.ClientMaxWindowBits));
    }

    [Fact]
    [KtorParity("extensions/clientNoContextTakeOver-serverNoContextTakeOver")]
    public void Our_own_wish_to_take_nothing_over_holds_whatever_the_server_says()
    {
        using PerMessageDeflate extension = Deflating.Accepted("permessage-deflate", options => options.ClientContextTakeover = false);
        Assert.False(extension.ClientContextTakeover);
        Assert.Equal(extension.Compress("Hello"u8), extension.Compress("Hello"u8));
    }

    [Theory]
    [InlineData("server_max_window_bits=8; client_max_window_bits=9", null)] // the first
    [InlineData("server_no_context_takeover", null)] // the second
    [InlineData("server_no_context_takeover; client_max_window_bits=9", "server_max_window_bits of at most 10")]
    [InlineData("", "server_max_window_bits of at most 10")]
    [InlineData("x", "another parameter")]
    public void An_answer_must_fit_one_of_the_offers(string parameters, string? expected)
    {
        using PerMessageDeflate extension = Make(options =>
        {
            options.ServerMaxWindowBits = 10;
            options.Alternatives.Add(new() { ServerContextTakeover = false, AllowsClientMaxWindowBits = false });
        });
        string answer = parameters.Length == 0 ? "permessage-deflate" : $"permessage-deflate; {parameters}";

        Assert.Equal(expected is null, extension.TryAccept(WebSocketExtensionHeader.ParseList(answer)[0], out string? error));

        if (expected is not null)
            Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(128, SendTransform.Default, true)]
    [InlineData(127, SendTransform.Default, false)]
    [InlineData(127, SendTransform.Always, true)]
    [InlineData(9999, SendTransform.Never, false)]
    [KtorParity("extensions/compressIf-compressIfBiggerThan")]
    public void Size_and_wish_decide(int size, SendTransform wish, bool expected)
    {
        using PerMessageDeflate extension = Make();
        Assert.Equal(expected, extension.TransformsOutgoing(MessagePart.Whole(FrameType.Text, new byte[size]), wish));
    }

    [Fact]
    public void What_begins_in_fragments_is_compressed_however_small_they_are()
    {
        using PerMessageDeflate extension = Make();
        var first = new MessagePart { Type = FrameType.Text, Data = "x"u8, StartsMessage = true, StartsFrame = true, EndsFrame = true };
        Assert.True(extension.TransformsOutgoing(first, SendTransform.Default));
    }

    [Fact]
    [KtorParity("extensions/compressIf-compressIfBiggerThan")]
    public void A_condition_is_asked_where_nothing_else_decides()
    {
        int asked = 0;
        using PerMessageDeflate extension = Make(options => options.CompressIf = message => ++asked > 0 && message.Type == FrameType.Text);

        bool Decide(FrameType type, int size, SendTransform wish = SendTransform.Default) => extension.TransformsOutgoing(MessagePart.Whole(type, new byte[size]), wish);
        Assert.True(Decide(FrameType.Text, 500));
        Assert.False(Decide(FrameType.Binary, 500));
        Assert.Equal(2, asked);
        Assert.True(Decide(FrameType.Binary, 500, SendTransform.Always));
        Assert.False(Decide(FrameType.Text, 500, SendTransform.Never));
        Assert.False(Decide(FrameType.Text, 5));
        Assert.Equal(2, asked);
    }

    [Fact]
    public void Without_a_level_messages_are_sent_as_they_are_and_received_compressed()
    {
        using PerMessageDeflate extension = Deflating.Accepted(configure: options => options.Level = CompressionLevel.NoCompression);
        Assert.False(extension.TransformsOutgoing(MessagePart.Whole(FrameType.Text, new byte[500]), SendTransform.Always));
        Assert.Equal("Hello"u8.ToArray(), extension.Expand(Hex.Bytes("f2 48 cd c9 c9 07 00")));
    }

    [Fact]
    public void A_sender_cannot_set_its_bit()
    {
        using PerMessageDeflate extension = Make();
        Assert.Throws<ArgumentException>(() => extension.TransformsOutgoing(MessagePart.Whole(FrameType.Text, "x"u8, ReservedBits.Rsv1), SendTransform.Never));
    }

    [Fact]
    [KtorParity("extensions/compression-outgoing-frames")]
    public void The_bit_is_set_on_the_first_frame_alone()
    {
        using PerMessageDeflate extension = Deflating.Accepted();
        var output = new ArrayBufferWriter<byte>();
        Assert.Equal(ReservedBits.Rsv1, extension.ProcessOutgoing(new MessagePart { Type = FrameType.Text, StartsMessage = true }, output).Reserved);
        Assert.Equal(ReservedBits.None, extension.ProcessOutgoing(new MessagePart { Type = FrameType.Text, EndsMessage = true }, output).Reserved);
        Assert.Equal([0], output.WrittenSpan.ToArray());
    }

    [Fact]
    public void A_message_without_the_bit_is_left_alone_between_others()
    {
        using var receiver = new Receiver([Deflating.Accepted()]);

        receiver.Feed("c1 07 f248cdc9c90700  81 02 4869  c1 05 f200110000");

        Assert.Equal(["Hello", "Hi", "Hello"], receiver.Frames.Select(frame => ((Frame.Text)frame).ReadText()));
        Assert.All(receiver.Frames, frame => Assert.Equal(ReservedBits.None, frame.Reserved));
    }

    [Fact]
    [KtorParity("test-protocol/WebSocketDeflateTest-a-later-fragment")]
    public void Fragments_of_section_7_2_3_1_are_one_message_and_control_frames_stand_between_them()
    {
        using var receiver = new Receiver([Deflating.Accepted()]);

        receiver.Feed("41 03 f248cd  89 01 70  80 04 c9c90700");

        Assert.Equal([FrameType.Ping, FrameType.Text], receiver.Frames.Select(frame => frame.Type));
        Assert.Equal("Hello", ((Frame.Text)receiver.Frames[1]).ReadText());
    }

    [Theory]
    [InlineData("c9 01 70")] // a ping
    [InlineData("c8 02 03e8")] // a Close
    [InlineData("41 03 f248cd  c0 04 c9c90700")] // a continuation
    [InlineData("d1 01 00")] // another bit
    public void The_bit_anywhere_else_is_1002(string wire)
    {
        using var receiver = new Receiver([Deflating.Accepted()]);
        Assert.Equal(CloseCode.ProtocolError, receiver.Feed(wire).Violation?.Code);
    }

    [Fact]
    public void Text_is_judged_as_it_is_expanded_before_its_message_ends()
    {
        byte[] wire = Deflating.Accepted().Compress([.. "ab"u8, 0xE2, 0x82, 0xAC, 0xFF, .. "cd"u8]);
        using var receiver = new Receiver([Deflating.Accepted()]);

        receiver.Feed(new WireFrame(Opcode.Text, wire, Fin: false, ReservedBits.Rsv1).Encode(WebSocketRole.Server));

        Assert.Equal(CloseCode.InvalidFramePayloadData, receiver.Violation?.Code);
    }

    [Theory, InlineData(1000, true), InlineData(999, false)]
    [KtorParity("extensions/maxInflatedFrameSize")]
    public void The_limit_of_a_message_holds_for_what_it_becomes(int limit, bool fits)
    {
        using var receiver = new Receiver([Deflating.Accepted()], maxMessageSize: limit);

        receiver.Feed(new WireFrame(Opcode.Binary, Deflating.Accepted().Compress(new byte[1000]), true, ReservedBits.Rsv1).Encode(WebSocketRole.Server));

        Assert.Equal(fits ? null : CloseCode.MessageTooBig, receiver.Violation?.Code);
        Assert.Equal(fits ? 1 : 0, receiver.Frames.Count);
    }

    [Fact]
    public void Its_counters_tell_what_compression_saves()
    {
        using PerMessageDeflate extension = Deflating.Accepted();
        byte[] wire = extension.Compress(Encoding.ASCII.GetBytes(Samples.Json(1000)));
        extension.Compress([]);
        extension.Expand(wire);
        extension.Expand([0]);

        Assert.Equal((1000, wire.Length + 1), (extension.SentBytes, extension.SentCompressedBytes));
        Assert.Equal((1000, wire.Length + 1), (extension.ReceivedBytes, extension.ReceivedCompressedBytes));
        Assert.InRange(wire.Length, 100, 500);
    }

    [Fact]
    public void Before_it_is_accepted_it_transforms_nothing()
    {
        using PerMessageDeflate extension = Make();
        Assert.Throws<InvalidOperationException>(() => extension.Compress("x"u8));
        Assert.Throws<InvalidOperationException>(() => extension.Expand("x"u8));
    }

    [Fact]
    public void Once_it_has_warmed_up_a_message_allocates_nothing_in_either_direction()
    {
        var pool = new CountingPool();
        using PerMessageDeflate extension = Deflating.Accepted();
        var output = new PooledOutput(ArrayPool<byte>.Shared);
        byte[] message = Encoding.ASCII.GetBytes(Samples.Json(1024));
        byte[] wire = new byte[2000];
        long allocated = long.MaxValue;
        for (int round = 0; round < 3; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++)
            {
                output.Begin(starts: true, 2000);
                extension.ProcessOutgoing(MessagePart.Whole(FrameType.Binary, message), output);
                int length = output.Written.Length;
                output.Written.Span.CopyTo(wire);
                output.Clear();
                output.Begin(starts: true, 2000);
                extension.ProcessIncoming(MessagePart.Whole(FrameType.Binary, wire.AsSpan(0, length), ReservedBits.Rsv1), output);
                output.Clear();
            }

            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, pool.Outstanding);
        Assert.Equal(3 * 1000 * 1024, extension.ReceivedBytes);
        Assert.InRange(allocated, 0, 100); // for 1,000 messages
    }

    [Fact]
    [KtorParity("test-protocol/WebSocketDeflateTest-payloads")]
    public void Any_messages_in_any_fragments_and_chunks_come_back_with_and_without_takeover()
    {
        Gen<byte[]> data = Gen.OneOf(
            Gen.Select(Gen.Int[0, 3000], Gen.Int[0, 99], (size, seed) => Encoding.ASCII.GetBytes(Samples.Json(size, seed))),
            Gen.Select(Gen.OneOf(0, 1, 1023, 1024, 1025, 8191, 8192, 70_000), Gen.Int[0, 99], Samples.Noise),
            Gen.Int[0, 200_000].Select(size => new byte[size]));
        Gen<string> answer = Gen.OneOf("", "; server_no_context_takeover; client_no_context_takeover", "; client_max_window_bits=9");
        Gen.Select(Gen.Select(data, Gen.Int[0, 3]).Array[1, 6], Gen.Int[0, 300_000].Array[0, 3], FrameStreams.Chunks, answer, Gen.Bool).Sample((messages, cuts, chunks, agreed, inPieces) =>
        {
            var pool = new CountingPool();
            using PerMessageDeflate sender = Deflating.Accepted("permessage-deflate" + agreed);
            var outgoing = new OutgoingTransform(new ExtensionChain(sender), pool);
            byte[] wire = [.. messages.SelectMany(message => Encode(outgoing, message.Item1, message.Item2 > 0, cuts))];
            using PerMessageDeflate receiving = Deflating.Accepted("permessage-deflate" + agreed, options => options.MaxExpansion = 2000);
            using var receiver = new Receiver([receiving], output: inPieces ? AssemblerOutput.Pieces : AssemblerOutput.Messages);

            receiver.FeedChunks(wire, chunks);

            Assert.Null(receiver.Violation);
            Assert.Equal(messages.Select(message => FrameValue.Of(FrameType.Binary, true, ReservedBits.None, message.Item1)), inPieces ? FrameStreams.Joined(receiver.Frames) : receiver.Values);
            Assert.Equal(0, pool.Outstanding);
        }, iter: 300, print: sample => $"{string.Join(", ", sample.Item1.Select(message => $"{message.Item1.Length} {message.Item2}"))}; cuts {string.Join(' ', sample.Item2)}; chunks {string.Join(' ', sample.Item3)}; {sample.Item4}; pieces {sample.Item5}");
    }

    // What the other end sends: a message in fragments of one compressed whole.
    private static byte[] Encode(OutgoingTransform transform, byte[] data, bool isCompressed, int[] cuts)
    {
        int[] ends = [.. cuts.Select(cut => cut % (data.Length + 1)).Order(), data.Length];
        var wire = new List<byte>();
        for (int i = 0, at = 0; i < ends.Length; at = ends[i++])
        {
            bool starts = i == 0, fin = i == ends.Length - 1;
            ReadOnlyMemory<byte> payload = data.AsMemory(at..ends[i]);
            ReservedBits bits = ReservedBits.None;
            if (starts)
                Assert.True(transform.TryDecide(FrameType.Binary, payload.Span, fin, bits, isCompressed ? SendTransform.Default : SendTransform.Never));
            if (transform.IsActive)
                Assert.True(transform.TryProcess(FrameType.Binary, payload, starts, fin, ref bits, out payload, out _, out _));
            wire.AddRange(new WireFrame(starts ? Opcode.Binary : Opcode.Continuation, payload.ToArray(), fin) { Reserved = bits }.Encode(WebSocketRole.Server));
            transform.Clear();
        }

        return [.. wire];
    }

    private static PerMessageDeflate Make(Action<PerMessageDeflateOptions>? configure = null)
    {
        var options = new PerMessageDeflateOptions();
        configure?.Invoke(options);
        return new PerMessageDeflateFactory().Create(options);
    }
}
