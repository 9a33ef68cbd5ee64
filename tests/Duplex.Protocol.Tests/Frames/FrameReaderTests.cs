using System.Runtime.InteropServices;

namespace Duplex.Tests;

public class FrameReaderTests
{
    // Reads as much as there is; a client's view, so that frames stand unmasked.
    private static FrameReader Read(string hex, WebSocketRole role = WebSocketRole.Client, long maxFrameSize = WebSocketLimits.DefaultMaxSize, ReservedBits owned = ReservedBits.None)
    {
        var reader = new FrameReader(role, maxFrameSize, owned);
        Span<byte> input = Hex.Bytes(hex);
        while (reader.TryRead(ref input, out _))
        {
        }

        return reader;
    }

    private static void AssertProtocolError(FrameReader reader)
    {
        Assert.NotNull(reader.Violation);
        Assert.Equal(CloseCode.ProtocolError, reader.Violation.Code);
    }

    // The verdict on the whole is already there when only the first bytes have come, and not a byte earlier.
    private static void AssertJudgedAtByte(int count, string hex, WebSocketRole role = WebSocketRole.Client, ReservedBits owned = ReservedBits.None, string before = "")
    {
        string start = string.Concat(hex.Replace(" ", "", StringComparison.Ordinal).Take(2 * count));
        Assert.Null(Read(before + start[..^2], role, owned: owned).Violation);
        AssertProtocolError(Read(before + start, role, owned: owned));
        AssertProtocolError(Read(before + hex, role, owned: owned));
    }

    [Fact]
    [KtorParity("test-protocol/ParserTest.testParserSimpleFrame")]
    public void A_frame_that_lies_wholly_in_the_input_is_one_piece()
    {
        var reader = new FrameReader(WebSocketRole.Client);
        Span<byte> input = Hex.Bytes("81 05 48 65 6c 6c 6f 82");

        Assert.True(reader.TryRead(ref input, out FramePiece piece));

        Assert.True(piece is { Starts: true, Ends: true, Type: FrameType.Text, StartsMessage: true, EndsMessage: true });
        Assert.True(piece.Payload.SequenceEqual("Hello"u8));
        Assert.Equal(1, input.Length);
        Assert.Equal(0, reader.Remaining);
    }

    [Fact]
    [KtorParity("parts/WebSocketReader-FrameParser-SimpleFrameCollector")]
    public void A_frame_that_comes_in_parts_gives_a_piece_for_each()
    {
        var reader = new FrameReader(WebSocketRole.Client);

        Span<byte> input = Hex.Bytes("82 05");
        Assert.True(reader.TryRead(ref input, out FramePiece piece));
        Assert.True(piece is { Starts: true, Ends: false, Payload.Length: 0 });
        Assert.Equal(5, reader.Remaining);

        input = Hex.Bytes("01 02");
        Assert.True(reader.TryRead(ref input, out piece));
        Assert.True(piece is { Starts: false, Ends: false });
        Assert.True(piece.Payload.SequenceEqual((byte[])[1, 2]));
        Assert.Equal(3, reader.Remaining);

        Assert.False(reader.TryRead(ref input, out _));

        input = Hex.Bytes("03 04 05");
        Assert.True(reader.TryRead(ref input, out piece));
        Assert.True(piece is { Starts: false, Ends: true, Header.PayloadLength: 5 });
        Assert.True(piece.Payload.SequenceEqual((byte[])[3, 4, 5]));
        Assert.Equal(0, reader.Remaining);
    }

    [Fact]
    public void Pieces_lie_in_the_input_itself_and_are_unmasked_there()
    {
        var reader = new FrameReader(WebSocketRole.Server);
        byte[] bytes = Hex.Bytes("81 85 37 fa 21 3d 7f 9f 4d 51 58");
        Span<byte> input = bytes;

        Assert.True(reader.TryRead(ref input, out FramePiece piece));

        Assert.True(piece.Payload == bytes.AsSpan(6));
        Assert.Equal("Hello"u8.ToArray(), bytes[6..]);
    }

    [Fact]
    public void A_masked_payload_may_be_split_anywhere()
    {
        byte[] bytes = Hex.Bytes("81 85 37 fa 21 3d 7f 9f 4d 51 58");
        for (int split = 0; split <= bytes.Length; split++)
        {
            using var receiver = new Receiver(WebSocketRole.Server);
            receiver.Feed(bytes.AsSpan(0, split)).Feed(bytes.AsSpan(split));
            Assert.Equal("Hello", Assert.IsType<Frame.Text>(Assert.Single(receiver.Frames)).ReadText());
        }
    }

