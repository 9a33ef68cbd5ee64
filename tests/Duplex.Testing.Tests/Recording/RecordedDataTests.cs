using System.Text;
using System.Text.Json;

namespace Duplex.Tests;

public sealed class RecordedDataTests
{
    [Fact]
    public void Reserved_bits_are_small_numbers_in_a_file()
    {
        foreach (ReservedBits bits in (ReservedBits[])[ReservedBits.None, ReservedBits.Rsv1, ReservedBits.Rsv2 | ReservedBits.Rsv3])
            Assert.Equal(bits, RecordedData.BitsOf(RecordedData.NumberOf(bits)));
        Assert.Equal(4, RecordedData.NumberOf(ReservedBits.Rsv1));
    }

    [Fact]
    public void Text_stands_as_text_and_all_else_as_base64()
    {
        RecordedFrame text = new() { Direction = RecordedDirection.Sent, Payload = "abc"u8.ToArray() };

        Assert.Equal("{\"data\":\"abc\"}", Written(text));
        Assert.Equal("{\"data\":\"YWJj\"}", Written(text with { Opcode = Opcode.Binary }));
        Assert.Equal("{\"data\":\"YWJj\"}", Written(text with { IsCompressed = true }));
        Assert.Equal("{\"data\":\"\"}", Written(text with { Payload = null }));
        using JsonDocument json = JsonDocument.Parse("{\"data\":\"YWJj\"}");
        Assert.Equal("abc"u8, RecordedData.Read(new JsonPlace(json.RootElement, "", null), "data", isBase64: true).Span);
        Assert.Equal("YWJj"u8, RecordedData.Read(new JsonPlace(json.RootElement, "", null), "data", isBase64: false).Span);
    }

    private static string Written(RecordedFrame frame)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            RecordedData.Write(json, "data"u8, frame);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
