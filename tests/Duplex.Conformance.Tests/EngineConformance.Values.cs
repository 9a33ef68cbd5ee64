using System.Text.Json.Serialization;

namespace Duplex.Tests;

/// <summary>What Ktor's own tests say of values as messages, asked of every engine.</summary>
public abstract partial class EngineConformance
{
    private static readonly JsonContentConverter Json = new(ValuesJson.Default);

    [Fact]
    [KtorParity("test-typed/WebSocketTest.testWebSocketSerialization")]
    public async Task A_hundred_values_come_back_equal()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo", ws => ws.ContentConverter = Json);

        for (int i = 0; i < 100; i++)
        {
            await session.SendSerializedAsync(new Item($"item {i}", i));
            Assert.Equal(new Item($"item {i}", i), await session.ReceiveDeserializedAsync<Item>().Soon());
        }
    }

    [Fact]
    [KtorParity("test-typed/WebSocketTest.testWebSocketSerializationWithExplicitTypeInfo")]
    public async Task A_hundred_values_of_a_type_passed_by_hand_come_back_equal()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo", ws => ws.ContentConverter = Json);

        for (int i = 0; i < 100; i++)
        {
            await session.SendSerializedAsync(new Item($"item {i}", i), typeof(Item));
            Assert.Equal(new Item($"item {i}", i), await session.ReceiveDeserializedAsync(typeof(Item)).Soon());
        }
    }

    [Fact]
    [KtorParity("test-typed/WebSocketTest.testSerializationWithNoConverter")]
    public async Task Without_a_converter_both_calls_throw_and_the_session_goes_on()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo");

        await Assert.ThrowsAsync<WebSocketConverterNotFoundException>(() => session.SendSerializedAsync(new Item("a", 1)).Soon());
        await Assert.ThrowsAsync<WebSocketConverterNotFoundException>(() => session.ReceiveDeserializedAsync<Item>().Soon());

        await session.SendAsync("still here");
        Assert.Equal("still here", await TextAsync(session));
    }

    [Fact]
    [KtorParity("test-typed/JsonWebsocketsTest-null")]
    public async Task Null_is_the_text_null_both_ways()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo", ws => ws.ContentConverter = Json);

        await session.SendSerializedAsync<Item?>(null);
        Assert.Equal("null", await TextAsync(session));
        await session.SendAsync("null");
        Assert.Null(await session.ReceiveDeserializedAsync<Item?>().Soon());
    }

    [Fact]
    [KtorParity("test-typed/JsonWebsocketsTest-an-object")]
    public async Task An_object_is_its_json_both_ways()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo", ws => ws.ContentConverter = Json);

        await session.SendSerializedAsync(new Item("user", 123));
        Assert.Equal("""{"name":"user","id":123}""", await TextAsync(session));
        await session.SendAsync("""{"name":"user","id":123}""");
        Assert.Equal(new Item("user", 123), await session.ReceiveDeserializedAsync<Item>().Soon());
    }

    [Fact]
    public async Task A_message_that_is_no_such_value_fails_that_call_and_the_session_goes_on()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo", ws => ws.ContentConverter = Json);

        await session.SendAsync("{\"name\":");
        await session.SendSerializedAsync(new Item("a", 1));

        var error = await Assert.ThrowsAsync<WebSocketDeserializeException>(() => session.ReceiveDeserializedAsync<Item>().Soon());
        Assert.Equal("{\"name\":", Assert.IsType<Frame.Text>(error.Frame).ReadText());
        Assert.NotNull(error.InnerException);
        Assert.Equal(new Item("a", 1), await session.ReceiveDeserializedAsync<Item>().Soon());
    }

    [Fact]
    [KtorParity("test-typed/server-WebSocketTest.testDeserializationWithOnClosedChannel")]
    public async Task Receiving_a_value_from_a_session_that_the_peer_closed_says_so()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/close?code=1000", ws => ws.ContentConverter = Json);

        await Assert.ThrowsAsync<WebSocketClosedException>(() => session.ReceiveDeserializedAsync<Item>().Soon());
    }

    internal sealed record Item(string Name, int Id);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(EngineConformance.Item))]
internal sealed partial class ValuesJson : JsonSerializerContext;
