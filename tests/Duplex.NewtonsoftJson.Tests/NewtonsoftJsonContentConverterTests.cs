using System.Buffers;
using System.Text;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;
using Newtonsoft.Json.Serialization;

namespace Duplex.Tests;

public sealed class NewtonsoftJsonContentConverterTests
{
    private static readonly NewtonsoftJsonContentConverter Converter = new(new JsonSerializerSettings { ContractResolver = new CamelCasePropertyNamesContractResolver() });

    [Fact]
    [KtorParity("converters/GsonWebsocketContentConverter")]
    public void A_value_is_one_text_message_and_back()
    {
        var user = new User("user", 123);

        Assert.Equal("""{"name":"user","id":123}""", Write(Converter, user));
        Assert.Equal("""{"name":"user","id":123}""", Write(Converter, user, typeof(User)));
        Assert.Equal(user, Converter.Deserialize<User>(new Frame.Text("""{"name":"user","id":123}""")));
        Assert.Equal(user, Converter.Deserialize(new Frame.Text("""/* c */ {"name":"user","id":123}"""), typeof(User)));
        Assert.Equal("null", Write<User?>(Converter, null));
        Assert.Null(Converter.Deserialize<User>(new Frame.Text("null")));
        Assert.Null(Converter.Deserialize<int?>(new Frame.Text("null")));
        Assert.Equal(7, Converter.Deserialize<int>(new Frame.Text("7")));
        Assert.Equal(7, Converter.Deserialize<int?>(new Frame.Text("7")));
        Assert.Equal(DayOfWeek.Friday, Converter.Deserialize<DayOfWeek>(new Frame.Text("5")));
    }

    [Fact]
    public void Null_for_a_type_that_cannot_be_null_is_told_as_such()
    {
        foreach (Action read in new Action[] { () => Converter.Deserialize<int>(new Frame.Text("null")), () => Converter.Deserialize(new Frame.Text(" null "), typeof(int)) })
        {
            var error = Assert.Throws<WebSocketDeserializeException>(read);
            Assert.Contains("content is null", error.Message, StringComparison.Ordinal);
            Assert.NotNull(error.Frame);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("/* nothing */")]
    [InlineData("{")]
    [InlineData("nul")]
    [InlineData("""{"name":"a","id":"x"}""")]
    [InlineData("""{"name":"a","id":1} {}""")]
    [InlineData("\uFEFF\uFEFF{}")] // one byte order mark
    [InlineData("\uFEFF")]
    public void What_is_malformed_is_the_librarys_error(string json)
    {
        Assert.ThrowsAny<JsonException>(() => Converter.Deserialize<User>(new Frame.Text(json)));
        Assert.ThrowsAny<JsonException>(() => Converter.Deserialize(new Frame.Text(json), typeof(User)));
    }

    [Fact]
    public void A_byte_order_mark_before_the_value_is_skipped_in_text_and_binary()
    {
        byte[] json = [0xEF, 0xBB, 0xBF, .. """{"name":"\uFEFFuser","id":123}"""u8];
        foreach (FrameType type in (FrameType[])[FrameType.Text, FrameType.Binary])
        {
            Assert.Equal(new User("\uFEFFuser", 123), Converter.Deserialize<User>(Frame.Create(type, fin: true, json)));
            Assert.Equal(new User("\uFEFFuser", 123), Converter.Deserialize(Frame.Create(type, fin: true, json), typeof(User)));
        }

        Assert.Null(Converter.Deserialize<User>(new Frame.Text("\uFEFFnull")));
    }

    [Fact]
    public void What_would_read_a_binary_message_is_named() =>
        Assert.Contains("set AcceptsBinary", Converter.AdviceFor(new Frame.Binary("{}"u8.ToArray())), StringComparison.Ordinal);

    [Fact]
    public void Text_of_every_length_comes_through_whole()
    {
        for (int length = 0; length < 5000; length += length < 1100 ? 1 : 97)
        {
            string text = string.Concat(Enumerable.Repeat("a€😀", (length / 4) + 1))[..length];
            if (length > 0 && char.IsHighSurrogate(text[^1]))
                text = text[..^1];
            string json = Write(Converter, text);
            Assert.Equal(JsonConvert.SerializeObject(text), json);
            Assert.Equal(text, Converter.Deserialize<string>(new Frame.Text(json)));
        }
    }

    [Fact]
    public void Half_of_a_pair_of_surrogates_fails_that_call() => Assert.ThrowsAny<ArgumentException>(() => Write(Converter, "half: \uD83D"));

    [Fact]
    public void Bytes_that_are_no_utf8_are_refused() => Assert.ThrowsAny<ArgumentException>(() => Converter.Deserialize<string>(new Frame.Binary(new byte[] { 0x22, 0xFF, 0x22 })));

    [Fact]
    public void The_settings_hold_and_type_names_are_not_taken_from_a_peer_unasked()
    {
        const string Json = """{"$type":"System.Uri, System.Private.Uri","Name":"x"}""";
        var trusting = new NewtonsoftJsonContentConverter(new JsonSerializerSettings { TypeNameHandling = TypeNameHandling.All });
        Func<JsonSerializerSettings>? before = JsonConvert.DefaultSettings;
        JsonConvert.DefaultSettings = () => new JsonSerializerSettings { TypeNameHandling = TypeNameHandling.All };
        try
        {
            Assert.IsType<JObject>(new NewtonsoftJsonContentConverter().Deserialize<object>(new Frame.Text(Json)));
        }
        finally
        {
            JsonConvert.DefaultSettings = before;
        }

        Assert.Contains("$type", Write(trusting, new User("x", 1)), StringComparison.Ordinal);
        Assert.Equal("{\n  \"Name\": \"x\",\n  \"Id\": 1\n}", Write(new NewtonsoftJsonContentConverter(new JsonSerializerSettings { Formatting = Formatting.Indented }), new User("x", 1))
            .ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Depth_is_bounded()
    {
        string deep = new string('[', 100) + new string(']', 100);

        Assert.ThrowsAny<JsonException>(() => Converter.Deserialize<JToken>(new Frame.Text(deep)));
    }

    [Fact]
    public void A_value_does_not_refer_to_its_frame()
    {
        byte[] payload = Encoding.UTF8.GetBytes("""{"a":"text"}""");
        JToken token = Converter.Deserialize<JToken>(new Frame.Text(true, payload))!;

        payload.AsSpan().Fill((byte)'x');

        Assert.True(Converter.CopiesPayload);
        Assert.Equal("""{"a":"text"}""", token.ToString(Formatting.None));
    }

    [Fact]
    public void Text_is_read_and_binary_only_if_it_is_asked_for()
    {
        var both = new NewtonsoftJsonContentConverter { AcceptsBinary = true };

        Assert.True(Converter.IsApplicable(new Frame.Text("{}")));
        Assert.False(Converter.IsApplicable(new Frame.Binary("{}"u8.ToArray())));
        Assert.True(both.IsApplicable(new Frame.Binary("{}"u8.ToArray())));
        Assert.False(both.IsApplicable(new Frame.Ping(default)));
    }

    private static string Write<T>(NewtonsoftJsonContentConverter converter, T value)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Equal(FrameType.Text, converter.Serialize(output, value));
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static string Write(NewtonsoftJsonContentConverter converter, object? value, Type type)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Equal(FrameType.Text, converter.Serialize(output, value, type));
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private sealed record User(string Name, int Id);
}