    [Theory]
    [InlineData("81 00", 2)]
    [InlineData("82 7e 00 7e", 4)]
    [InlineData("82 7f 00 00 00 00 00 01 00 00", 10)]
    public void Part_of_a_header_stays_in_the_input(string header, int size)
    {
        byte[] bytes = Hex.Bytes(header);
        for (int length = 0; length < size; length++)
        {
            var reader = new FrameReader(WebSocketRole.Client);
            Span<byte> input = bytes.AsSpan(0, length);
            Assert.False(reader.TryRead(ref input, out _));
            Assert.Equal(length, input.Length);
            Assert.Null(reader.Violation);
        }
    }

    [Theory]
    [InlineData(0, "82 00")]
    [InlineData(125, "82 7d")]
    [InlineData(126, "82 7e 00 7e")]
    [InlineData(127, "82 7e 00 7f")]
    [InlineData(65535, "82 7e ff ff")]
    [InlineData(65536, "82 7f 00 00 00 00 00 01 00 00")]
    [KtorParity("test-protocol/ParserTest.testParserU16Frame")]
    public void A_length_at_each_boundary_is_taken_in_its_shortest_form(int length, string header)
    {
        using var receiver = new Receiver();

        receiver.Feed(header).Feed(new byte[length]).Feed("89 00");

        Assert.Equal(length, Assert.IsType<Frame.Binary>(receiver.Frames[0]).Data.Length);
        Assert.IsType<Frame.Ping>(receiver.Frames[1]);
    }

    [Theory]
    [InlineData("82 7e 00 00")]
    [InlineData("82 7e 00 7d")]
    [InlineData("82 7f 00 00 00 00 00 00 00 00")]
    [InlineData("82 7f 00 00 00 00 00 00 00 7d")]
    [InlineData("82 7f 00 00 00 00 00 00 00 7e")]
    [InlineData("82 7f 00 00 00 00 00 00 ff ff")]
    public void A_length_in_more_bytes_than_it_needs_is_a_protocol_error(string header) => AssertProtocolError(Read(header));

    [Theory]
    [InlineData("82 7f 80 00 00 00 00 00 00 00")]
    [InlineData("82 7f ff ff ff ff ff ff ff ff")]
    public void A_64_bit_length_with_its_most_significant_bit_set_is_a_protocol_error(string header) => AssertProtocolError(Read(header));

    [Fact]
    public void A_declared_length_of_2_to_the_62_is_judged_at_the_header_and_takes_no_memory()
    {
        using var receiver = new Receiver();

        receiver.Feed("82 7f 40 00 00 00 00 00 00 00");

        Assert.Equal(CloseCode.MessageTooBig, receiver.Violation?.Code);
        Assert.Equal(0, receiver.Pool.Rents);
    }

    [Fact]
    [KtorParity("untested/masked-frames-of-a-server")]
    public void A_masked_frame_of_a_server_is_a_protocol_error() => AssertJudgedAtByte(2, "81 85 37 fa 21 3d 7f 9f 4d 51 58");

    [Fact]
    public void An_unmasked_frame_of_a_client_is_a_protocol_error() => AssertJudgedAtByte(2, "81 05 48 65 6c 6c 6f", WebSocketRole.Server);

    [Theory]
    [InlineData("C1 00")]
    [InlineData("A1 00")]
    [InlineData("91 00")]
    [InlineData("F2 00")]
    [InlineData("C8 00")]
    [InlineData("A9 00")]
    [InlineData("9A 00")]
    [KtorParity("untested/reserved-bits-without-an-extension")]
    public void A_reserved_bit_that_nobody_owns_is_a_protocol_error_at_the_first_byte(string hex) => AssertJudgedAtByte(1, hex);

    [Theory]
    [InlineData("A1 00", ReservedBits.Rsv1)]
    [InlineData("C1 00", ReservedBits.Rsv2 | ReservedBits.Rsv3)]
    [InlineData("F1 00", ReservedBits.Rsv1 | ReservedBits.Rsv2)]
    public void Owning_one_reserved_bit_does_not_excuse_another(string hex, ReservedBits owned) => AssertJudgedAtByte(1, hex, owned: owned);

    [Theory]
    [InlineData("C1 01 78", ReservedBits.Rsv1, ReservedBits.Rsv1)]
    [InlineData("A1 01 78", ReservedBits.Rsv2, ReservedBits.Rsv2)]
    [InlineData("D1 01 78", ReservedBits.Rsv1 | ReservedBits.Rsv3, ReservedBits.Rsv1 | ReservedBits.Rsv3)]
    [InlineData("81 01 78", ReservedBits.Rsv1, ReservedBits.None)]
    public void A_reserved_bit_that_an_extension_owns_is_let_through(string hex, ReservedBits owned, ReservedBits expected)
    {
        using var receiver = new Receiver(ownedBits: owned);

        receiver.Feed(hex);

        Assert.Equal(expected, Assert.Single(receiver.Frames).Reserved);
    }

