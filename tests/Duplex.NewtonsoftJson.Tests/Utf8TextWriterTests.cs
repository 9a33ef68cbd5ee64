using System.Buffers;
using System.Text;

namespace Duplex.Tests;

public sealed class Utf8TextWriterTests
{
    // Pairs of surrogates and block ends meet at every offset.
    private static readonly string Text = string.Concat(Enumerable.Repeat("aé€😀z", 1000));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(1000)]
    [InlineData(6000)]
    public void The_bytes_are_the_same_however_the_text_is_cut(int step)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new Utf8TextWriter(output);
        for (int at = 0; at < Text.Length; at += step)
        {
            string part = Text.Substring(at, Math.Min(step, Text.Length - at));
            if (part.Length == 1)
                writer.Write(part[0]);
            else if (at % 2 == 0)
                writer.Write(part);
            else
                writer.Write(part.ToCharArray(), 0, part.Length);
        }

        writer.Write((string?)null);
        writer.Complete();

        Assert.Equal(Text, Encoding.UTF8.GetString(output.WrittenSpan));
        Assert.Equal("utf-8", writer.Encoding.WebName);
    }

    [Fact]
    public void Half_of_a_pair_of_surrogates_is_an_error()
    {
        foreach (string text in new[] { "a\uD83D", "\uD83Da", "\uDE00" })
        {
            using var writer = new Utf8TextWriter(new ArrayBufferWriter<byte>());
            writer.Write(text);

            Assert.Throws<EncoderFallbackException>(writer.Complete);
        }
    }

    [Fact]
    public void Nothing_is_written_behind_the_end()
    {
        var writer = new Utf8TextWriter(new ArrayBufferWriter<byte>());
        writer.Dispose();
        writer.Dispose();

        Assert.Throws<ObjectDisposedException>(() => writer.Write('a'));
        Assert.Throws<ObjectDisposedException>(() => writer.Write("a"));
    }
}
