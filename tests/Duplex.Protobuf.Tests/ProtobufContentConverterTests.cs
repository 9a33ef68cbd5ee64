using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Duplex.Tests;

public sealed class ProtobufContentConverterTests
{
    private static readonly ProtobufContentConverter Converter = new(StructReflection.Descriptor, WrappersReflection.Descriptor, TimestampReflection.Descriptor);

    [Fact]
    [KtorParity("converters/Kotlinx-binary")]
    public void A_message_is_one_binary_message_and_back()
    {
        var time = new Timestamp { Seconds = 1, Nanos = 2 };
        byte[] expected = [0x08, 1, 0x10, 2];

        Assert.Equal(expected, Write(time));
        Assert.Equal(expected, Write(time, typeof(Timestamp)));
        Assert.Equal(expected, Write<IMessage>(time)); // the wire does not tell types
        Assert.Equal(time, Converter.Deserialize<Timestamp>(new Frame.Binary(expected)));
        Assert.Equal(time, Converter.Deserialize(new Frame.Binary(expected), typeof(Timestamp)));
    }

    [Fact]
    public void Maps_and_messages_inside_messages_are_read()
    {
        var value = new Struct { Fields = { ["a"] = Value.ForList(Value.ForNumber(1), Value.ForString("é"), Value.ForNull()) } };

        Assert.Equal(value, Converter.Deserialize<Struct>(new Frame.Binary(Write(value))));
    }

    [Fact]
    public void An_empty_payload_is_a_message_of_defaults() => Assert.Equal(new Timestamp(), Converter.Deserialize<Timestamp>(new Frame.Binary(default)));

    [Fact]
    public void What_is_no_message_cannot_be_sent()
    {
        Assert.Throws<ArgumentException>(() => Write<Timestamp?>(null));
        Assert.Contains("System.String", Assert.Throws<ArgumentException>(() => Write("text")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Write(null, typeof(Timestamp)));
    }

    [Theory]
    [InlineData("08")] // a key without its value
    [InlineData("00")] // field 0
    [InlineData("0BFF")]
    [InlineData("12FFFFFFFF07")] // two billion bytes, of which none came
    public void What_is_malformed_is_the_librarys_error(string hex)
    {
        var frame = new Frame.Binary(Convert.FromHexString(hex));

        Assert.Throws<InvalidProtocolBufferException>(() => Converter.Deserialize<Timestamp>(frame));
        Assert.Throws<InvalidProtocolBufferException>(() => Converter.Deserialize(frame, typeof(Timestamp)));
    }

    [Fact]
    public void A_type_that_is_not_known_is_named_with_its_cure()
    {
        foreach (System.Type type in new[] { typeof(Duration), typeof(IMessage), typeof(string) })
        {
            var error = Assert.Throws<WebSocketConverterNotFoundException>(() => Converter.Deserialize(new Frame.Binary(default), type));
            Assert.Contains(type.FullName!, error.Message, StringComparison.Ordinal);
            Assert.Contains("descriptor", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Descriptors_of_files_bring_nested_messages_and_those_of_messages_do_not()
    {
        var files = new ProtobufContentConverter(DescriptorReflection());
        var messages = new ProtobufContentConverter([DescriptorProto.Descriptor]);
        var none = new ProtobufContentConverter();

        Assert.NotNull(files.Deserialize<DescriptorProto.Types.ReservedRange>(new Frame.Binary(default)));
        Assert.NotNull(messages.Deserialize<DescriptorProto>(new Frame.Binary(default)));
        Assert.Throws<WebSocketConverterNotFoundException>(() => messages.Deserialize<DescriptorProto.Types.ReservedRange>(new Frame.Binary(default)));
        Assert.Throws<WebSocketConverterNotFoundException>(() => none.Deserialize<DescriptorProto>(new Frame.Binary(default)));
        Assert.Throws<ArgumentNullException>(() => new ProtobufContentConverter((FileDescriptor)null!));
        Assert.Throws<ArgumentNullException>(() => new ProtobufContentConverter([(MessageDescriptor)null!]));
        Assert.Throws<ArgumentNullException>(() => new ProtobufContentConverter((IEnumerable<MessageDescriptor>)null!));
    }

    [Fact]
    public void A_value_does_not_refer_to_its_frame()
    {
        byte[] payload = Write(new BytesValue { Value = ByteString.CopyFrom(new byte[10_000]) });
        BytesValue value = Converter.Deserialize<BytesValue>(new Frame.Binary(payload))!;

        payload.AsSpan().Fill(0xFF);

        Assert.True(Converter.CopiesPayload);
        Assert.Equal(new byte[10_000], value.Value.ToByteArray());
    }

    [Fact]
    public void Only_binary_messages_are_read()
    {
        Assert.True(Converter.IsApplicable(new Frame.Binary(default)));
        Assert.False(Converter.IsApplicable(new Frame.Text("")));
    }

    private static FileDescriptor DescriptorReflection() => DescriptorProto.Descriptor.File;

    private static byte[] Write<T>(T value)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Equal(FrameType.Binary, Converter.Serialize(output, value));
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Write(object? value, System.Type type)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Equal(FrameType.Binary, Converter.Serialize(output, value, type));
        return output.WrittenSpan.ToArray();
    }
}
