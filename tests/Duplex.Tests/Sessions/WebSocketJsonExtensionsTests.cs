using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Duplex.Tests;

public sealed partial class WebSocketJsonExtensionsTests
{
    private static readonly JsonSerializerOptions Snake =
        new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    [Fact]
    public async Task A_value_is_sent_as_the_json_of_the_web_of_the_options_or_of_the_metadata()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var tick = new Tick("EURUSD", 1.5);

        await test.Session.SendAsJsonAsync(tick);
        await test.Session.SendAsJsonAsync(tick, default);
        await test.Session.SendAsJsonAsync(tick, Snake);
        await test.Session.SendAsJsonAsync(tick, MyJson.Default.Tick);

        Assert.Equal("""{"fullName":"EURUSD","price":1.5}""", await SentAsync(test));
        Assert.Equal("""{"fullName":"EURUSD","price":1.5}""", await SentAsync(test));
        Assert.Equal("""{"full_name":"EURUSD","price":1.5}""", await SentAsync(test));
        Assert.Equal("""{"FullName":"EURUSD","Price":1.5}""", await SentAsync(test));
    }

    [Fact]
    public async Task A_value_is_received_from_the_json_of_the_web_of_the_options_or_of_the_metadata()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        test.Peer.SendFrame(Opcode.Text, """{"fullName":"EURUSD","price":"1.5"}"""u8);
        test.Peer.SendFrame(Opcode.Text, """{"full_name":"EURUSD","price":1.5}"""u8);
        test.Peer.SendFrame(Opcode.Text, """{"FullName":"EURUSD","Price":1.5}"""u8);

        var expected = new Tick("EURUSD", 1.5);
        Assert.Equal(expected, await test.Session.ReceiveFromJsonAsync<Tick>().Soon());
        Assert.Equal(expected, await test.Session.ReceiveFromJsonAsync<Tick>(Snake).Soon());
        Assert.Equal(expected, await test.Session.ReceiveFromJsonAsync(MyJson.Default.Tick).Soon());
    }

    [Fact]
    public async Task Metadata_of_a_callers_own_needs_no_resolver_that_knows_the_type()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var options = new JsonSerializerOptions { TypeInfoResolver = MyJson.Default };
        JsonTypeInfo<int> info = JsonMetadataServices.CreateValueInfo<int>(options, JsonMetadataServices.Int32Converter);
        test.Peer.SendFrame(Opcode.Text, "7"u8);

        await test.Session.SendAsJsonAsync(6, info);

        Assert.Equal("6", await SentAsync(test));
        Assert.Equal(7, await test.Session.ReceiveFromJsonAsync(info).Soon());
    }

    [Fact]
    public async Task All_values_come_until_the_normal_end_and_then_a_receive_throws()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        for (byte digit = (byte)'1'; digit <= '6'; digit++)
            test.Peer.SendFrame(Opcode.Text, [digit]);
        test.Peer.SendClose(CloseReason.Normal);

        Assert.Equal([1, 2], await TakeAsync(test.Session.ReceiveAllFromJsonAsync<int>(), 2));
        Assert.Equal([3, 4], await TakeAsync(test.Session.ReceiveAllFromJsonAsync<int>(Snake), 2));
        Assert.Equal([5, 6], await TakeAsync(test.Session.ReceiveAllFromJsonAsync(MyJson.Default.Int32), int.MaxValue));
        var end = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.ReceiveFromJsonAsync<int>().Soon());
        Assert.Equal(CloseReason.Normal, end.Result.Received);
    }

    [Fact]
    public async Task A_receive_throws_the_same_exception_at_an_end_that_a_broken_rule_made_with_the_error_inside()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        test.Peer.SendFrame(Opcode.Text, [0xFF]);

        var end = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.ReceiveFromJsonAsync<int>().Soon());

        Assert.IsType<WebSocketProtocolException>(end.InnerException);
    }

    [Fact]
    public async Task What_is_no_such_value_is_an_error_that_has_the_message_and_the_session_goes_on()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        test.Peer.SendFrame(Opcode.Text, "null"u8);
        test.Peer.SendFrame(Opcode.Binary, "1"u8);
        test.Peer.SendFrame(Opcode.Text, "2"u8);

        for (int i = 0; i < 2; i++)
        {
            var error = await Assert.ThrowsAsync<WebSocketDeserializeException>(() => test.Session.ReceiveFromJsonAsync<int>().Soon());
            error.Frame!.Recycle();
        }

        Assert.Equal(2, await test.Session.ReceiveFromJsonAsync<int>().Soon());
    }

    [Fact]
    public async Task Nothing_may_be_null_but_the_value()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        DefaultWebSocketSession none = null!;

        await Assert.ThrowsAsync<ArgumentNullException>(() => none.SendAsJsonAsync(1).Soon());
        await Assert.ThrowsAsync<ArgumentNullException>(() => none.ReceiveFromJsonAsync<int>().Soon());
        Assert.Throws<ArgumentNullException>(() => none.ReceiveAllFromJsonAsync<int>());
        await Assert.ThrowsAsync<ArgumentNullException>(() => test.Session.SendAsJsonAsync(1, (JsonSerializerOptions)null!).Soon());
        await Assert.ThrowsAsync<ArgumentNullException>(() => test.Session.SendAsJsonAsync(1, (JsonTypeInfo<int>)null!).Soon());
        await test.Session.SendAsJsonAsync<string?>(null);
        Assert.Equal("null", await SentAsync(test));
    }

    private static async Task<List<T>> TakeAsync<T>(IAsyncEnumerable<T> values, int count)
    {
        var taken = new List<T>();
        await foreach (T value in values)
        {
            taken.Add(value);
            if (taken.Count == count)
                break;
        }

        return taken;
    }

    private static async Task<string> SentAsync(SessionUnderTest<DefaultWebSocketSession> test) =>
        Assert.IsType<Frame.Text>(await test.Peer.ReceiveAsync()).ReadText();

    internal sealed record Tick(string FullName, double Price);

    [JsonSerializable(typeof(Tick))]
    [JsonSerializable(typeof(int))]
    internal sealed partial class MyJson : JsonSerializerContext;
}