    [Theory]
    [InlineData("C8 00", ReservedBits.Rsv1)]
    [InlineData("A9 00", ReservedBits.Rsv2)]
    [InlineData("DA 00", ReservedBits.Rsv1 | ReservedBits.Rsv3)]
    public void On_a_control_frame_even_an_owned_reserved_bit_is_a_protocol_error(string hex, ReservedBits owned) => AssertJudgedAtByte(1, hex, owned: owned);

    [Theory]
    [InlineData("83")]
    [InlineData("84")]
    [InlineData("85")]
    [InlineData("86")]
    [InlineData("87")]
    [InlineData("8B")]
    [InlineData("8C")]
    [InlineData("8D")]
    [InlineData("8E")]
    [InlineData("8F")]
    public void A_reserved_opcode_is_a_protocol_error_at_the_first_byte(string first)
    {
        AssertJudgedAtByte(1, first + "00");
        AssertJudgedAtByte(1, first + "80 00000000", WebSocketRole.Server);
        AssertJudgedAtByte(1, first + "00", before: "01 00"); // within a fragmented message
    }

    [Theory]
    [InlineData("08 00")]
    [InlineData("09 00")]
    [InlineData("0A 00")]
    public void A_fragmented_control_frame_is_a_protocol_error_at_the_first_byte(string hex) => AssertJudgedAtByte(1, hex);

    [Theory]
    [InlineData("88 7e 00 7e")]
    [InlineData("89 7e 00 7e")]
    [InlineData("8A 7e 00 7e")]
    [InlineData("89 7f 00 00 00 00 00 01 00 00")]
    [KtorParity("test-protocol/WebSocketReaderTest.testFailFragmentedControl")]
    public void A_control_frame_of_more_than_125_bytes_is_a_protocol_error_at_the_second_byte(string hex) => AssertJudgedAtByte(2, hex);

    [Fact]
    public void A_control_frame_of_125_bytes_is_legal()
    {
        using var receiver = new Receiver();

        receiver.Feed("89 7d").Feed(new byte[125]).Feed("8A 7d").Feed(new byte[125]);

        Assert.All(receiver.Frames, frame => Assert.Equal(125, frame.Data.Length));
        Assert.Equal(2, receiver.Frames.Count);
    }

    [Fact]
    public void A_Close_of_1_byte_is_a_protocol_error_at_the_second_byte() => AssertJudgedAtByte(2, "88 01 03");

    [Theory]
    [InlineData("")]
    [InlineData("81 01 61")]
    [InlineData("01 01 61 80 01 62")]
    public void A_continuation_without_a_start_is_a_protocol_error_at_the_first_byte(string before)
    {
        AssertJudgedAtByte(1, "80 01 61", before: before);
        AssertJudgedAtByte(1, "00 01 61", before: before);
    }

    [Theory]
    [InlineData("01 01 61", "81 01 62")]
    [InlineData("01 01 61", "02 01 62")]
    [InlineData("02 01 61 00 01 62", "82 01 62")]
    [InlineData("02 01 61 89 00", "81 00")]
    public void A_new_message_inside_a_fragmented_one_is_a_protocol_error_at_the_first_byte(string before, string hex) =>
        AssertJudgedAtByte(1, hex, before: before);

    [Fact]
    public void Control_frames_may_stand_between_fragments_and_do_not_end_the_message()
    {
        using var receiver = new Receiver();

        receiver.Feed("01 03 48656C  89 02 7071  00 01 6C  8A 00  80 01 6F");

        Assert.Null(receiver.Violation);
        Assert.Equal([FrameType.Ping, FrameType.Pong, FrameType.Text], receiver.Frames.Select(frame => frame.Type));
        Assert.Equal("Hello", ((Frame.Text)receiver.Frames[2]).ReadText());
    }

    [Fact]
    [KtorParity("frames/continuation-frames-have-the-type", "test-protocol/ParserTest.testParserFragmentation")]
    public void A_continuation_has_the_type_of_its_message()
    {
        var reader = new FrameReader(WebSocketRole.Client);
        Span<byte> input = Hex.Bytes("01 00 89 00 00 00 80 00 02 00 80 00");
        var types = new List<FrameType>();
        while (reader.TryRead(ref input, out FramePiece piece))
            types.Add(piece.Type);

        Assert.Equal([FrameType.Text, FrameType.Ping, FrameType.Text, FrameType.Text, FrameType.Binary, FrameType.Binary], types);
    }

    [Fact]
    public void A_frame_of_exactly_MaxFrameSize_is_let_through()
    {
        Assert.Null(Read("82 05 0102030405", maxFrameSize: 5).Violation);
        Assert.Null(Read("82 7e 01 00", maxFrameSize: 256).Violation);
    }

