namespace Duplex.Tests;

public class MessageAssemblerTests
{
    private static byte[] Fragment(Opcode opcode, int length, bool fin = false) => new WireFrame(opcode, new byte[length], fin).Encode(WebSocketRole.Server);

    [Fact]
    [KtorParity("test-protocol/testFragmentedFlagsFromTheFirstFrame")]
    public void Fragments_become_one_frame_with_the_first_ones_type_and_reserved_bits()
    {
        using var receiver = new Receiver(ownedBits: ReservedBits.Rsv1 | ReservedBits.Rsv2, continuationBits: ReservedBits.Rsv2);

        receiver.Feed("42 01 01  00 00  20 01 02  80 01 03");

        Assert.Equal(FrameValue.Of(FrameType.Binary, true, ReservedBits.Rsv1, [1, 2, 3]), FrameValue.Of(Assert.Single(receiver.Frames)));
    }

    [Fact]
    [KtorParity("test-protocol/testFragmentedFlagsFromTheFirstFrame")]
    public void The_next_message_does_not_inherit_reserved_bits()
    {
        using var receiver = new Receiver(ownedBits: ReservedBits.Rsv1);

        receiver.Feed("42 01 01  80 01 02  82 01 03  C9 00");

        Assert.Equal([ReservedBits.Rsv1, ReservedBits.None], receiver.Frames.Select(frame => frame.Reserved));
    }

