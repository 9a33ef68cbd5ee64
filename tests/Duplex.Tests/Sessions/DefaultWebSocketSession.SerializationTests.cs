using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Duplex.Tests;

public class DefaultWebSocketSessionSerializationTests
{
    private static readonly JsonContentConverter Json = new(TestJson.Default);
    private static readonly User Someone = new("user", 123);

    /// <summary>How the sessions receive. A converter that reads views gets them with <see cref="ReceiveMode.Direct"/>.</summary>
    protected virtual ReceiveMode Mode => ReceiveMode.Messages;

    [Fact]
    public async Task A_literal_default_is_the_token()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(Json);

        await test.Session.SendSerializedAsync(Someone, default);
        await test.Session.SendSerializedAsync(Someone, typeof(User), default);
        foreach (int id in (int[])[1, 2, 3])
            test.Peer.SendFrame(Opcode.Text, Encoding.UTF8.GetBytes($$"""{"name":"a","id":{{id}}}"""));

        Assert.NotNull(await test.Session.ReceiveDeserializedAsync<User>(default));
        Assert.NotNull(await test.Session.ReceiveDeserializedAsync(typeof(User), default));
        await foreach (User? user in test.Session.ReceiveAllDeserializedAsync<User>(default))
        {
            Assert.NotNull(user);
            break;
        }
    }

    [Fact]
    [KtorParity("typed/sendSerialized-T-data", "typed/receiveDeserialized-T", "weakness/15-a-low-level-API-only")]
    public async Task Values_go_out_and_come_in_as_messages()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();

        for (int i = 0; i < 100; i++)
        {
            await test.Session.SendSerializedAsync(new User("user", i)).Soon();
            Assert.Equal($$"""{"name":"user","id":{{i}}}""", await test.SentAsync());
            Send(test, $$"""{"name":"peer","id":{{i}}}""");
            Assert.Equal(new User("peer", i), await test.Session.ReceiveDeserializedAsync<User>().Soon());
        }
    }

    [Fact]
    [KtorParity("typed/sendSerialized-data-typeInfo", "typed/receiveDeserialized-typeInfo")]
    public async Task Values_of_a_type_known_at_run_time_do_too()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();

        for (int i = 0; i < 100; i++)
        {
            await test.Session.SendSerializedAsync(new User("user", i), typeof(User)).Soon();
            Assert.Equal($$"""{"name":"user","id":{{i}}}""", await test.SentAsync());
            Send(test, $$"""{"name":"peer","id":{{i}}}""");
            Assert.Equal(new User("peer", i), await test.Session.ReceiveDeserializedAsync(typeof(User)).Soon());
        }
    }

    [Fact]
    public async Task Null_is_sent_and_received_where_the_type_can_hold_it()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();

        await test.Session.SendSerializedAsync<User?>(null).Soon();
        await test.Session.SendSerializedAsync(null, typeof(User)).Soon();
        await test.Session.SendSerializedAsync(null, typeof(int?)).Soon();
        Assert.Equal(["null", "null", "null"], [await test.SentAsync(), await test.SentAsync(), await test.SentAsync()]);

        Send(test, "null", "null", "null", "null");
        Assert.Null(await test.Session.ReceiveDeserializedAsync<User>().Soon());
        Assert.Null(await test.Session.ReceiveDeserializedAsync<int?>().Soon());
        Assert.Null(await test.Session.ReceiveDeserializedAsync(typeof(User)).Soon());
        Assert.Null(await test.Session.ReceiveDeserializedAsync(typeof(int?)).Soon());
    }

    [Fact]
    [KtorParity("typed/no-converter", "close-and-errors/WebsocketContentConvertException-and-its-kinds")]
    public async Task Without_a_converter_every_call_says_so_and_takes_no_message()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        DefaultWebSocketSession session = test.Session;
        Send(test, "kept");
        await test.Queued(1);

        Assert.Null(session.Converter);
        foreach (Func<Task> use in new Func<Task>[]
        {
            () => session.SendSerializedAsync(Someone).AsTask(),
            () => session.SendSerializedAsync(Someone, typeof(User)).AsTask(),
            () => session.ReceiveDeserializedAsync<User>().AsTask(),
            () => session.ReceiveDeserializedAsync(typeof(User)).AsTask(),
            () => Task.FromResult(session.ReceiveAllDeserializedAsync<User>()),
        })
            Assert.Contains("ContentConverter", (await Assert.ThrowsAsync<WebSocketConverterNotFoundException>(use)).Message, StringComparison.Ordinal);

        Assert.Equal("kept", await test.ReceiveAsync());
        await session.SendAsync("fine").Soon();
        Assert.Equal("fine", await test.SentAsync());
    }

    [Theory]
    [InlineData("null", "content is null", typeof(JsonException))]
    [InlineData("{", "User", typeof(JsonException))]
    [InlineData("\"text\"", "User", typeof(JsonException))]
    [KtorParity("typed/the-frame-is-taken-in-every-failing-case")]
    [KtorParity("close-and-errors/WebsocketContentConvertException-and-its-kinds")]
    public async Task A_message_that_does_not_fit_is_consumed_and_told_with_itself_and_its_cause(string json, string says, Type inner)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        Type type = json == "null" ? typeof(int) : typeof(User);

        Send(test, json, json, """{"name":"next","id":1}""");
        var byType = await Assert.ThrowsAsync<WebSocketDeserializeException>(() => test.Session.ReceiveDeserializedAsync(type).Soon());
        var generic = await Assert.ThrowsAsync<WebSocketDeserializeException>(
            () => type == typeof(int) ? test.Session.ReceiveDeserializedAsync<int>().Soon() : test.Session.ReceiveDeserializedAsync<User>().Soon());

        foreach (WebSocketDeserializeException error in new[] { byType, generic })
        {
            Assert.Contains(says, error.Message, StringComparison.Ordinal);
            Assert.IsType(inner, error.InnerException);
            Assert.Equal(json, Assert.IsType<Frame.Text>(error.Frame).ReadText()); // not recycled: it is the receiver's
            error.Frame.Recycle();
        }

        Assert.Equal(new User("next", 1), await test.Session.ReceiveDeserializedAsync<User>().Soon());
    }

    [Fact]
    [KtorParity("typed/a-frame-that-the-converter-does-not-read", "converters/isApplicable")]
    public async Task A_message_of_a_kind_that_the_converter_does_not_read_is_consumed_and_told()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();

        test.Peer.SendFrame(Opcode.Binary, [1, 2]);
        Send(test, "1");
        var error = await Assert.ThrowsAsync<WebSocketDeserializeException>(() => test.Session.ReceiveDeserializedAsync<int>().Soon());

        Assert.Contains("JsonContentConverter does not read Binary", error.Message, StringComparison.Ordinal);
        Assert.Contains("set AcceptsBinary", error.Message, StringComparison.Ordinal);
        Assert.Equal([1, 2], error.Frame!.ReadBytes());
        Assert.Null(error.InnerException);
        error.Frame.Recycle();
        Assert.Equal(1, await test.Session.ReceiveDeserializedAsync<int>().Soon());
    }

    [Fact]
    [KtorParity("typed/a-value-of-another-type")]
    public async Task A_value_of_another_type_is_told()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(new DelegateConverter { OnDeserialize = (_, _) => "text" });

        Send(test, "1", "2");
        var generic = await Assert.ThrowsAsync<WebSocketDeserializeException>(() => test.Session.ReceiveDeserializedAsync<int>().Soon());
        var byType = await Assert.ThrowsAsync<WebSocketDeserializeException>(() => test.Session.ReceiveDeserializedAsync(typeof(int)).Soon());

        foreach (WebSocketDeserializeException error in new[] { generic, byType })
        {
            Assert.Contains("System.String", error.Message, StringComparison.Ordinal);
            error.Frame!.Recycle();
        }
    }

    // OperationCanceledException means the caller's token and nothing else, whoever threw it.
    [Theory]
    [InlineData(typeof(FormatException), false)]
    [InlineData(typeof(OperationCanceledException), false)]
    [InlineData(typeof(WebSocketDeserializeException), false)]
    [InlineData(typeof(FormatException), true)]
    [KtorParity("close-and-errors/JsonConvertException", "converters/a-formats-own-errors-wrapped-by-some")]
    [KtorParity("weakness/20-converters")]
    public async Task Whatever_a_converter_throws_comes_with_the_message(Type thrown, bool fromIsApplicable)
    {
        Exception Make() => (Exception)Activator.CreateInstance(thrown)!;
        var converter = new DelegateConverter
        {
            OnIsApplicable = _ => fromIsApplicable ? throw Make() : true,
            OnDeserialize = (_, _) => throw Make(),
        };
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(converter);

        Send(test, "one", "two");
        var generic = await Assert.ThrowsAsync<WebSocketDeserializeException>(() => test.Session.ReceiveDeserializedAsync<User>().Soon());
        var byType = await Assert.ThrowsAsync<WebSocketDeserializeException>(() => test.Session.ReceiveDeserializedAsync(typeof(User)).Soon());

        Assert.Equal("one", ((Frame.Text)generic.Frame!).ReadText());
        Assert.Equal("two", ((Frame.Text)byType.Frame!).ReadText());
        Assert.IsType(thrown, generic.InnerException);
        Assert.IsType(thrown, byType.InnerException);
        Assert.DoesNotContain("one", generic.Message, StringComparison.Ordinal); // a payload may hold secrets
        generic.Frame.Recycle();
        byType.Frame.Recycle();
    }

    [Fact]
    public async Task A_type_that_the_converter_does_not_know_is_told_as_such()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(new DelegateConverter
        {
            Copies = true,
            OnSerialize = (_, _, _) => throw new WebSocketConverterNotFoundException("unknown"),
            OnDeserialize = (frame, _) =>
            {
                frame.Recycle();
                throw new WebSocketConverterNotFoundException("unknown");
            },
        });

        Send(test, "{}", "{}");
        await Assert.ThrowsAsync<WebSocketConverterNotFoundException>(() => test.Session.ReceiveDeserializedAsync<User>().Soon());
        await Assert.ThrowsAsync<WebSocketConverterNotFoundException>(() => test.Session.ReceiveDeserializedAsync(typeof(User)).Soon());
        await Assert.ThrowsAsync<WebSocketConverterNotFoundException>(() => test.Session.SendSerializedAsync(Someone).Soon());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_is_recycled_behind_its_value_only_if_that_does_not_refer_to_it(bool copies)
    {
        var seen = new List<Frame>();
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(new DelegateConverter
        {
            Copies = copies,
            OnDeserialize = (frame, _) =>
            {
                seen.Add(frame);
                return frame.Data;
            },
        });

        Send(test, "one", "two", "three");
        await test.Session.ReceiveDeserializedAsync<ReadOnlyMemory<byte>>().Soon();
        await test.Session.ReceiveDeserializedAsync(typeof(ReadOnlyMemory<byte>)).Soon();
        await foreach (ReadOnlyMemory<byte> _ in test.Session.ReceiveAllDeserializedAsync<ReadOnlyMemory<byte>>())
            break;

        Assert.Equal(3, seen.Count);
        Assert.All(seen, frame => Assert.Equal(copies, frame.Data.IsEmpty));
        seen.ForEach(frame => frame.Recycle());
    }

    [Fact]
    public async Task A_serialization_that_throws_fails_that_call_and_sends_nothing()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(new DelegateConverter
        {
            OnSerialize = (output, _, _) =>
            {
                output.Write(new byte[5000]);
                throw new FormatException();
            },
        });

        await Assert.ThrowsAsync<FormatException>(() => test.Session.SendSerializedAsync(Someone).Soon());
        await Assert.ThrowsAsync<FormatException>(() => test.Session.SendSerializedAsync(Someone, typeof(User)).Soon());
        Assert.Equal(0, test.Session.BufferedBytes);

        await test.Session.SendSerializedAsync(Someone, Json).Soon();
        Assert.Equal("""{"name":"user","id":123}""", await test.SentAsync());
    }

    [Fact]
    public async Task A_text_that_is_no_utf8_fails_that_call_and_sends_nothing()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(new DelegateConverter
        {
            OnSerialize = (output, _, _) =>
            {
                output.Write<byte>([0xC3, 0x28]);
                return FrameType.Text;
            },
        });

        await Assert.ThrowsAsync<ArgumentException>(() => test.Session.SendSerializedAsync(Someone).Soon());

        await test.Session.SendAsync("fine").Soon();
        Assert.Equal("fine", await test.SentAsync());
    }

    [Theory]
    [InlineData(FrameType.Close)]
    [InlineData(FrameType.Ping)]
    [InlineData((FrameType)0)]
    public async Task A_value_is_a_text_or_a_binary_message_and_nothing_else(FrameType type)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(new DelegateConverter
        {
            OnSerialize = (output, _, _) =>
            {
                output.Write<byte>([1]);
                return type;
            },
        });

        await Assert.ThrowsAsync<InvalidOperationException>(() => test.Session.SendSerializedAsync(Someone).Soon());
        await Assert.ThrowsAsync<InvalidOperationException>(() => test.Session.SendSerializedAsync(Someone, typeof(User)).Soon());
        Assert.Equal(0, test.Session.BufferedBytes);
    }

    [Fact]
    public async Task A_value_is_of_the_type_that_is_named()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();

        await Assert.ThrowsAsync<ArgumentException>(() => test.Session.SendSerializedAsync("text", typeof(User)).Soon());
        await Assert.ThrowsAsync<ArgumentException>(() => test.Session.SendSerializedAsync(null, typeof(int)).Soon());
        await Assert.ThrowsAsync<ArgumentNullException>(() => test.Session.SendSerializedAsync(Someone, (Type)null!).Soon());
        await Assert.ThrowsAsync<ArgumentNullException>(() => test.Session.ReceiveDeserializedAsync((Type)null!).Soon());
        await Assert.ThrowsAsync<ArgumentNullException>(() => test.Session.SendSerializedAsync(Someone, (WebSocketContentConverter)null!).Soon());
        await Assert.ThrowsAsync<ArgumentNullException>(() => test.Session.ReceiveDeserializedAsync<User>(null!).Soon());
        await Assert.ThrowsAsync<ArgumentNullException>(() => test.Session.ReceiveDeserializedAsync(typeof(User), null!).Soon());
        Assert.Throws<ArgumentNullException>(() => test.Session.ReceiveAllDeserializedAsync<User>(null!));

        await test.Session.SendSerializedAsync(new Dog("Rex", true), typeof(Animal)).Soon();
        await test.Session.SendSerializedAsync<Animal>(new Dog("Rex", true)).Soon();
        Assert.Equal("""{"$type":"dog","barks":true,"name":"Rex"}""", await test.SentAsync());
        Assert.Equal("""{"$type":"dog","barks":true,"name":"Rex"}""", await test.SentAsync());
    }

    [Fact]
    [KtorParity("options/contentConverter", "typed/converter", "typed/sendSerializedBase-receiveDeserializedBase")]
    [KtorParity("weakness/20-converters")]
    public async Task A_calls_converter_comes_before_the_sessions_which_can_be_set_at_any_time()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        var bytes = new DelegateConverter
        {
            Copies = true,
            OnSerialize = (output, value, _) =>
            {
                output.Write([(byte)(int)value!]);
                return FrameType.Binary;
            },
            OnDeserialize = (frame, _) => (int)frame.Data.Span[0],
        };
        Assert.Same(Json, test.Session.Converter);

        await test.Session.SendSerializedAsync(1).Soon();
        await test.Session.SendSerializedAsync(2, bytes).Soon();
        await test.Session.SendSerializedAsync(3, typeof(int), bytes).Soon();
        test.Session.Converter = bytes;
        await test.Session.SendSerializedAsync(4).Soon();
        await test.Session.SendSerializedAsync(5, Json).Soon();
        Assert.Equal(["1", "Binary(02)", "Binary(03)", "Binary(04)", "5"],
            [await test.SentAsync(), await test.SentAsync(), await test.SentAsync(), await test.SentAsync(), await test.SentAsync()]);

        test.Peer.SendFrame(Opcode.Binary, [6]);
        Send(test, "7");
        test.Peer.SendFrame(Opcode.Binary, [8]);
        Send(test, "9");
        Assert.Equal(6, await test.Session.ReceiveDeserializedAsync<int>().Soon());
        Assert.Equal(7, await test.Session.ReceiveDeserializedAsync<int>(Json).Soon());
        Assert.Equal(8, await test.Session.ReceiveDeserializedAsync(typeof(int)).Soon());
        Assert.Equal(9, await test.Session.ReceiveDeserializedAsync(typeof(int), Json).Soon());

        test.Session.Converter = null;
        await Assert.ThrowsAsync<WebSocketConverterNotFoundException>(() => test.Session.SendSerializedAsync(1).Soon());
    }

    [Fact]
    [KtorParity("converters/serialize-T-deserialize-T")]
    [KtorParity("test-typed/AbstractClientContentNegotiationTest.testSerializeWebsocket")]
    public async Task A_converter_can_be_used_by_hand()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        var output = new ArrayBufferWriter<byte>();

        FrameType type = test.Session.Converter!.Serialize(output, Someone);
        Frame frame = Frame.Create(type, fin: true, output.WrittenMemory);

        Assert.True(test.Session.Converter.IsApplicable(frame));
        Assert.Equal(Someone, test.Session.Converter.Deserialize<User>(frame));
        Assert.Equal(Someone, test.Session.Converter.Deserialize<User>(frame)); // it is not recycled
    }

    [Fact]
    public async Task The_memory_is_kept_until_a_send_that_waits_is_staged()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(configure: settings => settings with { Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(1, 64) } });
        var large = new User(new string('x', 20_000), 1);
        test.Peer.BlockWrites();
        await test.Session.SendAsync("first").Soon();

        Task sending = test.Session.SendSerializedAsync(large).AsTask();
        Task byType = test.Session.SendSerializedAsync(large, typeof(User)).AsTask();
        Assert.False(sending.IsCompleted);
        test.Peer.UnblockWrites();
        await sending.Soon();
        await byType.Soon();

        Assert.Equal("first", await test.SentAsync());
        string json = $$"""{"name":"{{large.Name}}","id":1}""";
        Assert.Equal(json, await test.SentAsync()); // the pool spoils what comes back too early
        Assert.Equal(json, await test.SentAsync());
    }

    [Fact]
    public async Task A_token_withdraws_a_value_that_waits_and_its_memory_comes_back()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(configure: settings => settings with { Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(1, 64) } });
        test.Peer.BlockWrites();
        await test.Session.SendAsync(new string('x', 64)).Soon();
        using var cancellation = new CancellationTokenSource();

        Task first = test.Session.SendAsync(new string('y', 64)).AsTask();
        Task sending = test.Session.SendSerializedAsync(Someone, cancellation.Token).AsTask();
        Task byType = test.Session.SendSerializedAsync(Someone, typeof(User), cancellation.Token).AsTask();
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending.Soon());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => byType.Soon());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => test.Session.SendSerializedAsync(Someone, cancellation.Token).Soon());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => test.Session.SendSerializedAsync(Someone, typeof(User), cancellation.Token).Soon());
        test.Peer.UnblockWrites();
        await first.Soon();
        await test.Session.SendSerializedAsync(Someone).Soon();
        Assert.StartsWith("x", await test.SentAsync(), StringComparison.Ordinal);
        Assert.StartsWith("y", await test.SentAsync(), StringComparison.Ordinal);
        Assert.Equal("""{"name":"user","id":123}""", await test.SentAsync());
    }

    [Fact]
    public async Task A_cancelled_receive_loses_no_message()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        using var cancellation = new CancellationTokenSource();

        Task<User?> generic = test.Session.ReceiveDeserializedAsync<User>(cancellation.Token).AsTask();
        Task<object?> byType = test.Session.ReceiveDeserializedAsync(typeof(User), cancellation.Token).AsTask();
        Task<List<User?>> all = CollectAsync(test.Session.ReceiveAllDeserializedAsync<User>(cancellation.Token));
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => generic.Soon());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => byType.Soon());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => all.Soon());
        Send(test, """{"name":"user","id":123}""");
        Assert.Equal(Someone, await test.Session.ReceiveDeserializedAsync<User>().Soon());
    }

    [Fact]
    [KtorParity("typed/a-closed-channel")]
    public async Task A_normal_end_ends_the_enumeration_and_is_told_to_a_receive()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();

        Send(test, "1", "2");
        test.Peer.SendClose(CloseReason.Normal);
        List<int> values = await CollectAsync(test.Session.ReceiveAllDeserializedAsync<int>()).Soon();

        Assert.Equal([1, 2], values);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.ReceiveDeserializedAsync<int>().Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.ReceiveDeserializedAsync(typeof(int)).Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.SendSerializedAsync(1).Soon());
    }

    [Fact]
    public async Task A_lost_connection_is_told_behind_the_values_that_came()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        var values = new List<int>();

        Send(test, "1");
        test.Peer.SendEof();
        var error = await Assert.ThrowsAnyAsync<WebSocketException>(async () =>
        {
            await foreach (int value in test.Session.ReceiveAllDeserializedAsync<int>())
                values.Add(value);
        });

        Assert.Equal([1], values);
        Assert.Same(error, await Assert.ThrowsAnyAsync<WebSocketException>(() => test.Session.ReceiveDeserializedAsync<int>().Soon()));
    }

    [Fact]
    public async Task A_bad_message_ends_the_enumeration_but_not_the_session()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        var values = new List<int>();

        Send(test, "1", "x", "3");
        test.Peer.SendClose(CloseReason.Normal);
        var error = await Assert.ThrowsAsync<WebSocketDeserializeException>(async () =>
        {
            await foreach (int value in test.Session.ReceiveAllDeserializedAsync<int>(Json))
                values.Add(value);
        });
        error.Frame!.Recycle();
        values.AddRange(await CollectAsync(test.Session.ReceiveAllDeserializedAsync<int>()).Soon());

        Assert.Equal([1, 3], values);
    }

    [Fact]
    public async Task A_servers_session_does_the_same()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(configure: settings => settings with { Connection = settings.Connection with { Role = WebSocketRole.Server } });

        await test.Session.SendSerializedAsync(Someone).Soon();
        await test.Session.SendSerializedAsync<User?>(null).Soon();
        Send(test, """{"name":"user","id":123}""", "null");

        Assert.Equal("""{"name":"user","id":123}""", await test.SentAsync());
        Assert.Equal("null", await test.SentAsync());
        Assert.Equal(Someone, await test.Session.ReceiveDeserializedAsync<User>().Soon());
        Assert.Null(await test.Session.ReceiveDeserializedAsync(typeof(User)).Soon());
    }

    [Fact]
    public async Task Where_messages_are_streams_values_are_sent_and_not_received()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(configure: settings => settings with { ReceiveMode = ReceiveMode.Streams });

        await test.Session.SendSerializedAsync(Someone).Soon();

        Assert.Equal("""{"name":"user","id":123}""", await test.SentAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => test.Session.ReceiveDeserializedAsync<User>().Soon());
        await Assert.ThrowsAsync<InvalidOperationException>(() => test.Session.ReceiveDeserializedAsync(typeof(User)).Soon());
        await Assert.ThrowsAsync<InvalidOperationException>(() => CollectAsync(test.Session.ReceiveAllDeserializedAsync<User>()).Soon());
    }

    private SessionUnderTest<DefaultWebSocketSession> Open(WebSocketContentConverter? converter = null, Func<SessionSettings, SessionSettings>? configure = null) =>
        SessionUnderTest.Default(settings =>
        {
            SessionSettings usual = settings with { ReceiveMode = Mode, Converter = converter ?? Json };
            return configure?.Invoke(usual) ?? usual;
        });

    private static void Send(SessionUnderTest<DefaultWebSocketSession> test, params ReadOnlySpan<string> texts)
    {
        foreach (string text in texts)
            test.Peer.SendFrame(Opcode.Text, System.Text.Encoding.UTF8.GetBytes(text));
    }

    private static async Task<List<T?>> CollectAsync<T>(IAsyncEnumerable<T?> values)
    {
        var list = new List<T?>();
        await foreach (T? value in values)
            list.Add(value);
        return list;
    }
}

public sealed class SerializationOfViewsTests : DefaultWebSocketSessionSerializationTests
{
    protected override ReceiveMode Mode => ReceiveMode.Direct;
}
