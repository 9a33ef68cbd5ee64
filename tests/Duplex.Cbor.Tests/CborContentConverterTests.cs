using System.Buffers;
using System.Formats.Cbor;

namespace Duplex.Tests;

public sealed class CborContentConverterTests
{
    private static readonly CborMapping<int> Number = new((writer, value) => writer.WriteInt32(value), reader => reader.ReadInt32());
    private static readonly CborMapping<string> Text = new((writer, value) => writer.WriteTextString(value), reader => reader.ReadTextString());
    private static readonly CborContentConverter Converter = new(Ticks.Mapping, Number, Text);

    [Fact]
    [KtorParity("converters/Kotlinx-binary")]
    public void A_value_is_one_binary_message_and_back()
    {
        var tick = new Tick("EURUSD", 1.25);
        byte[] expected = Convert.FromHexString("8266" + Convert.ToHexString("EURUSD"u8) + "F93D00"); // 1.25 fits half a float

        Assert.Equal(expected, Write(Converter, tick));
        Assert.Equal(expected, Write(Converter, tick, typeof(Tick)));
        Assert.Equal(tick, Converter.Deserialize<Tick>(new Frame.Binary(expected)));
        Assert.Equal(tick, Converter.Deserialize(new Frame.Binary(expected), typeof(Tick)));
        Assert.Equal(7, Converter.Deserialize<int>(new Frame.Binary(Write(Converter, 7))));
        Assert.Equal(7, Converter.Deserialize<int?>(new Frame.Binary(Write<int?>(Converter, 7))));
    }

    [Fact]
    public void Null_is_a_value_where_the_type_can_hold_it()
    {
        byte[] nothing = [0xF6];

        Assert.Equal(nothing, Write<Tick?>(Converter, null));
        Assert.Equal(nothing, Write<int?>(Converter, null));
        Assert.Null(Converter.Deserialize<Tick>(new Frame.Binary(nothing)));
        Assert.Null(Converter.Deserialize<int?>(new Frame.Binary(nothing)));
        Assert.Contains("content is null", Assert.Throws<WebSocketDeserializeException>(() => Converter.Deserialize<int>(new Frame.Binary(nothing))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("82")]
    [InlineData("8261")]
    [InlineData("82616100FF")]
    [InlineData("826161FB3FF400000000000000")] // one byte too many
    [InlineData("8361610000")] // one element too many
    [InlineData("82617FFB3FF4000000000000F6")]
    [InlineData("8261FFFB3FF4000000000000")] // a text that is no UTF-8
    [InlineData("F6F6")]
    public void What_is_malformed_is_an_error(string hex)
    {
        var frame = new Frame.Binary(Convert.FromHexString(hex));

        Assert.True(Record.Exception(() => Converter.Deserialize<Tick>(frame)) is CborContentException or InvalidOperationException);
        Assert.True(Record.Exception(() => Converter.Deserialize(frame, typeof(Tick))) is CborContentException or InvalidOperationException);
    }

    [Fact]
    public void A_mapping_that_leaves_an_item_unfinished_is_told()
    {
        var lazy = new CborContentConverter(new CborMapping<int>((writer, value) => writer.WriteInt32(value), reader => reader.ReadStartArray() ?? 0));

        Assert.Contains("unfinished", Assert.Throws<CborContentException>(() => lazy.Deserialize<int>(new Frame.Binary(new byte[] { 0x81, 1 }))).Message, StringComparison.Ordinal);
        Assert.Contains("unfinished", Assert.Throws<CborContentException>(() => lazy.Deserialize<int>(new Frame.Binary(new byte[] { 0x80 }))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_type_without_a_mapping_is_named_with_its_cure()
    {
        foreach (Action use in new Action[] { () => Write(Converter, 1L), () => Write<object?>(Converter, null), () => Converter.Deserialize<long?>(new Frame.Binary(new byte[] { 1 })) })
            Assert.Contains("CborMapping<T>", Assert.Throws<WebSocketConverterNotFoundException>(use).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_type_has_one_mapping()
    {
        Assert.Contains("System.Int32", Assert.Throws<ArgumentException>(() => new CborContentConverter(Number, Number)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => new CborContentConverter(Number, null!));
    }

    [Fact]
    public void A_mapping_that_throws_leaves_nothing_behind_for_the_next()
    {
        var converter = new CborContentConverter(Text, new CborMapping<int>(
            (writer, _) =>
            {
                writer.WriteStartArray(2);
                throw new FormatException();
            },
            reader => reader.ReadInt32()));

        for (int i = 0; i < 3; i++)
        {
            Assert.Equal([0x61, (byte)'a'], Write(converter, "a"));
            Assert.Throws<FormatException>(() => Write(converter, 1));
            Assert.Equal([0x61, (byte)'b'], Write(converter, "b"));
        }

        Assert.Equal(200_005, Write(converter, new string('x', 200_000)).Length);
        Assert.Equal([0x61, (byte)'c'], Write(converter, "c"));
    }

    [Fact]
    public void A_mapping_that_writes_no_whole_item_fails_that_call()
    {
        var converter = new CborContentConverter(new CborMapping<int>((writer, _) => writer.WriteStartArray(1), reader => reader.ReadInt32()));

        Assert.Throws<InvalidOperationException>(() => Write(converter, 1));
    }

    [Fact]
    public void How_strict_messages_are_read_can_be_chosen()
    {
        var notMinimal = new Frame.Binary(new byte[] { 0x18, 0x01 }); // RFC 8949 §4.1: preferred serialization would be 01

        Assert.Equal(1, Converter.Deserialize<int>(notMinimal));
        Assert.Throws<CborContentException>(() => new CborContentConverter(Number) { ConformanceMode = CborConformanceMode.Canonical }.Deserialize<int>(notMinimal));
    }

    [Fact]
    public async Task Many_threads_share_one() => await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
    {
        for (int i = 0; i < 2000; i++)
            Assert.Equal($"{thread}-{i}", Converter.Deserialize<string>(new Frame.Binary(Write(Converter, $"{thread}-{i}"))));
    })));

    [Fact]
    public void Only_binary_messages_are_read()
    {
        Assert.True(Converter.IsApplicable(new Frame.Binary(default)));
        Assert.False(Converter.IsApplicable(new Frame.Text("")));
        Assert.False(Converter.CopiesPayload); // a mapping may keep byte strings, which are slices of the message
    }

    private static byte[] Write<T>(CborContentConverter converter, T value)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Equal(FrameType.Binary, converter.Serialize(output, value));
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Write(CborContentConverter converter, object? value, Type type)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Equal(FrameType.Binary, converter.Serialize(output, value, type));
        return output.WrittenSpan.ToArray();
    }
}
