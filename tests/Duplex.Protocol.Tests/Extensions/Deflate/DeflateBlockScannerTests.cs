using System.IO.Compression;
using System.Text;
using CsCheck;

namespace Duplex.Tests;

public class DeflateBlockScannerTests
{
    [Theory]
    [InlineData("03 00", 2)] // fixed codes, empty
    [InlineData("01 00 00 FF FF", 5)] // stored, empty
    [InlineData("01 03 00 FC FF 01 02 03", 8)] // stored
    [InlineData("F3 48 CD C9 C9 07 00", 7)] // RFC 7692 §7.2.3.4
    [InlineData("F3 00 11 00", 4)] // a reference to what came before
    public void A_block_ends_with_its_last_byte_however_it_is_cut(string wire, int length)
    {
        byte[] block = Hex.Bytes(wire);
        Assert.Equal(block.Length, length);

        Assert.All((int[])[1, 2, 3, 100], step => Assert.Equal(length, Scan([.. block, 0xFF, 0xFF, 0x00], step)));
    }

    [Fact]
    public void Whatever_the_platform_makes_of_data_ends_where_it_ends() =>
        Gen.Select(Gen.Int[0, 6000], Gen.Int[1, 200], Gen.Enum<ZLibCompressionStrategy>(), Gen.Int[0, 9], Gen.Int[1, 5000]).Sample((size, alphabet, strategy, level, step) =>
        {
            byte[] data = size % 3 == 0 ? Encoding.ASCII.GetBytes(Samples.Json(size, size)) : [.. Samples.Noise(size, size).Select(b => (byte)(b % alphabet))];
            var compressed = new MemoryStream();
            using (var codec = new DeflateStream(compressed, new ZLibCompressionOptions { CompressionLevel = level, CompressionStrategy = strategy }, leaveOpen: true))
                codec.Write(data);
            byte[] wire = compressed.ToArray();
            if (wire is [] || (wire[0] & 1) == 0)
                return; // nothing, or several blocks
            Assert.Equal(wire.Length, Scan([.. wire, .. Samples.Noise(20, size)], step));
        }, iter: 2000);

    [Fact]
    public void Any_bytes_are_a_block_or_none_and_never_an_error() =>
        Gen.Select(Gen.Byte.Array[1, 400], Gen.Int[1, 50]).Sample((bytes, step) =>
        {
            bytes[0] |= 1;
            Assert.Equal(Scan(bytes, bytes.Length), Scan(bytes, step));
        }, iter: 20_000);

    [Theory]
    [InlineData("07")] // a type that does not exist
    [InlineData("FD FF FF FF FF FF FF FF FF FF FF FF FF FF")] // more codes than there is room for
    public void What_is_no_block_is_left_to_the_codec_whole(string wire)
    {
        byte[] data = [.. Hex.Bytes(wire), .. new byte[100]];
        Assert.Equal(-data.Length, Scan(data, 1000));
    }

    // How long the block is; negative if it does not end there.
    private static int Scan(byte[] data, int step)
    {
        var scanner = new DeflateBlockScanner();
        scanner.Begin();
        int at = 0;
        while (at < data.Length && !scanner.IsDone)
        {
            int length = Math.Min(step, data.Length - at);
            int scanned = scanner.Scan(data.AsSpan(at, length));
            Assert.True(scanned == length || scanner.IsDone);
            at += scanned;
        }

        return scanner.IsDone ? at : -at;
    }
}
