using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Duplex.Tests;

public sealed class JsonContentConverterTests
{
    private static readonly JsonContentConverter Generated = new(TestJson.Default);

    public static TheoryData<JsonContentConverter> All =>
    [
        Generated,
        new JsonContentConverter(new JsonSerializerOptions(JsonSerializerDefaults.Web) { TypeInfoResolver = TestJson.Default }),
        new JsonContentConverter(JsonSerializerOptions.Web),
        new JsonContentConverter(),
    ];

    [Theory, MemberData(nameof(All), DisableDiscoveryEnumeration = true)]
    [KtorParity("converters/Kotlinx-text")]
    public void A_value_is_one_text_message_and_back(JsonContentConverter converter)
    {
        var user = new User("user", 123);

        Assert.Equal("""{"name":"user","id":123}""", Write(converter, user));
        Assert.Equal("""{"name":"user","id":123}""", Write(converter, user, typeof(User)));
        Assert.Equal(user, converter.Deserialize<User>(Text("""{"name":"user","id":123}""")));
        Assert.Equal(user, converter.Deserialize(Text("""{"name":"user","id":123}"""), typeof(User)));
        Assert.Equal("null", Write<User?>(converter, null));
        Assert.Equal("null", Write(converter, null, typeof(User)));
        Assert.Null(converter.Deserialize<User>(Text("null")));
        Assert.Null(converter.Deserialize(Text("null"), typeof(User)));
        Assert.Equal("7", Write(converter, 7));
        Assert.Equal(7, converter.Deserialize<int>(Text("7")));
        Assert.Equal(7, converter.Deserialize<int?>(Text(" 7 ")));
        Assert.Null(converter.Deserialize<int?>(Text("null")));
    }

