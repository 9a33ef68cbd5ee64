using System.Text;

namespace Duplex.Tests;

public sealed class Utf8TextReaderTests
{
    private const string Text = "aé€😀\0z";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(100)]
    public void The_text_is_the_same_however_little_is_read_at_a_time(int step)
    {
        using var reader = new Utf8TextReader(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(Text, 20))));
        var read = new StringBuilder();
        char[] buffer = new char[step + 2];
        while (reader.Read(buffer, 1, step) is var count and > 0)
        {
            Assert.InRange(count, 1, step);
            Assert.Equal(('\0', '\0'), (buffer[0], buffer[^1]));
            read.Append(buffer, 1, count);
            Array.Clear(buffer);
        }

        Assert.Equal(string.Concat(Enumerable.Repeat(Text, 20)), read.ToString());
        Assert.Equal(0, reader.Read(buffer, 0, step));
    }

    [Fact]
    public void Nothing_is_read_into_nothing()
    {
        using var reader = new Utf8TextReader("a"u8.ToArray());

        Assert.Equal(0, reader.Read([]));
        Assert.Equal(1, reader.Read(new char[9]));
    }

    [Theory]
    [InlineData("61FF")]
    [InlineData("C3")] // a character that is cut off
    [InlineData("EDA080")] // half of a pair of surrogates
    public void What_is_no_utf8_is_an_error(string hex)
    {
        using var reader = new Utf8TextReader(Convert.FromHexString(hex));

        Assert.Throws<DecoderFallbackException>(() => reader.Read(new char[9]));
    }
}