    [Fact]
    public void Without_merging_each_frame_of_the_wire_is_delivered_with_its_messages_type_and_its_own_bits()
    {
        using var receiver = new Receiver(mergeFragments: false, ownedBits: ReservedBits.Rsv1 | ReservedBits.Rsv2, continuationBits: ReservedBits.Rsv2);

        receiver.Feed("41 01 61  89 01 70  20 00  80 01 62  82 01 03");

        Assert.Equal(
            [
                FrameValue.Of(FrameType.Text, false, ReservedBits.Rsv1, "a"u8),
                FrameValue.Of(FrameType.Ping, true, ReservedBits.None, "p"u8),
                FrameValue.Of(FrameType.Text, false, ReservedBits.Rsv2, []),
                FrameValue.Of(FrameType.Text, true, ReservedBits.None, "b"u8),
                FrameValue.Of(FrameType.Binary, true, ReservedBits.None, [3]),
            ],
            receiver.Values);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_character_may_be_split_between_fragments_and_by_a_control_frame(bool mergeFragments)
    {
        using var receiver = new Receiver(mergeFragments: mergeFragments);

        receiver.Feed("01 01 F0  89 00  00 00  00 02 9F8C  8A 00  80 01 8D");

        Assert.Null(receiver.Violation);
        Assert.Equal("🌍"u8.ToArray(), receiver.Frames.Where(frame => !frame.IsControl).SelectMany(frame => frame.ReadBytes()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_text_that_ends_within_a_character_is_invalid_at_its_last_fragment(bool mergeFragments)
    {
        foreach (string last in (string[])["80 00", "80 01 9F", "80 02 9F8C"])
        {
            using var receiver = new Receiver(mergeFragments: mergeFragments);
            receiver.Feed("01 01 F0");
            Assert.Null(receiver.Violation);

            receiver.Feed(last);

            Assert.Equal(CloseCode.InvalidFramePayloadData, receiver.Violation?.Code);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [KtorParity("untested/UTF-8")]
    public void Invalid_text_is_noticed_at_its_first_bad_byte_within_an_incomplete_frame(bool mergeFragments)
    {
        using var receiver = new Receiver(mergeFragments: mergeFragments);
        receiver.Feed("01 01 61  00 7e 10 00").Feed("62 F0 9F 8C");
        Assert.Null(receiver.Violation);

        receiver.Feed("62");

        Assert.Equal(CloseCode.InvalidFramePayloadData, receiver.Violation?.Code);
        var exception = Assert.IsType<WebSocketProtocolException>(receiver.Violation!.ToException());
        Assert.Equal(CloseCode.InvalidFramePayloadData, exception.CloseCode);
    }

    [Fact]
    public void Each_text_is_judged_by_itself()
    {
        using var receiver = new Receiver();

        receiver.Feed("81 02 C3A9  82 01 FF  81 02 C3A9");

        Assert.Equal(3, receiver.Frames.Count);
        receiver.Feed("81 01 C3");
        Assert.Equal(CloseCode.InvalidFramePayloadData, receiver.Violation?.Code);
    }

    [Fact]
    public void Bytes_of_binary_messages_and_of_pings_may_be_anything()
    {
        using var receiver = new Receiver();

        receiver.Feed("02 02 FFC0  89 02 80FE  80 01 C1  8A 01 F5");

        Assert.Null(receiver.Violation);
        Assert.Equal(3, receiver.Frames.Count);
    }

    [Theory]
    [InlineData("88 02 03E8", CloseCode.NormalClosure, "")]
    [InlineData("88 05 0BB8 627965", (CloseCode)3000, "bye")]
    public void A_legal_Close_is_delivered(string hex, CloseCode code, string message)
    {
        using var receiver = new Receiver();

        receiver.Feed(hex);

        Assert.Equal(new CloseReason(code, message), Assert.IsType<Frame.Close>(Assert.Single(receiver.Frames)).ReadReason());
    }

    [Theory]
    [InlineData("88 02 03EC", CloseCode.ProtocolError)]
    [InlineData("88 02 03E7", CloseCode.ProtocolError)]
    [InlineData("88 04 03E8 C328", CloseCode.InvalidFramePayloadData)]
    [InlineData("88 03 03E8 C3", CloseCode.InvalidFramePayloadData)]
    public void An_illegal_Close_is_not_delivered_but_a_violation(string hex, CloseCode code)
    {
        foreach (bool mergeFragments in (bool[])[true, false])
        {
            using var receiver = new Receiver(mergeFragments: mergeFragments);

            receiver.Feed(hex);

            Assert.Equal(code, receiver.Violation?.Code);
            Assert.Empty(receiver.Frames);
        }
    }

    [Fact]
    public void A_message_of_exactly_MaxMessageSize_is_let_through()
    {
        using var receiver = new Receiver(maxMessageSize: 200);

        receiver.Feed(Fragment(Opcode.Binary, 200, fin: true));
        receiver.Feed(Fragment(Opcode.Binary, 50)).Feed(Fragment(Opcode.Continuation, 100)).Feed(Fragment(Opcode.Continuation, 50, fin: true));

        Assert.All(receiver.Frames, frame => Assert.Equal(200, frame.Data.Length));
        Assert.Equal(2, receiver.Frames.Count);
    }

    [Fact]
    public void A_single_frame_one_larger_than_MaxMessageSize_is_too_big_at_its_header()
    {
        using var receiver = new Receiver(maxMessageSize: 200);

        receiver.Feed("82 7e 00 c9");

        AssertTooBig(receiver, "MaxMessageSize", 200, 201);
        Assert.Equal(0, receiver.Pool.Rents);
    }

    [Fact]
    public void Fragments_one_larger_than_MaxMessageSize_together_are_too_big_at_the_last_ones_header()
    {
        using var receiver = new Receiver(maxMessageSize: 200);
        receiver.Feed(Fragment(Opcode.Binary, 100)).Feed(Fragment(Opcode.Continuation, 50));
        receiver.Feed("89 7d").Feed(new byte[125]); // no part of the message
        Assert.Null(receiver.Violation);

        receiver.Feed("80 33");

        AssertTooBig(receiver, "MaxMessageSize", 200, 201);
    }

    [Fact]
    public void A_message_of_exactly_MaxFragments_is_let_through_and_one_more_is_too_many_at_its_header()
    {
        using var receiver = new Receiver(maxFragments: 3);
        receiver.Feed("02 00  89 00  00 01 01  80 00").Feed("82 00").Feed("01 00  00 00  00 00");
        Assert.Null(receiver.Violation);
        Assert.Equal(3, receiver.Frames.Count);

        receiver.Feed("80 05");

        AssertTooBig(receiver, "MaxFragments", 3, 4);
        Assert.Contains("fragments", receiver.Violation!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_merging_the_limits_of_a_message_do_not_apply()
    {
        using var receiver = new Receiver(mergeFragments: false, maxMessageSize: 2, maxFragments: 1);

        receiver.Feed("02 02 0102  00 02 0304  80 02 0506");

        Assert.Null(receiver.Violation);
        Assert.Equal(3, receiver.Frames.Count);
    }

    [Theory]
    [InlineData(nameof(AssemblerOutput.Frames), "MaxFrameSize")]
    [InlineData(nameof(AssemblerOutput.Messages), "MaxMessageSize")]
    public void What_is_assembled_stands_in_one_array_whatever_the_reader_lets_through(string output, string limit)
    {
        using var receiver = new Receiver(Enum.Parse<AssemblerOutput>(output), maxFrameSize: long.MaxValue, maxMessageSize: WebSocketLimits.LargestSize);

        receiver.Feed("82 7F 00 00 00 01 00 00 00 00");

        AssertTooBig(receiver, limit, WebSocketLimits.LargestSize, 1L << 32);
        Assert.Equal(0, receiver.Pool.PeakBytes);
    }

    [Fact]
    public void In_pieces_what_has_come_is_given_out_at_the_end_of_each_batch_and_only_the_last_piece_has_fin()
    {
        using var receiver = new Receiver(AssemblerOutput.Pieces, ownedBits: ReservedBits.Rsv1);

        receiver.Feed("42 03 01"); // within a frame
        receiver.Feed("02 03");
        receiver.Feed("80 02 04"); // the last fragment begins
        receiver.Feed("05");

        Assert.Equal(
            [
                FrameValue.Of(FrameType.Binary, false, ReservedBits.Rsv1, [1]),
                FrameValue.Of(FrameType.Binary, false, ReservedBits.Rsv1, [2, 3]),
                FrameValue.Of(FrameType.Binary, false, ReservedBits.Rsv1, [4]),
                FrameValue.Of(FrameType.Binary, true, ReservedBits.Rsv1, [5]),
            ],
            receiver.Values);
    }

    [Fact]
    public void In_pieces_the_fragments_of_one_batch_are_one_piece_a_message_with_control_frames_before_it()
    {
        using var receiver = new Receiver(AssemblerOutput.Pieces);

        receiver.Feed("01 01 61  89 01 70  00 01 62  00 00  00 01 63  80 00   82 01 01   02 01 02");

        Assert.Equal(
            [
                FrameValue.Of(FrameType.Ping, true, ReservedBits.None, "p"u8),
                FrameValue.Of(FrameType.Text, true, ReservedBits.None, "abc"u8),
                FrameValue.Of(FrameType.Binary, true, ReservedBits.None, [1]),
                FrameValue.Of(FrameType.Binary, false, ReservedBits.None, [2]),
            ],
            receiver.Values);
    }

    [Theory]
    [InlineData("82 00")]
    [InlineData("02 00 | 80 00")]
    [InlineData("02 00 | 00 00 | 80 00")]
    public void In_pieces_an_empty_message_is_one_empty_piece(string wire)
    {
        using var receiver = new Receiver(AssemblerOutput.Pieces);

        foreach (string batch in wire.Split('|'))
            receiver.Feed(batch);

        Assert.Equal(FrameValue.Of(FrameType.Binary, true, ReservedBits.None, []), FrameValue.Of(Assert.Single(receiver.Frames)));
        Assert.Equal(0, receiver.Pool.Rents);
    }

    [Fact]
    public void In_pieces_an_empty_last_fragment_is_an_empty_last_piece()
    {
        using var receiver = new Receiver(AssemblerOutput.Pieces);

        receiver.Feed("02 01 07").Feed("80 00");

        Assert.Equal([FrameValue.Of(FrameType.Binary, false, ReservedBits.None, [7]), FrameValue.Of(FrameType.Binary, true, ReservedBits.None, [])], receiver.Values);
    }

    [Fact]
    public void In_pieces_a_text_is_checked_as_it_comes_and_what_was_valid_before_is_given_out()
    {
        using var receiver = new Receiver(AssemblerOutput.Pieces);

        receiver.Feed("01 02 61C3");
        receiver.Feed("00 01 A9  00 01 62  80 02 63FF");

        Assert.Equal(["61C3", "A962"], receiver.Frames.Select(frame => Hex.Text(frame.ReadBytes())));
        Assert.Equal(CloseCode.InvalidFramePayloadData, receiver.Violation?.Code);
    }

    [Fact]
    public void In_pieces_a_close_comes_behind_what_came_before_it()
    {
        using var receiver = new Receiver(AssemblerOutput.Pieces);

        receiver.Feed("01 01 61  88 00");

        Assert.Equal([FrameType.Text, FrameType.Close], receiver.Frames.Select(frame => frame.Type));
    }

    [Fact]
    public void In_pieces_the_limits_of_a_message_hold_and_may_be_larger_than_an_array()
    {
        using var receiver = new Receiver(AssemblerOutput.Pieces, maxFrameSize: long.MaxValue, maxMessageSize: 1L << 40, maxFragments: 2);
        receiver.Feed("02 7F 00 00 00 80 00 00 00 00  01 02 03"); // 512 GiB, of which three bytes come
        Assert.Null(receiver.Violation);
        Assert.InRange(receiver.Pool.PeakBytes, 3, 64 * 1024);

        using var size = new Receiver(AssemblerOutput.Pieces, maxMessageSize: 3);
        size.Feed("02 02 0102").Feed("80 02 0304");
        AssertTooBig(size, "MaxMessageSize", 3, 4);

        using var fragments = new Receiver(AssemblerOutput.Pieces, maxFragments: 2);
        fragments.Feed("02 01 01  00 01 02  80 01 03");
        AssertTooBig(fragments, "MaxFragments", 2, 3);
        Assert.Equal([1, 2], Assert.Single(fragments.Frames).ReadBytes());
    }

    [Fact]
    public void No_sum_of_declared_lengths_overflows()
    {
        using var receiver = new Receiver(AssemblerOutput.Pieces, maxFrameSize: long.MaxValue, maxMessageSize: long.MaxValue);

        receiver.Feed("02 01 01  80 7F 7F FF FF FF FF FF FF FF  02");

        AssertTooBig(receiver, "MaxMessageSize", long.MaxValue, long.MaxValue);
    }

    [Fact]
    public void The_limits_count_from_the_next_header_on()
    {
        using var receiver = new Receiver();
        receiver.Feed("02 02 0102");
        receiver.Assembler.MaxMessageSize = 3;
        receiver.Assembler.MaxFragments = 2;

        receiver.Feed("80 02");

        AssertTooBig(receiver, "MaxMessageSize", 3, 4);
        Assert.Equal((3, 2), (receiver.Assembler.MaxMessageSize, receiver.Assembler.MaxFragments));
    }

    [Fact]
    public void A_limit_is_at_least_1()
    {
        using var assembler = new MessageAssembler();

        Assert.Throws<ArgumentOutOfRangeException>(() => assembler.MaxMessageSize = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => assembler.MaxMessageSize = WebSocketLimits.LargestSize + 1L);
        Assert.Throws<ArgumentOutOfRangeException>(() => assembler.MaxFragments = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => new MessageAssembler(maxMessageSize: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MessageAssembler(maxFragments: -1));
    }

    [Fact]
    public void A_message_in_65536_fragments_of_64_bytes_takes_few_arrays_and_at_most_three_times_its_size()
    {
        byte[] first = Fragment(Opcode.Binary, 64);
        byte[] next = Fragment(Opcode.Continuation, 64);
        byte[] last = Fragment(Opcode.Continuation, 64, fin: true);
        using var receiver = new Receiver();
        receiver.Feed(first);
        for (int i = 0; i < 65_534; i++)
            receiver.Feed(next);

        receiver.Feed(last);

        Assert.Equal(4 * 1024 * 1024, Assert.Single(receiver.Frames).Data.Length);
        Assert.InRange(receiver.Pool.Rents, 1, 20); // it doubles, so it copies each byte about once in all
        Assert.InRange(receiver.Pool.PeakBytes, 1, 12 * 1024 * 1024);
    }

    [Theory]
    [InlineData("82")]
    [InlineData("02")]
    [InlineData("81")]
    public void Memory_grows_with_what_arrived_not_with_what_was_declared(string first)
    {
        using var receiver = new Receiver();
        receiver.Feed(first + "7f 00 00 00 00 03 c0 00 00"); // 60 MiB
        Assert.Equal(0, receiver.Pool.PeakBytes);

        receiver.Feed(new byte[10]);
        Assert.InRange(receiver.Pool.PeakBytes, 1, 64 * 1024);

        receiver.Assembler.GetPayloadMemory(receiver.Reader.Remaining);
        Assert.InRange(receiver.Pool.PeakBytes, 1, 64 * 1024);

        for (int arrived = 10; arrived < 4_000_000; arrived += 50_000)
        {
            receiver.Feed(new byte[50_000]);
            Assert.InRange(receiver.Pool.OutstandingBytes, 1, 64 * 1024 + (2 * (arrived + 50_000)));
        }
    }

    [Fact]
    public void A_large_last_frame_gets_no_more_memory_than_it_declared()
    {
        using var receiver = new Receiver();

        receiver.Feed("82 7f 00 00 00 00 00 0f 42 40"); // 1,000,000 bytes
        for (int i = 0; i < 40; i++)
            receiver.Feed(new byte[25_000]);

        Assert.Single(receiver.Frames);
        Assert.Equal(1_000_000, receiver.Pool.OutstandingBytes);
    }

    [Fact]
    public void Small_payloads_share_a_slab_which_goes_back_with_the_last_of_them()
    {
        using var receiver = new Receiver();
        for (int i = 0; i < 10; i++)
            receiver.Feed(Fragment(Opcode.Binary, 100, fin: true));
        Assert.Equal((1, 4096L), (receiver.Pool.Rents, receiver.Pool.PeakBytes));

        receiver.Assembler.Trim();
        foreach (Frame frame in receiver.Frames.Skip(1))
            frame.Recycle();
        Assert.Equal(1, receiver.Pool.Outstanding);
        Assert.Equal(new byte[100], receiver.Frames[0].ReadBytes());

        receiver.Frames[0].Recycle();
        Assert.Equal(0, receiver.Pool.Outstanding);
    }

    [Fact]
    public void Empty_payloads_take_no_memory()
    {
        using var receiver = new Receiver();

        receiver.Feed("81 00  82 00  89 00  01 00  80 00  88 00");

        Assert.Equal(5, receiver.Frames.Count);
        Assert.Equal(0, receiver.Pool.Rents);
    }

    [Fact]
    public void Payload_that_was_read_in_place_is_not_copied()
    {
        using var receiver = new Receiver();
        receiver.Feed("82 7e 27 10"); // 10,000 bytes
        Memory<byte> memory = receiver.Assembler.GetPayloadMemory(receiver.Reader.Remaining);
        Assert.Equal(10_000, memory.Length);
        memory.Span.Fill(7);
        Span<byte> input = memory.Span;

        Assert.True(receiver.Reader.TryRead(ref input, out FramePiece piece));
        Assert.True(receiver.Assembler.TryAccept(piece, out Frame? frame));

        receiver.Frames.Add(frame);
        Assert.True(frame.Data.Span == memory.Span);
        Assert.Equal(1, receiver.Pool.Rents);
    }

    [Fact]
    public void Payload_memory_never_reaches_beyond_the_frame_in_progress()
    {
        using var receiver = new Receiver();
        receiver.Feed("02 03 00");
        Assert.Equal(2, receiver.Assembler.GetPayloadMemory(receiver.Reader.Remaining).Length);

        receiver.FeedInPlace(Hex.Bytes("0102 80 01 03"));

        Assert.Equal([0, 1, 2, 3], Assert.Single(receiver.Frames).ReadBytes());
    }

    [Fact]
    public void Delivered_frames_stay_valid_after_disposal_and_what_was_begun_goes_back()
    {
        var receiver = new Receiver();
        receiver.Feed("82 03 010203").Feed(Fragment(Opcode.Binary, 5000, fin: true));
        receiver.Feed(Fragment(Opcode.Binary, 2000)).Feed("89 7d 0102"); // a message and a ping on their way

        receiver.Assembler.Dispose();

        Assert.Equal([1, 2, 3], receiver.Frames[0].ReadBytes());
        Assert.Equal(new byte[5000], receiver.Frames[1].ReadBytes());
        Assert.Equal(2, receiver.Pool.Outstanding);
        receiver.Dispose();
    }

    [Theory]
    [InlineData("01 01 61  00 7e 10 00 61 FF")]
    [InlineData("02 7e 04 00 0102  83")]
    [InlineData("88 03 03E8 C3")]
    public void After_a_violation_disposal_gives_everything_back(string hex)
    {
        var receiver = new Receiver();
        receiver.Feed(hex);

        receiver.Dispose();

        Assert.Equal(0, receiver.Pool.Outstanding);
    }

    [Fact]
    public void Trimming_in_the_middle_of_a_message_keeps_the_message()
    {
        using var receiver = new Receiver();
        receiver.Feed("02 02 0102");

        receiver.Assembler.Trim();
        receiver.Feed("80 02 0304");

        Assert.Equal([1, 2, 3, 4], Assert.Single(receiver.Frames).ReadBytes());
    }

    [Theory]
    [InlineData("82 0a", "10 bytes where MaxFrameSize allows 8, in a message of 10 bytes where MaxMessageSize allows 9. Raise MaxFrameSize and MaxMessageSize,")]
    [InlineData("82 09", "9 bytes where MaxFrameSize allows 8. Raise MaxFrameSize,")] // the message fits
    [InlineData("02 02 01 01 | 80 09", "9 bytes where MaxFrameSize allows 8, in a message of 11 bytes where MaxMessageSize allows 9. Raise MaxFrameSize and MaxMessageSize,")]
    [InlineData("02 01 01 | 00 01 01 | 80 09", "9 bytes where MaxFrameSize allows 8, in a message of 3 fragments where MaxFragments allows 2, in a message of 11 bytes where MaxMessageSize allows 9.")]
    [InlineData("02 05 01 01 01 01 01 | 00 00 | 80 05", "3 fragments where MaxFragments allows 2, in a message of 10 bytes where MaxMessageSize allows 9. Raise MaxFragments and MaxMessageSize,")]
    [InlineData("02 01 01 | 89 09", "9 bytes where MaxFrameSize allows 8. Raise MaxFrameSize,")] // a ping is no part of the message
    [InlineData("82 08 01 01 01 01 01 01 01 01 | 82 09", "9 bytes where MaxFrameSize allows 8. Raise MaxFrameSize,")] // nor is the message before
    public void Raising_one_limit_does_not_lead_to_the_next(string wire, string words)
    {
        foreach (AssemblerOutput output in (AssemblerOutput[])[AssemblerOutput.Messages, AssemblerOutput.Pieces])
        {
            using var receiver = new Receiver(output, maxFrameSize: 8, maxMessageSize: 9, maxFragments: 2);
            receiver.Feed(wire.Replace("|", "", StringComparison.Ordinal));
            Assert.Contains(words, receiver.Violation?.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Where_frames_are_delivered_only_their_own_limit_is_named()
    {
        using var receiver = new Receiver(AssemblerOutput.Frames, maxFrameSize: 8, maxMessageSize: 9);
        Assert.DoesNotContain("MaxMessageSize", receiver.Feed("82 0a").Violation?.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("81 03 61 ff 62", "61ff62")]
    [InlineData("81 03 61 e2 82", "61e282")] // ends within a character
    [InlineData("01 02 e2 82 | 80 02 41 42", "e2824142")] // another begins within it
    [InlineData("01 01 ff | 00 01 fe | 80 02 c3 a9", "fffec3a9")]
    public void Invalid_text_is_handed_on_as_it_came_where_it_is_allowed(string wire, string data)
    {
        byte[] twice = Hex.Bytes(string.Concat(Enumerable.Repeat(wire.Replace("|", "", StringComparison.Ordinal), 2)));
        foreach (AssemblerOutput output in Enum.GetValues<AssemblerOutput>())
        {
            foreach (int step in (int[])[1, 100])
            {
                var pool = new CountingPool();
                using var assembler = new MessageAssembler(output, pool) { AllowsInvalidText = true };
                var reader = new FrameReader(WebSocketRole.Client);
                var text = new List<byte>();
                var ends = new List<int>();
                Span<byte> input = [];
                foreach (byte[] chunk in twice.Chunk(step))
                {
                    input = (byte[])[.. input, .. chunk];
                    while (reader.TryRead(ref input, out FramePiece piece))
                    {
                        if (assembler.TryAccept(piece, out Frame? frame))
                            Take(frame);
                    }

                    if (assembler.TryTakePiece(out Frame? rest))
                        Take(rest);
                }

                Assert.Null(assembler.Violation);
                Assert.Equal(string.Concat(data, data), Convert.ToHexStringLower([.. text]));
                Assert.Equal([data.Length / 2, data.Length], ends);
                Assert.True(assembler.HasInvalidText);

                void Take(Frame frame)
                {
                    Assert.IsType<Frame.Text>(frame);
                    text.AddRange(frame.Data.Span);
                    if (frame.Fin)
                        ends.Add(text.Count);
                    frame.Recycle();
                }
            }
        }
    }

    [Fact]
    public void Where_invalid_text_is_handed_on_a_Close_must_still_be_valid()
    {
        using var assembler = new MessageAssembler { AllowsInvalidText = true };
        var reader = new FrameReader(WebSocketRole.Client);
        Span<byte> input = Hex.Bytes("88 03 03 e8 ff");

        Assert.True(reader.TryRead(ref input, out FramePiece piece));
        Assert.False(assembler.TryAccept(piece, out _));

        Assert.Equal(CloseCode.InvalidFramePayloadData, assembler.Violation?.Code);
    }

    private static void AssertTooBig(Receiver receiver, string limitName, long limit, long size)
    {
        Assert.Equal(CloseCode.MessageTooBig, receiver.Violation?.Code);
        var exception = Assert.IsType<FrameTooBigException>(receiver.Violation!.ToException());
        Assert.Equal((limit, size), (exception.Limit, exception.Size));
        Assert.Contains(limitName, exception.Message, StringComparison.Ordinal);
    }
}