    [Theory]
    [InlineData("null")]
    [InlineData(" \t\r\nnull ")]
    [InlineData("\uFEFF null")]
    public void Null_for_a_type_that_cannot_be_null_is_told_as_such(string json)
    {
        var byType = Assert.Throws<WebSocketDeserializeException>(() => Generated.Deserialize(Text(json), typeof(int)));
        var generic = Assert.Throws<WebSocketDeserializeException>(() => Generated.Deserialize<int>(Text(json)));

        foreach (WebSocketDeserializeException error in new[] { byType, generic })
        {
            Assert.Contains("content is null", error.Message, StringComparison.Ordinal);
            Assert.IsType<JsonException>(error.InnerException);
            Assert.IsType<Frame.Text>(error.Frame);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("nul")]
    [InlineData("""{"name":"a","id":"x"}""")]
    [InlineData("""{"name":"a","id":1} {}""")]
    [InlineData("\uFEFF\uFEFF{}")] // one byte order mark
    [InlineData(" \uFEFF{}")] // at the very start
    [InlineData("{\uFEFF}")]
    [InlineData("\uFEFF")]
    public void What_is_malformed_is_the_librarys_error(string json)
    {
        Assert.Throws<JsonException>(() => Generated.Deserialize<User>(Text(json)));
        Assert.Throws<JsonException>(() => Generated.Deserialize(Text(json), typeof(User)));
    }

    [Theory, MemberData(nameof(All), DisableDiscoveryEnumeration = true)]
    public void A_byte_order_mark_before_the_value_is_skipped_in_text_and_binary(JsonContentConverter converter)
    {
        byte[] json = [0xEF, 0xBB, 0xBF, .. """{"name":"\uFEFFuser","id":123}"""u8];
        foreach (FrameType type in (FrameType[])[FrameType.Text, FrameType.Binary])
        {
            var frame = Frame.Create(type, fin: true, json);
            Assert.Equal(new User("\uFEFFuser", 123), converter.Deserialize<User>(frame));
            Assert.Equal(new User("\uFEFFuser", 123), converter.Deserialize(frame, typeof(User)));
        }

        Assert.Null(converter.Deserialize<User>(Text("\uFEFFnull")));
    }

    [Fact]
    public void What_would_read_a_binary_message_is_named() =>
        Assert.Contains("set AcceptsBinary", Generated.AdviceFor(new Frame.Binary("{}"u8.ToArray())), StringComparison.Ordinal);

    [Fact]
    [KtorParity("typed/the-charset-of-Accept-Charset", "weakness/20-converters")]
    public void Bytes_that_are_no_utf8_are_refused()
    {
        byte[] json = [.. "{\"name\":\""u8, 0xFF, .. "\",\"id\":1}"u8];

        Assert.ThrowsAny<Exception>(() => Generated.Deserialize<User>(new Frame.Binary(json)));
    }

    [Fact]
    [KtorParity("converters/Kotlinx-text")]
    public void A_type_that_the_context_does_not_know_is_named_with_its_cure()
    {
        foreach (Action use in new Action[]
        {
            () => Write(Generated, new Stranger("x")),
            () => Write(Generated, new Stranger("x"), typeof(Stranger)),
            () => Generated.Deserialize<Stranger>(Text("{}")),
            () => Generated.Deserialize(Text("{}"), typeof(Stranger)),
        })
        {
            var error = Assert.Throws<WebSocketConverterNotFoundException>(use);
            Assert.Contains("Duplex.Tests.Stranger", error.Message, StringComparison.Ordinal);
            Assert.Contains("[JsonSerializable", error.Message, StringComparison.Ordinal);
            Assert.Contains("Duplex.Tests.TestJson", error.Message, StringComparison.Ordinal);
        }

        var options = new JsonContentConverter(new JsonSerializerOptions { TypeInfoResolver = TestJson.Default });
        Assert.Contains("TypeInfoResolver", Assert.Throws<WebSocketConverterNotFoundException>(() => options.Deserialize<Stranger>(Text("{}"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_without_a_resolver_are_refused_at_once()
    {
        Assert.Contains("TypeInfoResolver", Assert.Throws<ArgumentException>(() => new JsonContentConverter(new JsonSerializerOptions())).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => new JsonContentConverter((JsonSerializerOptions)null!));
        Assert.Throws<ArgumentNullException>(() => new JsonContentConverter((JsonSerializerContext)null!));
    }

    [Fact]
    [KtorParity("converters/JacksonWebsocketContentConverter")]
    public void The_options_hold_and_cannot_change_later()
    {
        var options = new JsonSerializerOptions { TypeInfoResolver = TestJson.Default, WriteIndented = true, IndentSize = 1, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        var converter = new JsonContentConverter(options);

        Assert.Equal("{\n \"Name\": \"é<\",\n \"Id\": 1\n}", Write(converter, new User("é<", 1)));
        Assert.Throws<InvalidOperationException>(() => options.WriteIndented = false);
    }

    [Fact]
    public void The_declared_type_is_what_counts()
    {
        var dog = new Dog("Rex", true);

        Assert.Equal("""{"$type":"dog","barks":true,"name":"Rex"}""", Write<Animal>(Generated, dog));
        Assert.Equal(dog, Generated.Deserialize<Animal>(Text("""{"$type":"dog","barks":true,"name":"Rex"}""")));
        Assert.Equal("""{"barks":true,"name":"Rex"}""", Write(Generated, dog));
    }

    [Fact]
    public void A_serialization_that_throws_leaves_nothing_behind_for_the_next()
    {
        var converter = new JsonContentConverter(new JsonSerializerOptions { TypeInfoResolver = new DefaultJsonTypeInfoResolver() });
        var loop = new List<object>();
        loop.Add(loop);

        for (int i = 0; i < 3; i++)
        {
            Assert.Equal("[1]", Write(converter, new List<object> { 1 }));
            Assert.Throws<JsonException>(() => Write(converter, loop));
            Assert.Equal("[2]", Write(converter, new List<object> { 2 }));
        }
    }

    [Fact]
    public async Task Many_threads_share_one()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < 2000; i++)
                Assert.Equal($$"""{"name":"{{thread}}","id":{{i}}}""", Write(Generated, new User(thread.ToString(), i)));
        })));
    }

    [Fact]
    [KtorParity("converters/JacksonWebsocketContentConverter")]
    public void Text_is_read_and_binary_only_if_it_is_asked_for()
    {
        var both = new JsonContentConverter(TestJson.Default) { AcceptsBinary = true };

        Assert.True(Generated.IsApplicable(Text("{}")));
        Assert.False(Generated.IsApplicable(new Frame.Binary("{}"u8.ToArray())));
        Assert.True(both.IsApplicable(Text("{}")));
        Assert.True(both.IsApplicable(new Frame.Binary("{}"u8.ToArray())));
        Assert.False(both.IsApplicable(new Frame.Ping(default)));
    }

    [Fact]
    public void A_value_does_not_refer_to_its_frame()
    {
        byte[] payload = Encoding.UTF8.GetBytes("""{"a":["AQID",1.5,"text"]}""");
        var converter = new JsonContentConverter();
        JsonElement element = converter.Deserialize<JsonElement>(new Frame.Text(true, payload));
        using JsonDocument document = converter.Deserialize<JsonDocument>(new Frame.Text(true, payload))!;

        payload.AsSpan().Fill((byte)'x');

        Assert.True(converter.CopiesPayload);
        Assert.Equal("""{"a":["AQID",1.5,"text"]}""", element.GetRawText());
        Assert.Equal("""{"a":["AQID",1.5,"text"]}""", document.RootElement.GetRawText());
    }

    private static Frame.Text Text(string text) => new Frame.Text(text);

    private static string Write<T>(JsonContentConverter converter, T value)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Equal(FrameType.Text, converter.Serialize(output, value));
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static string Write(JsonContentConverter converter, object? value, Type type)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Equal(FrameType.Text, converter.Serialize(output, value, type));
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
