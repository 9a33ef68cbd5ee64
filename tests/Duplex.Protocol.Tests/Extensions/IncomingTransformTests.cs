using System.Buffers;
using System.Text;
using CsCheck;

namespace Duplex.Tests;

/// <summary>What comes, byte for byte through the reader and the assembler, past extensions into messages.</summary>
public class IncomingTransformTests
{
    private static ToyExtension Toy(ToyExtension.Transform? incoming, string name = "toy", ReservedBits bits = ReservedBits.Rsv1, bool marksContinuations = false) =>
        new ToyExtension(incoming: incoming).Identified(name, bits, marksContinuations);

    [Fact]
    public void A_marked_message_is_transformed_and_its_bit_cleared()
    {
        using var receiver = new Receiver([new CounterExtension().Identified()]);

        // "Hi" ^ 0, 1 and the message's number 0; then "Hi" ^ 2, 3 and 1.
        receiver.Feed("C1 03 48 68 00  C1 03 4A 6A 01");

        Assert.Equal([FrameValue.Of(FrameType.Text, true, ReservedBits.None, "Hi"u8), FrameValue.Of(FrameType.Text, true, ReservedBits.None, "Hi"u8)], receiver.Values);
    }

    [Fact]
    public void An_unmarked_message_passes_untouched_between_marked_ones_and_may_be_read_in_place()
    {
        using var receiver = new Receiver([new CounterExtension().Identified()]);

        receiver.Feed("82 02 01 02  02 01 03");
        Assert.True(receiver.Assembler.TakesPayloadInPlace);
        receiver.Feed("80 01 04  C2 02");
        receiver.Feed("05 00");

        Assert.Equal(["0102", "0304", "05"], receiver.Values.Select(value => value.Data));
    }

    [Fact]
    public void While_a_message_is_transformed_its_payload_is_not_read_into_the_message()
    {
        using var receiver = new Receiver([new CounterExtension().Identified()]);

        receiver.Feed("C2 05 01");

        Assert.False(receiver.Assembler.TakesPayloadInPlace);
    }

    [Fact]
    [KtorParity("extensions/processIncomingFrame")]
    public void A_fragmented_message_is_one_stream_with_control_frames_between()
    {
        using var receiver = new Receiver([new CounterExtension().Identified()]);

        receiver.Feed("41 01 48  89 01 70  00 00  80 02 68 00");

        Assert.Equal([FrameValue.Of(FrameType.Ping, true, ReservedBits.None, "p"u8), FrameValue.Of(FrameType.Text, true, ReservedBits.None, "Hi"u8)], receiver.Values);
    }

    [Fact]
    public void A_part_tells_where_it_stands()
    {
        List<string> parts = [];
        using var receiver = new Receiver([Toy((in MessagePart part, IBufferWriter<byte> output) =>
        {
            parts.Add($"{part.Type} {Hex.Text(part.Data)} {part.Reserved} {(part.StartsMessage ? "[[" : part.StartsFrame ? "[" : "")}{(part.EndsMessage ? "]]" : part.EndsFrame ? "]" : "")} {part.MaxMessageSize}");
            return ExtensionResult.Done();
        }, bits: ReservedBits.Rsv1 | ReservedBits.Rsv3, marksContinuations: true)], maxMessageSize: 99);

        receiver.Feed("42 03 01").Feed("02").Feed("03  90 02 04").Feed("05");

        Assert.Equal(["Binary 01 Rsv1 [[ 99", "Binary 02 Rsv1  99", "Binary 03 Rsv1 ] 99", "Binary 04 Rsv3 [ 99", "Binary 05 Rsv3 ]] 99"], parts);
        Assert.Equal("", Assert.Single(receiver.Values).Data);
    }

