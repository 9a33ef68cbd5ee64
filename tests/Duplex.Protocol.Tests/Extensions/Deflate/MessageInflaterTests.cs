using System.Buffers;
using System.IO.Compression;
using System.Text;
using CsCheck;

namespace Duplex.Tests;

public class MessageInflaterTests
{
    [Theory]
    [InlineData("f2 48 cd c9 c9 07 00", "Hello")] // RFC 7692 §7.2.3.1
    [InlineData("f2 48 cd c9 c9 07 00 | f2 00 11 00 00", "Hello|Hello")] // §7.2.3.2
    [InlineData("00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello")] // §7.2.3.3
    [InlineData("f3 48 cd c9 c9 07 00 00", "Hello")] // §7.2.3.4
    [InlineData("f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello")] // §7.2.3.5
    [InlineData("00", "")] // §7.2.3.6
    [InlineData("00 | f2 48 cd c9 c9 07 00 | 00 | 00 | f2 00 11 00 00", "|Hello|||Hello")]
    [InlineData("f3 48 cd c9 c9 07 00 00 | f2 48 cd c9 c9 07 00 | f2 00 11 00 00", "Hello|Hello|Hello")]
    [InlineData("f3 48 cd c9 c9 07 00 00 | f3 48 cd c9 c9 07 00 00 | 00 | f3 48 cd c9 c9 07 00 00", "Hello|Hello||Hello")]
    [InlineData("f2 48 cd c9 c9 07 00 | f3 00 11 00 00 | f2 48 cd c9 c9 07 00", "Hello|Hello|Hello")] // a final block that refers to the message before
    [InlineData("01 00 00 ff ff 00 | f2 48 cd c9 c9 07 00", "|Hello")] // a final block of nothing
    [InlineData("03 00 03 00 01 00 00 ff ff 00 | f2 48 cd c9 c9 07 00", "|Hello")]
    [InlineData("f3 48 cd c9 c9 07 00 f3 48 cd c9 c9 07 00 f2 48 cd c9 c9 07 00 | 00", "HelloHelloHello|")] // blocks behind final ones
    [KtorParity("extensions/compression-incoming-frames", "test-protocol/WebSocketDeflateTest-the-inflaters-context")]
    public void Every_form_of_a_message_is_read_whole_and_byte_by_byte(string wire, string expected)
    {
        foreach (int step in (int[])[100, 1, 2, 3])
        {
            using var inflater = new MessageInflater(takesOver: true, 200);
            Assert.Equal(expected, string.Join('|', wire.Split('|').Select(message => Encoding.ASCII.GetString(Inflate(inflater, Hex.Bytes(message), step)!))));
        }
    }

