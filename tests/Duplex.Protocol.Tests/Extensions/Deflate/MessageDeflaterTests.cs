using System.Buffers;
using System.IO.Compression;
using System.Text;

namespace Duplex.Tests;

public class MessageDeflaterTests
{
    [Fact]
    public void The_same_message_again_refers_to_the_first_as_in_section_7_2_3_2()
    {
        using var deflater = new MessageDeflater(CompressionLevel.Fastest, takesOver: true, 15);

        var reference = new ReferenceInflate();

        byte[] first = Deflate(deflater, "Hello"u8);
        byte[] second = Deflate(deflater, "Hello"u8);

        Assert.Equal("F248CDC9C90700", Hex.Text(first));
        Assert.InRange(second.Length, 2, 5); // the platform's codec does in 4 bytes what takes 5 there
        Assert.Equal(["Hello"u8.ToArray(), "Hello"u8.ToArray()], [reference.Message(first), reference.Message(second)]);
        Assert.Equal(5, reference.FurthestDistance);
    }

    [Fact]
    public void Without_takeover_each_message_stands_for_itself()
    {
        using var deflater = new MessageDeflater(CompressionLevel.Fastest, takesOver: false, 15);

        Assert.Equal("F248CDC9C90700", Hex.Text(Deflate(deflater, "Hello"u8)));
        Assert.Equal("F248CDC9C90700", Hex.Text(Deflate(deflater, "Hello"u8)));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void An_empty_message_is_the_one_byte_of_section_7_2_3_6(bool takesOver)
    {
        using var deflater = new MessageDeflater(CompressionLevel.Fastest, takesOver, 15);
        var reference = new ReferenceInflate();

        foreach (string message in (string[])["", "a", "", "", "b"])
        {
            byte[] wire = Deflate(deflater, Encoding.ASCII.GetBytes(message));
            Assert.Equal(message, Encoding.ASCII.GetString(reference.Message(wire)));
            if (message.Length == 0)
                Assert.Equal("00", Hex.Text(wire));
        }
    }

    [Theory, InlineData(true, 15), InlineData(false, 15), InlineData(true, 9)]
    [KtorParity("extensions/compression-outgoing-frames")]
    public void Fragments_are_one_message_whose_parts_can_each_be_read_when_they_come(bool takesOver, int windowBits)
    {
        using var deflater = new MessageDeflater(CompressionLevel.Optimal, takesOver, windowBits);
        using var inflater = new MessageInflater(takesOver, int.MaxValue);
        var reference = new ReferenceInflate();
        for (int round = 0; round < 3; round++)
        {
            string[] parts = [Samples.Json(700, round), "", Samples.Json(5000, round + 1), "x", ""];
            List<byte> wire = [];
            for (int i = 0; i < parts.Length; i++)
            {
                byte[] data = Encoding.ASCII.GetBytes(parts[i]);
                var output = new ArrayBufferWriter<byte>();
                Assert.Equal(deflater.Deflate(data, i == parts.Length - 1, output), output.WrittenCount);
                wire.AddRange(output.WrittenSpan);

                var read = new ArrayBufferWriter<byte>();
                var part = new MessagePart { Type = FrameType.Text, Data = output.WrittenSpan, StartsMessage = i == 0, EndsMessage = i == parts.Length - 1 };
                Assert.Null(inflater.Inflate(part, read));
                Assert.Equal(parts[i], Encoding.ASCII.GetString(read.WrittenSpan));
            }

            Assert.Equal(string.Concat(parts), Encoding.ASCII.GetString(reference.Message([.. wire])));
        }
    }

    [Theory, InlineData(8), InlineData(9), InlineData(10), InlineData(11), InlineData(12), InlineData(13), InlineData(14), InlineData(15)]
    [KtorParity("weakness/16-compression")]
    public void No_message_refers_further_back_than_the_window_reaches(int windowBits)
    {
        foreach (CompressionLevel level in (CompressionLevel[])[CompressionLevel.Fastest, CompressionLevel.Optimal, CompressionLevel.SmallestSize])
        {
            using var deflater = new MessageDeflater(level, takesOver: true, windowBits);
            var reference = new ReferenceInflate();
            string noise = Convert.ToBase64String(Samples.Noise(3000)); // the same again and again, at every distance
            foreach (int size in (int[])[100, 4000, 17, 4000, 900, 4000, 300, 256, 4000, 1])
            {
                byte[] message = Encoding.ASCII.GetBytes(noise[..size]);
                Assert.Equal(message, reference.Message(Deflate(deflater, message)));
            }

            Assert.InRange(reference.FurthestDistance, 1 << (Math.Min(windowBits, 13) - 2), 1 << windowBits);
            Assert.False(reference.HasFinalBlock);
        }
    }

    [Fact]
    public void A_small_window_costs_some_compression_and_takeover_saves_more()
    {
        long Size(bool takesOver, int windowBits)
        {
            using var deflater = new MessageDeflater(CompressionLevel.Fastest, takesOver, windowBits);
            return Enumerable.Range(0, 40).Sum(i => (long)Deflate(deflater, Encoding.ASCII.GetBytes(Samples.Json(1024, i))).Length);
        }

        long whole = Size(true, 15), twelve = Size(true, 12), eight = Size(true, 8), alone = Size(false, 15);
        Assert.InRange(twelve, whole + 1, whole * 12 / 10);
        Assert.InRange(alone, twelve + 1, 40 * 1024 / 2);
        Assert.InRange(eight, alone + 1, 40 * 1024 * 3 / 4);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(8191), InlineData(8192), InlineData(8193), InlineData(300_000)]
    public void What_cannot_be_compressed_comes_out_whole(int size)
    {
        using var deflater = new MessageDeflater(CompressionLevel.Fastest, takesOver: true, 15);
        byte[] noise = Samples.Noise(size);

        Assert.Equal(noise, new ReferenceInflate().Message(Deflate(deflater, noise)));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Memory_is_taken_with_the_first_message_and_held_as_long_as_a_message_may_refer_to_those_before(bool takesOver)
    {
        var deflater = new MessageDeflater(CompressionLevel.Fastest, takesOver, 15);
        Assert.False(deflater.HoldsMemory);
        deflater.Deflate("begun"u8, ends: false, new ArrayBufferWriter<byte>());
        Assert.True(deflater.HoldsMemory);
        deflater.Deflate("ended"u8, ends: true, new ArrayBufferWriter<byte>());
        Assert.Equal(takesOver, deflater.HoldsMemory);

        deflater.Dispose();

        Assert.False(deflater.HoldsMemory);
        deflater.Dispose();
    }

    private static byte[] Deflate(MessageDeflater deflater, ReadOnlySpan<byte> message)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Equal(deflater.Deflate(message, ends: true, output), output.WrittenCount);
        return output.WrittenSpan.ToArray();
    }
}