    [Fact]
    [KtorParity("extensions/the-same-order-in-both-directions")]
    public void Extensions_are_passed_in_reverse_each_seeing_its_own_bits_alone()
    {
        List<string> seen = [];
        using var receiver = new Receiver([See("a", ReservedBits.Rsv1), See("b", ReservedBits.Rsv2), See("c", ReservedBits.None)]);

        receiver.Feed("F1 01 78".Replace("F1", "E1", StringComparison.Ordinal));

        Assert.Equal(["c None x", "b Rsv2 cxc", "a Rsv1 bcxcb"], seen);
        Assert.Equal("abcxcba", Encoding.UTF8.GetString(Assert.Single(receiver.Frames).Data.Span));

        ToyExtension See(string name, ReservedBits bits) => Toy((in MessagePart part, IBufferWriter<byte> output) =>
        {
            seen.Add($"{name} {part.Reserved} {Encoding.UTF8.GetString(part.Data)}");
            return ToyExtension.Around(name[0])(part, output);
        }, name, bits);
    }

    [Theory]
    [InlineData(0b001, "axa")]
    [InlineData(0b010, "bxb")]
    [InlineData(0b100, "cxc")]
    [InlineData(0b110, "bcxcb")]
    [InlineData(0b101, "acxca")]
    [InlineData(0b000, "x")]
    public void Whichever_extensions_leave_a_message_alone_the_others_see_it_whole(int active, string expected)
    {
        ToyExtension[] chain = [.. "abc".Select((letter, i) => Toy((active & (1 << i)) != 0 ? ToyExtension.Around(letter) : null, $"{letter}", ReservedBits.None))];
        using var receiver = new Receiver(chain);

        receiver.Feed("81 01 78  01 01").Feed("78  80 00");

        string pieces = expected == "x" ? "x" : Frame2(expected);
        Assert.Equal([expected, pieces], receiver.Frames.Select(frame => Encoding.UTF8.GetString(frame.Data.Span)));

        // Three parts come of the second message: its header, its byte, and its empty last fragment.
        static string Frame2(string whole) => whole.Replace("x", "", StringComparison.Ordinal) + whole + whole.Replace("x", "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("C0 00", true)]
    [InlineData("C0 00", false)]
    public void A_bit_on_a_continuation_frame_is_a_violation_unless_its_owner_marks_such_frames(string last, bool marksContinuations)
    {
        using var receiver = new Receiver([Toy(null, marksContinuations: marksContinuations)]);

        receiver.Feed("01 01 78").Feed(last);

        Assert.Equal(marksContinuations ? null : CloseCode.ProtocolError, receiver.Violation?.Code);
    }

    [Fact]
    public void Text_is_judged_behind_the_extensions_as_it_comes()
    {
        using var good = new Receiver([new CounterExtension().Identified()]);
        good.Feed("C1 04 E2").Feed("83").Feed("AE 00"); // the euro sign, of which no byte is text as it stands on the wire
        Assert.Equal("€", ((Frame.Text)Assert.Single(good.Frames)).ReadText());

        using var bad = new Receiver([new CounterExtension().Identified()]);
        bad.Feed("C1 7E 01 00 FF");
        Assert.Null(bad.Violation); // the toy holds the byte back
        bad.Feed("00");
        Assert.Equal(CloseCode.InvalidFramePayloadData, bad.Violation?.Code);

        using var split = new Receiver([new CounterExtension().Identified()]);
        split.Feed("C1 03 E2 83 00");
        Assert.Equal(CloseCode.InvalidFramePayloadData, split.Violation?.Code);
    }

    [Theory]
    [InlineData(4, true)]
    [InlineData(3, false)]
    public void MaxMessageSize_holds_for_what_extensions_write_and_not_for_what_comes(long limit, bool fits)
    {
        using var receiver = new Receiver([new CounterExtension().Identified()], maxMessageSize: limit);

        receiver.Feed("42 02 00 00  80 03 00 00 00");

        Assert.Equal(fits ? 1 : 0, receiver.Frames.Count);
        if (!fits)
        {
            var error = Assert.IsType<FrameTooBigException>(receiver.Violation!.ToException());
            Assert.Equal((limit, 4L), (error.Limit, error.Size));
            Assert.Contains("MaxMessageSize", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_message_that_passes_untouched_is_limited_at_its_header()
    {
        using var receiver = new Receiver([new CounterExtension().Identified()], maxMessageSize: 4);

        receiver.Feed("02 03 000000  80 02");

        Assert.Equal(5, Assert.IsType<FrameTooBigException>(receiver.Violation?.ToException()).Size);
    }

    [Fact]
    public void A_bomb_is_found_in_memory_of_about_the_limit_even_if_the_extension_hides_it()
    {
        using var receiver = new Receiver([Toy(Bomb)], maxMessageSize: 100_000);

        receiver.Feed("C2 01 00");

        Assert.Equal(CloseCode.MessageTooBig, receiver.Violation?.Code);
        Assert.InRange(receiver.Pool.PeakBytes, 100_000, 500_000);

        static ExtensionResult Bomb(in MessagePart part, IBufferWriter<byte> output)
        {
            try
            {
                while (true)
                    output.Advance(output.GetSpan().Length);
            }
            catch (FrameTooBigException)
            {
                return ExtensionResult.Done();
            }
        }
    }

    [Fact]
    public void A_bomb_between_two_extensions_is_found_too()
    {
        using var receiver = new Receiver([Toy(ToyExtension.Returning(ExtensionResult.Done()), "a", ReservedBits.None), Toy((in MessagePart part, IBufferWriter<byte> output) =>
        {
            output.Write(new byte[1000]);
            return ExtensionResult.Done();
        })], maxMessageSize: 1500);

        receiver.Feed("42 01 00");
        Assert.Null(receiver.Violation);
        receiver.Feed("80 00");

        Assert.Equal(CloseCode.MessageTooBig, receiver.Violation?.Code);
    }

    [Fact]
    public void Corrupt_input_is_a_value_with_the_extensions_code()
    {
        using var receiver = new Receiver([new CounterExtension().Identified()]);

        receiver.Feed("C1 02 48 07  81 01 78");

        Assert.Empty(receiver.Frames);
        Assert.Equal(CloseCode.InvalidFramePayloadData, receiver.Violation?.Code);
        Assert.Equal("Message 0 of the counter has another number.", Assert.IsType<WebSocketProtocolException>(receiver.Violation!.ToException()).Message);
    }

    [Fact]
    public void What_an_extension_throws_is_1011_with_its_name_and_the_cause_and_without_the_causes_text()
    {
        var cause = new FormatException("secret");
        using var receiver = new Receiver([Toy(ToyExtension.Throwing(cause), "fragile")]);

        receiver.Feed("C1 00");

        Assert.Equal(CloseCode.InternalError, receiver.Violation?.Code);
        WebSocketException error = receiver.Violation!.ToException();
        Assert.Equal(typeof(WebSocketException), error.GetType());
        Assert.Same(cause, error.InnerException);
        Assert.Contains("fragile", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Untouched_is_for_a_first_part_with_nothing_written()
    {
        using var late = new Receiver([Toy((in MessagePart part, IBufferWriter<byte> output) => part.StartsMessage ? ExtensionResult.Done() : ExtensionResult.Untouched)]);
        late.Feed("C1 02 78").Feed("78");
        Assert.Equal(CloseCode.InternalError, late.Violation?.Code);

        using var written = new Receiver([Toy((in MessagePart part, IBufferWriter<byte> output) =>
        {
            output.Write("x"u8);
            return ExtensionResult.Untouched;
        })]);
        written.Feed("C1 00");
        Assert.Equal(CloseCode.InternalError, written.Violation?.Code);
    }

    [Fact]
    public void Any_chunking_of_the_wire_gives_the_same_messages_through_stateful_extensions()
    {
        Gen<(FrameType Type, byte[] Data, bool IsMarked)> message = Gen.Select(Gen.Bool, Gen.Frequency((9, (IGen<int>)Gen.Int[0, 40]), (1, Gen.OneOf(1022, 1023, 1024, 5000, 70_000))), Gen.Int[0, 3], (isText, length, mark) =>
            (isText ? FrameType.Text : FrameType.Binary, Enumerable.Range(0, length).Select(i => (byte)('a' + (i % 26))).ToArray(), mark > 0));
        Gen.Select(message.Array[1, 8], Gen.Int[0, 100_000].Array[0, 3], FrameStreams.Chunks, Gen.Bool, Gen.Bool).Sample((messages, cuts, chunks, inPlace, withInterceptor) =>
        {
            var pool = new CountingPool();
            WebSocketExtension[] Chain() => withInterceptor
                ? [new Passing().Identified("log", ReservedBits.None), new CounterExtension().Identified(), new Passing().Identified("wire", ReservedBits.None)]
                : [new CounterExtension().Identified()];
            var outgoing = new OutgoingTransform(new ExtensionChain(Chain()), pool);
            byte[] wire = [.. messages.SelectMany(message => Encode(outgoing, message.Type, message.Data, message.IsMarked, cuts))];
            using var receiver = new Receiver(Chain());

            receiver.FeedChunks(wire, chunks, inPlace);

            Assert.Null(receiver.Violation);
            Assert.Equal(messages.Select(message => FrameValue.Of(message.Type, true, ReservedBits.None, message.Data)), receiver.Values);
            Assert.Equal(0, pool.Outstanding);
        }, iter: 400, print: sample => $"{string.Join(", ", sample.Item1.Select(message => $"{message.Type} {message.Data.Length} {message.IsMarked}"))}; cuts {string.Join(' ', sample.Item2)}; chunks {string.Join(' ', sample.Item3)}; in place {sample.Item4}, interceptor {sample.Item5}");
    }

    [Fact]
    public void In_pieces_any_chunking_gives_the_same_bytes_and_each_messages_last_piece_ends_it() =>
        Gen.Select(Gen.Int[0, 3000].Array[1, 6], Gen.Int[0, 100_000].Array[0, 3], FrameStreams.Chunks, Gen.Int[0, 1]).Sample((lengths, cuts, chunks, never) =>
        {
            var pool = new CountingPool();
            var outgoing = new OutgoingTransform(new ExtensionChain(new CounterExtension().Identified()), pool);
            byte[][] messages = [.. lengths.Select(length => Enumerable.Range(length, length).Select(i => (byte)('a' + (i % 26))).ToArray())];
            byte[] wire = [.. messages.SelectMany((message, i) => Encode(outgoing, FrameType.Text, message, isMarked: i % 2 >= never, cuts))];
            using var receiver = new Receiver([new CounterExtension().Identified()], output: AssemblerOutput.Pieces, maxMessageSize: long.MaxValue);

            receiver.FeedChunks(wire, chunks);

            Assert.Null(receiver.Violation);
            Assert.All(receiver.Frames, frame => Assert.Equal(ReservedBits.None, frame.Reserved));
            List<byte[]> received = [];
            List<byte> message = [];
            foreach (Frame frame in receiver.Frames)
            {
                message.AddRange(frame.Data.Span);
                if (!frame.Fin)
                    continue;
                received.Add([.. message]);
                message.Clear();
            }

            Assert.Equal(messages, received);
        }, iter: 200);

    [Fact]
    public void In_pieces_text_is_judged_and_the_limit_holds_behind_the_extensions_too()
    {
        using var invalid = new Receiver([new CounterExtension().Identified()], output: AssemblerOutput.Pieces);
        invalid.Feed("C1 03 E2 83 00");
        Assert.Equal(CloseCode.InvalidFramePayloadData, invalid.Violation?.Code);
        Assert.Empty(invalid.Values); // nobody gets to read what was refused

        using var large = new Receiver([Toy(ToyExtension.Around('x'))], output: AssemblerOutput.Pieces, maxMessageSize: 5);
        large.Feed("41 01 61");
        Assert.Null(large.Violation);
        large.Feed("80 01 61");
        Assert.Equal(CloseCode.MessageTooBig, large.Violation?.Code);
    }

    [Fact]
    public void What_a_part_held_that_an_extension_refuses_is_handed_to_nobody_and_what_came_before_is()
    {
        ToyExtension.Transform incoming = (in MessagePart part, IBufferWriter<byte> output) =>
        {
            output.Write(part.Data);
            return part.StartsFrame && part.StartsMessage ? ExtensionResult.Done() : ExtensionResult.Failed(ProtocolViolation.InvalidUtf8("a part"));
        };
        using var receiver = new Receiver([Toy(incoming)], output: AssemblerOutput.Pieces);

        receiver.Feed("02 01 61  80 01 62");

        Assert.Equal(CloseCode.InvalidFramePayloadData, receiver.Violation?.Code);
        Assert.Equal("a"u8.ToArray(), Assert.Single(receiver.Frames).ReadBytes());
    }

    [Fact]
    public void In_pieces_what_extensions_make_much_of_is_handed_on_before_the_rest_of_the_batch_is_looked_at()
    {
        ToyExtension.Transform incoming = (in MessagePart part, IBufferWriter<byte> output) =>
        {
            output.Write(new byte[40_000]);
            return ExtensionResult.Done();
        };
        using var receiver = new Receiver([Toy(incoming)], output: AssemblerOutput.Pieces);

        receiver.Feed("42 01 61  00 01 61  00 01 61  80 01 61");

        Assert.Equal([(80_000, false), (80_000, true)], receiver.Frames.Select(frame => (frame.Data.Length, frame.Fin)));
    }

    [Theory, InlineData(nameof(AssemblerOutput.Messages)), InlineData(nameof(AssemblerOutput.Pieces))]
    public void The_limit_counts_the_first_part_also_where_the_first_extension_leaves_the_message_alone(string output)
    {
        WebSocketExtension idle = new ToyExtension().Identified("idle", ReservedBits.None);
        using var receiver = new Receiver(
            [idle, Toy(ToyExtension.Around('x'))], output: Enum.Parse<AssemblerOutput>(output), maxMessageSize: 6);

        receiver.Feed("02 02 61 61"); // 4 bytes behind the second
        Assert.Null(receiver.Violation);
        receiver.Feed("80 02 61 61"); // 4 more

        Assert.Equal(CloseCode.MessageTooBig, receiver.Violation?.Code);
    }

    // What the other end sends: a message in fragments, each transformed.
    private static byte[] Encode(OutgoingTransform transform, FrameType type, byte[] data, bool isMarked, int[] cuts)
    {
        int[] ends = [.. cuts.Select(cut => cut % (data.Length + 1)).Order(), data.Length];
        var wire = new List<byte>();
        for (int i = 0, at = 0; i < ends.Length; at = ends[i++])
        {
            bool starts = i == 0, fin = i == ends.Length - 1;
            ReadOnlyMemory<byte> payload = data.AsMemory(at..ends[i]);
            ReservedBits bits = ReservedBits.None;
            if (starts)
                Assert.True(transform.TryDecide(type, payload.Span, fin, bits, isMarked ? SendTransform.Default : SendTransform.Never));
            if (transform.IsActive)
                Assert.True(transform.TryProcess(type, payload, starts, fin, ref bits, out payload, out _, out _));
            wire.AddRange(new WireFrame(starts ? (Opcode)type : Opcode.Continuation, payload.ToArray(), fin) { Reserved = bits }.Encode(WebSocketRole.Server));
            transform.Clear();
        }

        return [.. wire];
    }

    /// <summary>An interceptor that hands on another frame over the same bytes.</summary>
    private sealed class Passing : FrameExtension
    {
        protected override Frame ProcessIncoming(Frame frame) => frame.Copy();

        protected override Frame ProcessOutgoing(Frame frame) => frame.Copy();
    }
}