    [Fact]
    public void The_reference_agrees()
    {
        var reference = new ReferenceInflate();
        foreach (string message in (string[])["f2 48 cd c9 c9 07 00", "f2 00 11 00 00", "00 05 00 fa ff 48 65 6c 6c 6f 00", "f3 48 cd c9 c9 07 00 00", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00"])
            Assert.Equal("Hello"u8.ToArray(), reference.Message(Hex.Bytes(message)));
    }

    [Theory]
    [InlineData("f2 00 11 00 00")] // refers to before the beginning
    [InlineData("07 00")] // a block of a type that does not exist
    [InlineData("00 05 00 00 00 48 65 6c 6c 6f 00")] // a length that its complement contradicts
    [InlineData("ff ff ff ff")]
    [InlineData("")] // not even the byte of an empty message
    [KtorParity("test-protocol/WebSocketDeflateTest-data-that-cannot-be-read")]
    public void What_cannot_be_read_is_1007(string wire)
    {
        using var inflater = new MessageInflater(takesOver: true, 200);

        var error = Assert.IsType<WebSocketProtocolException>(Violation(inflater, Hex.Bytes(wire))!.ToException());

        Assert.Equal(CloseCode.InvalidFramePayloadData, error.CloseCode);
        Assert.Contains("RFC 7692", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [KtorParity("test-protocol/WebSocketDeflateTest-takeover")]
    public void Without_takeover_a_reference_to_the_message_before_is_1007()
    {
        using var inflater = new MessageInflater(takesOver: false, 200);
        Assert.Equal("Hello"u8.ToArray(), Inflate(inflater, Hex.Bytes("f2 48 cd c9 c9 07 00")));

        Assert.Equal(CloseCode.InvalidFramePayloadData, Violation(inflater, Hex.Bytes("f2 00 11 00 00"))?.Code);
    }

    [Fact]
    public void A_message_that_ends_too_early_is_found_by_the_next_at_the_latest()
    {
        byte[] whole = Deflate(Samples.Noise(40).Concat(Encoding.ASCII.GetBytes(Samples.Json(400))).ToArray());
        for (int length = 1; length < whole.Length; length++)
        {
            using var inflater = new MessageInflater(takesOver: true, 200);
            var output = new ArrayBufferWriter<byte>();
            ProtocolViolation? violation = null;
            for (int i = 0; i < 40 && violation is null; i++)
                violation = inflater.Inflate(MessagePart.Whole(FrameType.Binary, whole.AsSpan(0, length), ReservedBits.Rsv1), output);

            // The same again and again: it is an error, or each is read as bits that stand for something.
            Assert.InRange(output.WrittenCount, 0, 40 * 1032 * length);
            if (violation is not null)
                Assert.Equal(CloseCode.InvalidFramePayloadData, violation.Code);
        }
    }

    [Fact]
    [KtorParity("test-protocol/WebSocketDeflateTest-data-that-cannot-be-read")]
    public void Any_mutation_of_a_message_ends_in_bytes_or_1007() =>
        Gen.Select(Gen.Int[0, 4000], Gen.Int[0, int.MaxValue].Array[1, 4], Gen.Byte.Array[1, 4], Gen.Int[1, 3000], Gen.Bool).Sample((size, places, values, step, takesOver) =>
        {
            byte[] wire = Deflate(Encoding.ASCII.GetBytes(Samples.Json(size, size)));
            for (int i = 0; i < places.Length; i++)
                wire[places[i] % wire.Length] ^= values[i % values.Length];
            using var inflater = new MessageInflater(takesOver, 200);

            for (int i = 0; i < 3; i++)
            {
                var output = new ArrayBufferWriter<byte>();
                if (Inflate(inflater, wire, step, output) is not { } violation)
                    continue;
                Assert.Contains(violation.Code, (CloseCode[])[CloseCode.InvalidFramePayloadData, CloseCode.MessageTooBig]);
                break;
            }
        }, iter: 3000);

    [Theory, InlineData(1023), InlineData(1024), InlineData(1025), InlineData(4096), InlineData(65536), InlineData(70_000), InlineData(1_000_000)]
    public void Whatever_room_there_is_the_message_is_whole(int size)
    {
        byte[] message = Encoding.ASCII.GetBytes(Samples.Json(size));
        foreach (int room in (int[])[1, 7, 1024, size - 1, size, size + 1])
        {
            using var inflater = new MessageInflater(takesOver: true, 200);
            var output = new Rooms(Math.Max(1, Math.Min(room, 70_000)));
            Assert.Null(inflater.Inflate(MessagePart.Whole(FrameType.Text, Deflate(message), ReservedBits.Rsv1), output));
            Assert.True(message.AsSpan().SequenceEqual(output.Written));
        }
    }

    [Fact]
    public void Room_that_is_just_enough_is_not_asked_for_more_than_a_byte()
    {
        using var inflater = new MessageInflater(takesOver: true, 200);
        var output = new Rooms(1024);

        Assert.Null(inflater.Inflate(MessagePart.Whole(FrameType.Text, Deflate(Encoding.ASCII.GetBytes(Samples.Json(1024))), ReservedBits.Rsv1), output));

        Assert.Equal(1, output.Asked);
    }

    [Theory, InlineData(50, 1024 * 1024, true), InlineData(50, (1024 * 1024) + 1, false), InlineData(2000, 4 * 1024 * 1024, true)]
    [KtorParity("extensions/maxInflatedFrameSize")]
    public void More_than_1_MiB_may_only_be_so_many_times_what_came(int maxExpansion, int size, bool isFine)
    {
        using var inflater = new MessageInflater(takesOver: true, maxExpansion);
        byte[] wire = Deflate(new byte[size]);
        var output = new ArrayBufferWriter<byte>();

        ProtocolViolation? violation = inflater.Inflate(MessagePart.Whole(FrameType.Binary, wire, ReservedBits.Rsv1), output);

        Assert.Equal(isFine, violation is null);
        Assert.InRange(output.WrittenCount, 0, isFine ? size : (1024 * 1024) + (64 * 1024));
        if (isFine)
            return;
        var error = Assert.IsType<FrameTooBigException>(violation!.ToException());
        Assert.Equal((1024L * 1024, CloseCode.MessageTooBig), (error.Limit, violation.Code));
        Assert.Contains("MaxExpansion", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_a_message_passes_both_limits_one_message_names_both()
    {
        using var inflater = new MessageInflater(takesOver: true, 2);
        var part = new MessagePart { Type = FrameType.Binary, Data = Deflate(new byte[4 * 1024 * 1024]), StartsMessage = true, EndsMessage = true, MaxMessageSize = 1024 * 1024 };

        ProtocolViolation violation = inflater.Inflate(part, new ArrayBufferWriter<byte>())!;

        Assert.Contains("Raise MaxExpansion and MaxMessageSize", violation.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_expansion_is_counted_for_each_message_anew()
    {
        using var inflater = new MessageInflater(takesOver: true, 20);
        byte[] wire = Deflate(new byte[700_000]);
        for (int i = 0; i < 4; i++)
            Assert.Equal(700_000, Inflate(inflater, wire)!.Length);
        Assert.Equal(4 * 700_000, inflater.Total);
    }

    [Fact]
    public void A_limit_of_the_output_comes_through()
    {
        using var inflater = new MessageInflater(takesOver: true, 2000);
        var output = new PooledOutput(ArrayPool<byte>.Shared);
        output.Begin(starts: true, 999);
        byte[] wire = Deflate(new byte[1000]);

        Assert.Throws<FrameTooBigException>(() => inflater.Inflate(MessagePart.Whole(FrameType.Binary, wire, ReservedBits.Rsv1), output));
        Assert.Equal(999, ((FrameTooBigException)output.Violation!.ToException()).Limit);
        output.Clear();
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Memory_is_taken_with_the_first_message_and_held_as_long_as_a_message_may_refer_to_those_before(bool takesOver)
    {
        var inflater = new MessageInflater(takesOver, 200);
        Assert.False(inflater.HoldsMemory);
        byte[] wire = Hex.Bytes("f2 48 cd c9 c9 07 00");
        var output = new ArrayBufferWriter<byte>();
        inflater.Inflate(new MessagePart { Type = FrameType.Text, Data = wire.AsSpan(0, 3), StartsMessage = true }, output);
        Assert.True(inflater.HoldsMemory);
        inflater.Inflate(new MessagePart { Type = FrameType.Text, Data = wire.AsSpan(3), EndsMessage = true }, output);
        Assert.Equal("Hello"u8.ToArray(), output.WrittenSpan.ToArray());
        Assert.Equal(takesOver, inflater.HoldsMemory);

        inflater.Dispose();

        Assert.False(inflater.HoldsMemory);
        inflater.Dispose();
    }

    [Fact]
    public void Streams_that_end_within_a_message_and_go_on_are_read_to_the_byte() =>
        Gen.Select(Gen.Select(Gen.Int[0, 300], Gen.Int[0, 3]).Array[0, 4].Array[1, 6], Gen.Int[1, 60]).Sample((messages, step) =>
        {
            using var inflater = new MessageInflater(takesOver: true, 200);
            using var deflater = new MessageDeflater(CompressionLevel.Fastest, takesOver: false, 15);
            var reference = new ReferenceInflate();
            int seed = 0;
            foreach ((int Size, int Kind)[] blocks in messages)
            {
                // Final blocks, made by ending a codec; and behind them blocks of another, or the empty one that RFC 7692 §7.2.3.4 wants.
                List<byte> wire = [], expected = [];
                foreach ((int size, int kind) in blocks)
                {
                    byte[] data = kind == 0 ? Samples.Noise(size, seed++) : Encoding.ASCII.GetBytes(Samples.Json(size, seed++));
                    expected.AddRange(data);
                    wire.AddRange(Ended(data));
                }

                byte[] last = Encoding.ASCII.GetBytes(Samples.Json(seed % 5 * 20, seed));
                var rest = new ArrayBufferWriter<byte>();
                deflater.Deflate(last, ends: true, rest);
                wire.AddRange(rest.WrittenSpan);
                expected.AddRange(last);

                var output = new ArrayBufferWriter<byte>();
                Assert.Null(Inflate(inflater, [.. wire], step, output));
                Assert.Equal(expected, output.WrittenSpan.ToArray());
                Assert.Equal(expected, reference.Message([.. wire]));
            }
        }, iter: 500);

    [Theory, InlineData(300_000, int.MaxValue), InlineData(300_000, 7), InlineData(301_234, 4096), InlineData(500_000, 1)]
    public void A_message_whose_last_block_is_final_ends_the_context(int size, int step)
    {
        byte[] data = Encoding.ASCII.GetBytes(Samples.Json(size));
        byte[] wire = [.. Ended(data), 0x00];
        Assert.Equal(0, wire[0] & 1); // behind others
        using var inflater = new MessageInflater(takesOver: true, 200);

        for (int i = 0; i < 3; i++)
        {
            Assert.True(data.AsSpan().SequenceEqual(Inflate(inflater, wire, step)));
            Assert.Equal("Hello"u8.ToArray(), Inflate(inflater, Hex.Bytes("f2 48 cd c9 c9 07 00")));
            Assert.Equal("Hello"u8.ToArray(), Inflate(inflater, Hex.Bytes("f2 00 11 00 00")));
        }
    }

    [Theory]
    [InlineData("03 00")] // an empty final block
    [InlineData("01 00 00 FF FF")] // the same, stored
    [InlineData("4B 04 00")] // a letter in a final block
    public void Final_blocks_in_numbers_that_no_sender_needs_are_1009_and_cost_few_codecs(string block)
    {
        byte[] wire = [.. Enumerable.Repeat(Hex.Bytes(block), 1024 * 1024 / Hex.Bytes(block).Length).SelectMany(bytes => bytes), 0x00];
        foreach (int step in (int[])[int.MaxValue, 4096, 1])
        {
            using var inflater = new MessageInflater(takesOver: true, 200);

            ProtocolViolation violation = Inflate(inflater, wire, step, new ArrayBufferWriter<byte>())!;

            Assert.Equal(CloseCode.MessageTooBig, violation.Code);
            Assert.Equal((4, 5), Assert.IsType<FrameTooBigException>(violation.ToException()) is var error ? (error.Limit, error.Size) : default);
            Assert.Contains("final blocks", violation.Message, StringComparison.Ordinal);
            Assert.InRange(inflater.Codecs, 1, 5);
        }
    }

    [Fact]
    public void Each_frame_may_end_by_a_final_block_and_so_may_each_chunk_of_what_comes()
    {
        // A sender that can only flush by ending, and flushes each fragment.
        using var inflater = new MessageInflater(takesOver: true, 200);
        var output = new ArrayBufferWriter<byte>();
        const int Frames = 1000;
        for (int i = 0; i < Frames; i++)
        {
            Assert.Null(inflater.Inflate(
                new MessagePart { Type = FrameType.Text, Data = i == Frames - 1 ? [.. Ended("a"u8.ToArray()), 0x00] : Ended("a"u8.ToArray()), StartsMessage = i == 0, StartsFrame = true, EndsFrame = true, EndsMessage = i == Frames - 1 },
                output));
        }

        Assert.Equal(Frames, output.WrittenCount);

        // One that flushes 5 KiB at a time into one frame.
        byte[] noise = Samples.Noise(5000);
        byte[] flushed = [.. Enumerable.Repeat(Ended(noise), 200).SelectMany(block => block), 0x00];
        Assert.Equal([.. Enumerable.Repeat(noise, 200).SelectMany(bytes => bytes)], Inflate(inflater, flushed)!);
    }

    [Theory, InlineData(1_000), InlineData(15_000)] // the platform's codec ends a block at some 16,000 symbols
    public void A_message_of_one_final_block_is_read_in_chunks_however_long_it_is(int size)
    {
        // As senders make it that compress each message by itself; letters at random, so that the block has codes of its own.
        byte[] data = [.. Samples.Noise(size).Select(b => (byte)('a' + (b % 8)))];
        byte[] wire = [.. Ended(data), 0x00];
        Assert.Equal(1, wire[0] & 1);
        using var inflater = new MessageInflater(takesOver: true, 200);
        for (int i = 0; i < 10; i++)
            Assert.True(data.AsSpan().SequenceEqual(Inflate(inflater, wire)));

        Assert.InRange(inflater.Reads, 0, 10 * (6 + (4 * wire.Length / 4096)));
        Assert.InRange(inflater.Codecs, 1, 11);
    }

    // Blocks of which the last is final; of a few hundred bytes there is only one.
    private static byte[] Ended(byte[] data)
    {
        var compressed = new MemoryStream();
        using (var codec = new DeflateStream(compressed, CompressionLevel.Optimal))
            codec.Write(data);
        return compressed.ToArray();
    }

    // What zlib at level 6 makes of a message by itself.
    private static byte[] Deflate(byte[] message)
    {
        var output = new ArrayBufferWriter<byte>();
        using var deflater = new MessageDeflater(CompressionLevel.Optimal, takesOver: true, 15);
        deflater.Deflate(message, ends: true, output);
        return output.WrittenSpan.ToArray();
    }

    private static ProtocolViolation? Violation(MessageInflater inflater, byte[] wire) => Inflate(inflater, wire, 100, new ArrayBufferWriter<byte>());

    private static byte[]? Inflate(MessageInflater inflater, byte[] wire, int step = int.MaxValue)
    {
        var output = new ArrayBufferWriter<byte>();
        return Inflate(inflater, wire, step, output) is null ? output.WrittenSpan.ToArray() : null;
    }

    // In parts of so many bytes.
    private static ProtocolViolation? Inflate(MessageInflater inflater, byte[] wire, int step, IBufferWriter<byte> output)
    {
        int at = 0;
        ProtocolViolation? violation;
        do
        {
            int length = Math.Min(step, wire.Length - at);
            violation = inflater.Inflate(
                new MessagePart { Type = FrameType.Binary, Data = wire.AsSpan(at, length), StartsMessage = at == 0, StartsFrame = at == 0, EndsMessage = at + length == wire.Length }, output);
            at += length;
        }
        while (violation is null && at < wire.Length);
        return violation;
    }

    /// <summary>Gives room for so many bytes at a time.</summary>
    private sealed class Rooms(int size) : IBufferWriter<byte>
    {
        private readonly List<byte> _written = [];
        private byte[] _room = [];

        public int Asked { get; private set; }

        public byte[] Written => [.. _written];

        public void Advance(int count) => _written.AddRange(_room.AsSpan(0, count));

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            Asked++;
            return _room = new byte[Math.Max(size, sizeHint)];
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }

    [Theory]
    [InlineData("permessage-deflate")]
    [InlineData("permessage-deflate; server_no_context_takeover")]
    public void A_message_that_was_cut_off_is_refused_or_shortened_and_nothing_of_it_gets_into_the_next(string answer)
    {
        // Letters of uneven frequency make a block with codes of its own, in which the tail is data.
        byte[] text = [.. Enumerable.Range(0, 2000).Select(i => (byte)('a' + (i * i % 97 * i % 26)))];
        using var other = new MemoryStream();
        using (var deflate = new DeflateStream(other, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(text);
            deflate.Flush();
        }

        byte[] whole = other.ToArray()[..^4];
        byte[] next = Convert.FromHexString("F248CDC9C90700"); // RFC 7692 §7.2.3.1: "Hello"
        int refused = 0;
        const int Head = 100; // a block's own codes take less; cut off within them the tail is taken for codes, and nothing tells
        for (int length = Head; length < whole.Length - 8; length++)
        {
            using PerMessageDeflate extension = Deflating.Accepted(answer);
            byte[]? shortened = extension.Expand(whole.AsSpan(0, length));
            if (shortened is null)
            {
                refused++;
                continue;
            }

            Assert.True(text.AsSpan().StartsWith(shortened) || shortened.Length < text.Length);
            byte[]? after = extension.Expand(next); // a codec that takes over may be within the block still: then this is refused
            if (after is not null || answer != "permessage-deflate")
                Assert.Equal("Hello"u8, after ?? []);
        }

        Assert.InRange(refused, (whole.Length - Head) * 9 / 10, whole.Length);
    }
}
