using System.Text.Json.Serialization;
using MessagePack.Resolvers;

namespace Duplex.Tests;

public sealed partial class TypedMessageTests(KestrelServer server) : IClassFixture<KestrelServer>
{
    private static readonly JsonContentConverter Json = new(UserJson.Default);
    private static readonly MessagePackContentConverter MessagePack = new(ContractlessStandardResolver.Options);

    public static TheoryData<WebSocketContentConverter> Converters => [Json, MessagePack];

    [Theory, MemberData(nameof(Converters), DisableDiscoveryEnumeration = true)]
    public async Task A_hundred_values_come_back_equal(WebSocketContentConverter converter)
    {
        await using DefaultClientWebSocketSession session = await OpenAsync(converter);

        for (int i = 0; i < 100; i++)
        {
            var user = new User { Name = "ünicode", Id = i };
            await session.SendSerializedAsync(user);
            Assert.Equal(user, await session.ReceiveDeserializedAsync<User>().Soon());
            await session.SendSerializedAsync(user, typeof(User));
            Assert.Equal(user, await session.ReceiveDeserializedAsync(typeof(User)).Soon());
        }
    }

    [Fact]
    public async Task Two_converters_share_a_session()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync(Json);
        var user = new User { Name = new string('x', 300_000), Id = 1 };

        await session.SendSerializedAsync(user);
        await session.SendSerializedAsync(user, MessagePack);
        await session.SendSerializedAsync(user);
        Assert.Equal(user, await session.ReceiveDeserializedAsync<User>().Soon());
        var error = await Assert.ThrowsAsync<WebSocketDeserializeException>(() => session.ReceiveDeserializedAsync<User>().Soon());
        Assert.Equal(user, MessagePack.Deserialize<User>(error.Frame!));
        Assert.Equal(user, await session.ReceiveDeserializedAsync<User>().Soon());

        session.Converter = MessagePack;
        await session.SendSerializedAsync(user);
        Assert.Equal(user, await session.ReceiveDeserializedAsync<User>().Soon());
    }

    [Fact]
    public async Task Null_is_the_text_null()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync(Json);

        await session.SendSerializedAsync<User?>(null);
        await session.SendSerializedAsync<User?>(null);

        Assert.Equal("null", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync().Soon()).ReadText());
        Assert.Null(await session.ReceiveDeserializedAsync<User>().Soon());
    }

    [Fact]
    public async Task An_object_is_the_json_that_one_expects()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync(Json);

        await session.SendSerializedAsync(new User { Name = "user", Id = 123 });
        await session.SendAsync("""{"name":"user","id":123}""");

        Assert.Equal("""{"name":"user","id":123}""", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync().Soon()).ReadText());
        Assert.Equal(new User { Name = "user", Id = 123 }, await session.ReceiveDeserializedAsync<User>().Soon());
    }

    [Fact]
    public async Task All_values_come_until_the_close()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync(Json);
        var ids = new List<int>();
        for (int i = 0; i < 10; i++)
            await session.SendSerializedAsync(new User { Name = "user", Id = i });

        Task<CloseResult> closing = session.CloseAsync();
        await foreach (User? user in session.ReceiveAllDeserializedAsync<User>())
            ids.Add(user!.Id);

        Assert.True((await closing.Soon()).WasClean);
        Assert.Equal(Enumerable.Range(0, 10), ids);
    }

    private async Task<DefaultClientWebSocketSession> OpenAsync(WebSocketContentConverter converter)
    {
        // The session outlives the client that opened it.
        using HttpClient client = Clients.Create(options => options.ContentConverter = converter);
        return await client.WebSocketSessionAsync(new Uri(server["ws"], "/echo")).Soon();
    }

    // Public: MessagePack's generated code has to see it.
    public sealed record User
    {
        public string? Name { get; set; }

        public int Id { get; set; }
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(User))]
    internal sealed partial class UserJson : JsonSerializerContext;
}