    [Theory]
    [InlineData("82 06", 5, 6)]
    [InlineData("82 7e 01 01", 256, 257)]
    [InlineData("82 7f 00 00 00 00 00 01 00 00", 65535, 65536)]
    [InlineData("89 06", 5, 6)]
    [InlineData("82 7f 7f ff ff ff ff ff ff ff", 5, long.MaxValue)]
    public void A_frame_one_larger_is_too_big_at_its_header(string header, long limit, long size)
    {
        FrameReader reader = Read(header, maxFrameSize: limit);

        Assert.Equal(CloseCode.MessageTooBig, reader.Violation?.Code);
        var exception = Assert.IsType<FrameTooBigException>(reader.Violation!.ToException());
        Assert.Equal((limit, size), (exception.Limit, exception.Size));
        Assert.Contains("MaxFrameSize", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MaxFrameSize_counts_from_the_next_header_on()
    {
        var reader = new FrameReader(WebSocketRole.Client, maxFrameSize: 10);
        Span<byte> input = Hex.Bytes("82 0a 00010203");
        Assert.True(reader.TryRead(ref input, out _));
        reader.MaxFrameSize = 5;
        Assert.Equal(5, reader.MaxFrameSize);

        input = Hex.Bytes("040506070809 82 05 0102030405 82 06");
        Assert.True(reader.TryRead(ref input, out _));
        Assert.True(reader.TryRead(ref input, out _));
        Assert.Null(reader.Violation);
        Assert.False(reader.TryRead(ref input, out _));

        Assert.Equal(CloseCode.MessageTooBig, reader.Violation?.Code);
    }

    [Fact]
    public void MaxFrameSize_goes_from_1_byte_to_any_size()
    {
        var reader = new FrameReader(WebSocketRole.Client, maxFrameSize: 1);
        reader.MaxFrameSize = long.MaxValue;

        Assert.Throws<ArgumentOutOfRangeException>(() => reader.MaxFrameSize = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.MaxFrameSize = -1);
        Assert.Throws<ArgumentOutOfRangeException>(() => new FrameReader(WebSocketRole.Client, maxFrameSize: 0));
        Assert.Equal(long.MaxValue, reader.MaxFrameSize);
    }

    [Fact]
    public void Nothing_is_parsed_after_a_violation()
    {
        FrameReader reader = Read("83");
        ProtocolViolation? violation = reader.Violation;
        Span<byte> input = Hex.Bytes("81 01 61");

        Assert.False(reader.TryRead(ref input, out _));

        Assert.Same(violation, reader.Violation);
        Assert.Equal(3, input.Length);
    }

    [Fact]
    public void It_tells_whether_the_frame_in_progress_is_a_control_frame()
    {
        Assert.True(Read("89 02 00").InControlFrame);
        Assert.False(Read("89 02 00 00").InControlFrame);
        Assert.False(Read("82 02 00").InControlFrame);
        Assert.False(Read("82").InControlFrame);
    }

    [Theory]
    [InlineData("81 80 00000000", 0u)]
    [InlineData("81 80 ffffffff", uint.MaxValue)]
    public void The_extreme_mask_keys_are_legal(string hex, uint key)
    {
        var reader = new FrameReader(WebSocketRole.Server);
        Span<byte> input = Hex.Bytes(hex);

        Assert.True(reader.TryRead(ref input, out FramePiece piece));

        Assert.Equal(key, piece.Header.MaskKey);
    }

    [Fact]
    public void A_piece_knows_its_frames_header()
    {
        var reader = new FrameReader(WebSocketRole.Server);
        Span<byte> input = Hex.Bytes("01 83 37 fa 21 3d 00");

        Assert.True(reader.TryRead(ref input, out FramePiece piece));

        Assert.Equal(new FrameHeader(Opcode.Text, false, ReservedBits.None, 3, MemoryMarshal.Read<uint>(Hex.Bytes("37fa213d"))), piece.Header);
    }

    [Fact]
    public void Pieces_are_no_longer_than_is_asked_for()
    {
        var reader = new FrameReader(WebSocketRole.Server) { MaxPiece = 3 };
        byte[] wire = new WireFrame(Opcode.Binary, [1, 2, 3, 4, 5, 6, 7]).Encode(WebSocketRole.Client);
        Span<byte> input = wire;
        List<string> pieces = [];

        while (reader.TryRead(ref input, out FramePiece piece))
            pieces.Add($"{(piece.Starts ? "[" : "")}{Hex.Text(piece.Payload)}{(piece.Ends ? "]" : "")}");

        Assert.Equal(["[010203", "040506", "07]"], pieces);
        Assert.True(input.IsEmpty);
    }
}
