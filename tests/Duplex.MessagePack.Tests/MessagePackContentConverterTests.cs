using System.Buffers;
using MessagePack;
using MessagePack.Resolvers;

namespace Duplex.Tests;

public sealed class MessagePackContentConverterTests
{
    private static readonly MessagePackContentConverter Converter = new();

    [Fact]
    [KtorParity("converters/Kotlinx-binary")]
    public void A_value_is_one_binary_message_and_back()
    {
        var tick = new Tick { Symbol = "EURUSD", Price = 1.25 };
        byte[] expected = Convert.FromHexString("92A6" + Convert.ToHexString("EURUSD"u8) + "CB3FF4000000000000");

        Assert.Equal(expected, Write(Converter, tick));
        Assert.Equal(expected, Write(Converter, tick, typeof(Tick)));
        Assert.Equal(tick.Price, Converter.Deserialize<Tick>(new Frame.Binary(expected))!.Price);
        Assert.Equal(tick.Symbol, ((Tick)Converter.Deserialize(new Frame.Binary(expected), typeof(Tick))!).Symbol);
        Assert.Equal(7, Converter.Deserialize<int>(new Frame.Binary(Write(Converter, 7))));
    }

    [Fact]
    public void Null_is_a_value_where_the_type_can_hold_it()
    {
        byte[] nil = [0xC0];

        Assert.Equal(nil, Write<Tick?>(Converter, null));
        Assert.Equal(nil, Write(Converter, null, typeof(Tick)));
        Assert.Null(Converter.Deserialize<Tick>(new Frame.Binary(nil)));
        Assert.Null(Converter.Deserialize<int?>(new Frame.Binary(nil)));
        Assert.Null(Converter.Deserialize(new Frame.Binary(nil), typeof(Tick)));
        foreach (Action read in new Action[] { () => Converter.Deserialize<int>(new Frame.Binary(nil)), () => Converter.Deserialize(new Frame.Binary(nil), typeof(int)) })
        {
            var error = Assert.Throws<WebSocketDeserializeException>(read);
            Assert.Contains("content is null", error.Message, StringComparison.Ordinal);
            Assert.NotNull(error.Frame);
            Assert.IsType<MessagePackSerializationException>(error.InnerException);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("92")]
    [InlineData("C1")]
    [InlineData("A161")] // a string
    [InlineData("92A161CB3FF400000000000000")] // one byte too many
    [InlineData("DDFFFFFFFF")] // four billion elements, of which none came
    public void What_is_malformed_is_the_librarys_error(string hex)
    {
        var frame = new Frame.Binary(Convert.FromHexString(hex));

        Assert.Throws<MessagePackSerializationException>(() => Converter.Deserialize<Tick>(frame));
        Assert.Throws<MessagePackSerializationException>(() => Converter.Deserialize(frame, typeof(Tick)));
    }

    [Fact]
    public void A_type_that_is_not_known_is_named_with_its_cure()
    {
        foreach (Action use in new Action[]
        {
            () => Write(Converter, new Unmarked()),
            () => Write(Converter, new Unmarked(), typeof(Unmarked)),
            () => Converter.Deserialize<Unmarked>(new Frame.Binary(new byte[] { 0x80 })),
            () => Converter.Deserialize(new Frame.Binary(new byte[] { 0x80 }), typeof(Unmarked)),
        })
        {
            var error = Assert.Throws<WebSocketConverterNotFoundException>(use);
            Assert.Contains("Duplex.Tests.Unmarked", error.Message, StringComparison.Ordinal);
            Assert.Contains("[MessagePackObject]", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Peers_are_not_trusted_unless_the_options_say_otherwise()
    {
        // 300 arrays, one inside the other, as a peer may send them to exhaust the stack.
        byte[] deep = [.. Enumerable.Repeat((byte)0x91, 300), 0xC0];
        var frame = new Frame.Binary(deep);
        MessagePackSerializerOptions shallow = MessagePackSerializerOptions.Standard.WithSecurity(MessagePackSecurity.UntrustedData.WithMaximumObjectGraphDepth(100));
        MessagePackSerializerOptions roomy = MessagePackSerializerOptions.Standard.WithSecurity(MessagePackSecurity.UntrustedData.WithMaximumObjectGraphDepth(400));

        Assert.ThrowsAny<MessagePackSerializationException>(() => new MessagePackContentConverter(shallow).Deserialize<object>(frame));
        Assert.NotNull(new MessagePackContentConverter(roomy).Deserialize<object>(frame));
        Assert.True(SecurityOf(new MessagePackContentConverter()).HashCollisionResistant);
        Assert.True(SecurityOf(new MessagePackContentConverter(MessagePackSerializerOptions.Standard.WithCompression(MessagePackCompression.Lz4Block))).HashCollisionResistant);
        Assert.False(SecurityOf(new MessagePackContentConverter(
            MessagePackSerializerOptions.Standard.WithSecurity(MessagePackSecurity.TrustedData.WithMaximumObjectGraphDepth(9)))).HashCollisionResistant);
    }

    [Fact]
    public void The_options_hold()
    {
        var converter = new MessagePackContentConverter(ContractlessStandardResolver.Options.WithCompression(MessagePackCompression.Lz4BlockArray));
        var value = new Unmarked { Text = new string('x', 10_000) };

        byte[] bytes = Write(converter, value);

        Assert.InRange(bytes.Length, 1, 1000);
        Assert.Equal(value.Text, converter.Deserialize<Unmarked>(new Frame.Binary(bytes))!.Text);
        Assert.Equal(value.Text, ((Unmarked)converter.Deserialize(new Frame.Binary(bytes), typeof(Unmarked))!).Text);
        Assert.Throws<ArgumentNullException>(() => new MessagePackContentConverter(null!));
    }

    [Fact]
    public void Only_binary_messages_are_read()
    {
        Assert.True(Converter.IsApplicable(new Frame.Binary(default)));
        Assert.False(Converter.IsApplicable(new Frame.Text("")));
        Assert.False(Converter.CopiesPayload);
    }

    // Asked through a formatter, which gets the options that the converter works with.
    private static MessagePackSecurity SecurityOf(MessagePackContentConverter converter)
    {
        converter.Serialize(new ArrayBufferWriter<byte>(), new Spy());
        return SpyFormatter.Seen!;
    }

    private static byte[] Write<T>(MessagePackContentConverter converter, T value)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Equal(FrameType.Binary, converter.Serialize(output, value));
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Write(MessagePackContentConverter converter, object? value, Type type)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Equal(FrameType.Binary, converter.Serialize(output, value, type));
        return output.WrittenSpan.ToArray();
    }
}

[MessagePackObject]
public sealed class Tick
{
    [Key(0)]
    public string? Symbol { get; set; }

    [Key(1)]
    public double Price { get; set; }
}

public sealed class Unmarked
{
    public string? Text { get; set; }
}

[MessagePackFormatter(typeof(SpyFormatter))]
public sealed class Spy;

/// <summary>Shows the security that it is called with.</summary>
public sealed class SpyFormatter : MessagePack.Formatters.IMessagePackFormatter<Spy?>
{
    [field: ThreadStatic]
    public static MessagePackSecurity? Seen { get; private set; }

    public void Serialize(ref MessagePackWriter writer, Spy? value, MessagePackSerializerOptions options)
    {
        Seen = options.Security;
        writer.WriteNil();
    }

    public Spy? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options) => throw new NotSupportedException();
}
