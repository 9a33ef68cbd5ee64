using System.Runtime.InteropServices;

namespace Duplex.Tests;

public class FrameHeaderTests
{
    private static readonly uint Key = MemoryMarshal.Read<uint>([0x37, 0xfa, 0x21, 0x3d]);

    [Theory]
    [InlineData(0, "82 00")]
    [InlineData(125, "82 7d")]
    [InlineData(126, "82 7e 00 7e")]
    [InlineData(127, "82 7e 00 7f")]
    [InlineData(65535, "82 7e ff ff")]
    [InlineData(65536, "82 7f 00 00 00 00 00 01 00 00")]
    [InlineData(long.MaxValue, "82 7f 7f ff ff ff ff ff ff ff")]
    [KtorParity("test-protocol/ParserTest.testParserU64Frame")]
    public void A_length_is_written_in_the_fewest_bytes_and_read_back(long length, string wire)
    {
        var header = new FrameHeader(Opcode.Binary, fin: true, ReservedBits.None, length);
        byte[] bytes = new byte[FrameHeader.MaxSize];

        int size = header.Write(bytes);

        Assert.Equal(Hex.Bytes(wire), bytes[..size]);
        Assert.Equal(size, header.Size);
        Assert.True(FrameHeader.TryParse(bytes.AsSpan(0, size), out FrameHeader read));
        Assert.Equal(header, read);
        Assert.True(read.IsMinimal);
        Assert.Equal(length, read.PayloadLength);
    }

    [Theory]
    [InlineData("81 85 37 fa 21 3d", 5)]
    [InlineData("81 fe 01 00 37 fa 21 3d", 256)]
    [InlineData("81 ff 00 00 00 00 00 01 00 00 37 fa 21 3d", 65536)]
    [KtorParity("test-protocol/ParserTest.testParserMasking")]
    public void A_mask_key_follows_the_length_in_its_own_byte_order(string wire, long length)
    {
        var header = new FrameHeader(Opcode.Text, fin: true, ReservedBits.None, length, Key);
        byte[] bytes = new byte[FrameHeader.MaxSize];

        Assert.Equal(Hex.Bytes(wire), bytes[..header.Write(bytes)]);
        Assert.True(FrameHeader.TryParse(Hex.Bytes(wire), out FrameHeader read));
        Assert.True(read.Masked);
        Assert.Equal(Key, read.MaskKey);
        Assert.Equal(header, read);
    }

    [Fact]
    public void A_mask_key_of_zero_is_still_a_mask_key()
    {
        var header = new FrameHeader(Opcode.Text, fin: true, ReservedBits.None, 0, maskKey: 0);
        byte[] bytes = new byte[FrameHeader.MaxSize];

        Assert.Equal(Hex.Bytes("81 80 00000000"), bytes[..header.Write(bytes)]);
    }

    [Theory]
    [InlineData("80", true, ReservedBits.None, Opcode.Continuation)]
    [InlineData("01", false, ReservedBits.None, Opcode.Text)]
    [InlineData("C2", true, ReservedBits.Rsv1, Opcode.Binary)]
    [InlineData("28", false, ReservedBits.Rsv2, Opcode.Close)]
    [InlineData("99", true, ReservedBits.Rsv3, Opcode.Ping)]
    [InlineData("7A", false, ReservedBits.Rsv1 | ReservedBits.Rsv2 | ReservedBits.Rsv3, Opcode.Pong)]
    [InlineData("8F", true, ReservedBits.None, (Opcode)0xF)]
    public void The_first_byte_holds_fin_the_reserved_bits_and_the_opcode(string first, bool fin, ReservedBits reserved, Opcode opcode)
    {
        Assert.True(FrameHeader.TryParse([.. Hex.Bytes(first), 0], out FrameHeader header));

        Assert.Equal((fin, reserved, opcode), (header.Fin, header.Reserved, header.Opcode));
        byte[] bytes = new byte[2];
        new FrameHeader(opcode, fin, reserved, 0).Write(bytes);
        Assert.Equal(Hex.Bytes(first)[0], bytes[0]);
    }

    [Fact]
    public void Opcodes_from_8_on_are_control_frames()
    {
        for (int opcode = 0; opcode < 16; opcode++)
        {
            Assert.True(FrameHeader.TryParse([(byte)opcode, 0], out FrameHeader header));
            Assert.Equal(opcode >= 8, header.IsControl);
        }
    }

    [Theory]
    [InlineData("82 7e 00 00")]
    [InlineData("82 7e 00 7d")]
    [InlineData("82 7f 00 00 00 00 00 00 00 7d")]
    [InlineData("82 7f 00 00 00 00 00 00 ff ff")]
    public void A_length_in_more_bytes_than_it_needs_is_read_and_told_apart(string wire)
    {
        Assert.True(FrameHeader.TryParse(Hex.Bytes(wire), out FrameHeader header));

        Assert.False(header.IsMinimal);
        Assert.Equal(wire.Replace(" ", "", StringComparison.Ordinal).Length / 2, header.Size);
    }

    [Fact]
    public void A_length_with_its_most_significant_bit_set_reads_as_negative()
    {
        Assert.True(FrameHeader.TryParse(Hex.Bytes("82 7f 80 00 00 00 00 00 00 01"), out FrameHeader header));

        Assert.Equal(long.MinValue + 1, header.PayloadLength);
    }

    [Theory]
    [InlineData("81 05")]
    [InlineData("81 85 37 fa 21 3d")]
    [InlineData("82 7e 01 00")]
    [InlineData("82 fe 01 00 37 fa 21 3d")]
    [InlineData("82 7f 00 00 00 00 00 01 00 00")]
    [InlineData("82 ff 00 00 00 00 00 01 00 00 37 fa 21 3d")]
    public void No_part_of_a_header_reads_as_a_header(string wire)
    {
        byte[] bytes = Hex.Bytes(wire);
        for (int length = 0; length < bytes.Length; length++)
            Assert.False(FrameHeader.TryParse(bytes.AsSpan(0, length), out _));

        Assert.True(FrameHeader.TryParse([.. bytes, 1, 2, 3], out FrameHeader header));
        Assert.Equal(bytes.Length, header.Size);
    }

    [Fact]
    public void A_header_does_not_fit_a_shorter_destination()
    {
        var header = new FrameHeader(Opcode.Text, fin: true, ReservedBits.None, 300, Key);

        Assert.Throws<ArgumentOutOfRangeException>(() => header.Write(new byte[header.Size - 1]));
    }

    [Fact]
    public void Headers_are_equal_if_every_part_is()
    {
        static FrameHeader Header(Opcode opcode = Opcode.Text, long length = 5, uint? key = 7) => new(opcode, true, ReservedBits.None, length, key);
        Assert.True(FrameHeader.TryParse(Hex.Bytes("81 7e 00 05"), out FrameHeader longer));

        Assert.True(Header() == Header());
        Assert.Equal(Header().GetHashCode(), Header().GetHashCode());
        Assert.True(Header().Equals((object)Header()));
        Assert.False(Header().Equals("a header"));
        Assert.True(Header() != Header(opcode: Opcode.Binary));
        Assert.True(Header() != Header(length: 6));
        Assert.True(Header() != Header(key: 8));
        Assert.True(Header(key: null) != Header(key: 0));
        Assert.True(Header(key: null) != longer);
    }
}
