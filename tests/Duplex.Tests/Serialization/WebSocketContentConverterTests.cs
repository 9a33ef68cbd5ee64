using System.Buffers;

namespace Duplex.Tests;

public sealed class WebSocketContentConverterTests
{
    private static readonly Frame Message = new Frame.Text("payload");

    [Fact]
    [KtorParity("converters/WebsocketContentConverter.serialize", "converters/deserialize")]
    [KtorParity("converters/serialize-T-deserialize-T")]
    public void The_generic_forms_come_down_to_the_others()
    {
        var asked = new List<Type>();
        var converter = new DelegateConverter
        {
            OnSerialize = (output, value, type) =>
            {
                asked.Add(type);
                output.Write([(byte)(int)value!]);
                return FrameType.Binary;
            },
            OnDeserialize = (frame, type) =>
            {
                asked.Add(type);
                return (int)frame.Data.Span[0];
            },
        };
        var output = new ArrayBufferWriter<byte>();

        Assert.Equal(FrameType.Binary, converter.Serialize(output, 42));
        Assert.Equal(42, converter.Deserialize<int>(new Frame.Binary(output.WrittenMemory)));
        Assert.Equal(42, converter.Deserialize<int?>(new Frame.Binary(output.WrittenMemory)));
        Assert.Equal([typeof(int), typeof(int), typeof(int?)], asked);
    }

    [Fact]
    public void Unless_it_says_more_another_converter_of_the_messages_kind_is_the_advice()
    {
        var converter = new DelegateConverter();

        Assert.Contains("JsonContentConverter", converter.AdviceFor(new Frame.Text("")), StringComparison.Ordinal);
        Assert.Contains("converter of binary messages", converter.AdviceFor(new Frame.Binary(default)), StringComparison.Ordinal);
    }

    [Fact]
    public void Null_is_a_value_where_the_type_can_hold_it()
    {
        var converter = new DelegateConverter();

        Assert.Null(converter.Deserialize<string>(Message));
        Assert.Null(converter.Deserialize<int?>(Message));
        Assert.Null(converter.Deserialize<object>(Message));
    }

    [Fact]
    [KtorParity("typed/null-for-a-type-that-cannot-be-null")]
    public void Null_where_the_type_cannot_hold_it_is_told_with_the_frame()
    {
        var error = Assert.Throws<WebSocketDeserializeException>(() => new DelegateConverter().Deserialize<int>(Message));

        Assert.Same(Message, error.Frame);
        Assert.Contains("content is null", error.Message, StringComparison.Ordinal);
        Assert.Contains("System.Int32", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_of_another_type_is_told_with_the_frame()
    {
        var converter = new DelegateConverter { OnDeserialize = (_, _) => 42L };

        var error = Assert.Throws<WebSocketDeserializeException>(() => converter.Deserialize<int>(Message));

        Assert.Same(Message, error.Frame);
        Assert.Contains("System.Int64", error.Message, StringComparison.Ordinal);
        Assert.Contains("System.Int32", error.Message, StringComparison.Ordinal);
        Assert.Throws<WebSocketDeserializeException>(() => converter.Deserialize<int?>(Message));
        Assert.Throws<WebSocketDeserializeException>(() => converter.Deserialize<string>(Message));
        Assert.Equal(42L, converter.Deserialize<object>(Message));
        Assert.Equal(42L, converter.Deserialize<IComparable<long>>(Message));
    }

    [Fact]
    public void A_converter_does_not_copy_unless_it_says_so() => Assert.False(new Plain().CopiesPayload);

    [Theory]
    [InlineData(typeof(int), false)]
    [InlineData(typeof(int?), true)]
    [InlineData(typeof(string), true)]
    [InlineData(typeof(List<int>), true)]
    public void A_type_can_be_null_or_not(Type type, bool expected) => Assert.Equal(expected, WebSocketContentConverter.CanBeNull(type));

    private sealed class Plain : WebSocketContentConverter
    {
        public override FrameType Serialize(IBufferWriter<byte> output, object? value, Type type) => FrameType.Text;

        public override object? Deserialize(Frame frame, Type type) => null;

        public override bool IsApplicable(Frame frame) => true;
    }
}
