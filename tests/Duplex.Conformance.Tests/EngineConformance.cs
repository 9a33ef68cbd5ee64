using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Duplex.Tests;

/// <summary>
/// What a session does, whichever engine made its connection. Each engine's class says how to reach a server that behaves as <c>TestService</c> does, and inherits every test.
/// </summary>
public abstract partial class EngineConformance
{
    /// <summary>Where the service is.</summary>
    protected abstract Uri Server { get; }

    /// <summary>The engine.</summary>
    protected abstract WebSocketEngine Engine { get; }

    /// <summary>The HTTP version that the client demands; null for its default.</summary>
    protected virtual Version? HttpVersion => null;

    /// <summary>Whether the engine learns which subprotocol the server chose.</summary>
    protected virtual bool SeesSubprotocol => true;

    /// <summary>Whether messages are delivered that the peer sends after our Close and before its own.</summary>
    protected virtual bool ReceivesWhileClosing => true;

    /// <summary>Whether a violation of the protocol looks different from a lost connection.</summary>
    protected virtual bool TellsViolations => true;

    private bool HasControlFrames => Engine.Supports(EngineCapability.ControlFrames);

    [Fact]
    [KtorParity("functions/send-String", "functions/send-ByteArray", "test-data/WebSocketTest.testEmptyFrame")]
    public async Task Text_binary_and_empty_messages_come_back_in_order()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo");

        await session.SendAsync("Hello, WebSocket!");
        await session.SendAsync(new byte[] { 1, 2, 3 });
        await session.SendAsync("");
        await session.SendAsync(ReadOnlyMemory<byte>.Empty);
        await session.SendTextAsync("grüße"u8.ToArray());

        Assert.Equal("Hello, WebSocket!", await TextAsync(session));
        Assert.Equal([1, 2, 3], Assert.IsType<Frame.Binary>(await NextAsync(session)).ReadBytes());
        Assert.Equal("", await TextAsync(session));
        Assert.Empty(Assert.IsType<Frame.Binary>(await NextAsync(session)).ReadBytes());
        Assert.Equal("grüße", await TextAsync(session));
    }

    [Theory]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(1019)]
    [InlineData(1020)]
    [InlineData(1021)]
    [InlineData(4092)]
    [InlineData(65_531)]
    [InlineData(65_532)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(262_145)]
    [InlineData(3_000_001)]
    public async Task A_message_of_any_size_comes_back_whole(int size)
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo");
        byte[] message = new byte[size];
        new Random(size).NextBytes(message);

        // After a silence, then with the loop expecting the like.
        for (int i = 0; i < 3; i++)
        {
            Task sending = session.SendAsync(message).AsTask();
            Frame echoed = await NextAsync(session);
            await sending.Soon();
            Assert.IsType<Frame.Binary>(echoed);
            Assert.True(echoed.Data.Span.SequenceEqual(message));
            echoed.Recycle();
        }
    }

    [Fact]
    [KtorParity("test-data/TestApplicationTestJvm.testWebSockets")]
    public async Task Every_length_of_300_texts_comes_back_in_order()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo");

        for (int length = 0; length <= 300; length++)
            await session.SendAsync(new string('x', length));

        for (int length = 0; length <= 300; length++)
            Assert.Equal(new string('x', length), await TextAsync(session));
    }

    [Fact]
    public async Task The_log_tells_a_sessions_opening_and_end_with_its_id_and_target()
    {
        using var log = new ListLogger();
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo?token=s3cret", ws => ws.LoggerFactory = log);

        await session.CloseAsync(new CloseReason((CloseCode)4000, "bye")).Soon();
        await session.Completion.Soon();

        (int Id, LogLevel Level, string Text)[] told = [.. log.Entries.Where(entry => entry.Text.Contains($"session {session.Id} with {At("/echo")} ", StringComparison.Ordinal))];
        Assert.Equal([(11, LogLevel.Information), (20, LogLevel.Information)], told.Select(entry => (entry.Id, entry.Level)));
        Assert.Contains("we closed it with 4000", told[1].Text, StringComparison.Ordinal);
        Assert.All(log.Entries, entry => Assert.DoesNotContain("s3cret", entry.Text, StringComparison.Ordinal));
    }

    [Fact]
    [KtorParity("weakness/15-a-low-level-API-only")]
    public async Task Fragments_that_we_send_arrive_as_one_message()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo");
        byte[] text = Encoding.UTF8.GetBytes("grüße 😀");

        for (int i = 0; i < text.Length; i++)
            await session.SendAsync(new Frame.Text(fin: false, text.AsMemory(i, 1)));
        await session.SendAsync(new Frame.Text(fin: true, ReadOnlyMemory<byte>.Empty));
        await session.SendAsync(new Frame.Binary(fin: false, new byte[] { 1 }));
        await session.SendAsync(new Frame.Binary(fin: true, new byte[] { 2 }));

        Assert.Equal("grüße 😀", await TextAsync(session));
        Assert.Equal([1, 2], Assert.IsType<Frame.Binary>(await NextAsync(session)).ReadBytes());
    }

    [Fact]
    public async Task Fragments_that_the_peer_sends_are_merged()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/fragments");

        Assert.Equal("grüße 😀", await TextAsync(session));
        Assert.Empty(Assert.IsType<Frame.Binary>(await NextAsync(session)).ReadBytes());
        Assert.False(await session.Incoming.WaitToReadAsync().Soon());
    }

    [Fact]
    public async Task Messages_are_sent_from_streams_and_received_as_streams_beyond_what_the_queues_hold()
    {
        using HttpClient client = Client(ws => ws.Channels.Incoming = ChannelConfig.Bounded(64, 128 * 1024));
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(
            At("/echo"), request => request.ReceiveMode = ReceiveMode.Streams).Soon();
        byte[] sent = new byte[5_000_001];
        new Random(5).NextBytes(sent);

        Task sending = session.SendAsync(new MemoryStream(sent)).AsTask();
        WebSocketMessageStream message = (await session.ReceiveStreamAsync().Soon())!;
        var received = new MemoryStream();
        await message.CopyToAsync(received, TestContext.Current.CancellationToken).Soon();
        await sending.Soon();

        Assert.Equal(FrameType.Binary, message.Type);
        Assert.True(received.ToArray().AsSpan().SequenceEqual(sent));

        // One that is given up, an empty one, and a text.
        await session.SendAsync(new MemoryStream(sent, 0, 90_000)).Soon();
        await session.SendAsync(new MemoryStream()).Soon();
        await session.SendAsync(new MemoryStream("grüße 😀"u8.ToArray()), FrameType.Text).Soon();
        await (await session.ReceiveStreamAsync().Soon())!.DisposeAsync();
        Assert.Equal(0, await (await session.ReceiveStreamAsync().Soon())!.ReadAsync(new byte[1]).Soon());
        WebSocketMessageStream text = (await session.ReceiveStreamAsync().Soon())!;
        Assert.Equal(FrameType.Text, text.Type);
        using var reader = new StreamReader(text);
        Assert.Equal("grüße 😀", await reader.ReadToEndAsync(TestContext.Current.CancellationToken).Soon());
        Assert.True((await session.CloseAsync().Soon()).WasClean);
    }

    [Fact]
    public async Task Messages_are_read_as_views_and_answered_on_the_spot()
    {
        using HttpClient client = Client();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(
            At("/echo"), request => request.ReceiveMode = ReceiveMode.Direct).Soon();
        byte[] large = new byte[300_000];
        new Random(7).NextBytes(large);

        await session.SendAsync("grüße 😀").Soon();
        await session.SendAsync(large).Soon();
        Assert.True(session.TrySend("on the spot"u8, FrameType.Text));
        var seen = new List<string>();
        while (seen.Count < 3)
        {
            Assert.True(await session.Messages.WaitToReadAsync().Soon());
            while (session.Messages.TryRead(out MessageView message))
                seen.Add(message.Type == FrameType.Text ? message.ReadText() : $"{message.Data.SequenceEqual(large)}");
        }

        Assert.Equal(["grüße 😀", "True", "on the spot"], seen);
        Assert.True((await session.CloseAsync().Soon()).WasClean); // by the only reader
        Assert.False(await session.Messages.WaitToReadAsync().Soon());
    }

    [Fact]
    public async Task Messages_of_concurrent_senders_arrive_whole_and_in_order_for_each()
    {
        const int Senders = 8, Each = 200;
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo");

        Task sending = Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            for (int number = 0; number < Each; number++)
                await session.SendAsync($"{sender}:{number}:{new string('y', (sender * 37 + number) % 300)}");
        })));

        int[] next = new int[Senders];
        for (int i = 0; i < Senders * Each; i++)
        {
            string[] parts = (await TextAsync(session)).Split(':');
            int sender = int.Parse(parts[0], null);
            Assert.Equal(next[sender]++, int.Parse(parts[1], null));
            Assert.Equal((sender * 37 + next[sender] - 1) % 300, parts[2].Length);
        }

        await sending.Soon();
    }

    [Fact]
    [KtorParity("channels/ChannelOverflow.SUSPEND", "test-channels/suspension-unsupported")]
    [KtorParity("weakness/10-unbounded-queues")]
    public async Task A_consumer_that_is_too_slow_loses_nothing()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/flood", ws => ws.Channels.Incoming = ChannelConfig.Bounded(4, 1 << 20));

        for (int i = 0; i < Flood.Messages; i++)
        {
            Frame frame = await NextAsync(session);
            Assert.Equal(Flood.Size, frame.Data.Length);
            Assert.Equal(i, BitConverter.ToInt32(frame.Data.Span));
            Assert.True(session.Incoming.Count <= 4);
            frame.Recycle();
        }

        Assert.False(await session.Incoming.WaitToReadAsync().Soon());
    }

    [Fact]
    [KtorParity("untested/cancellation-in-each-phase")]
    public async Task A_cancelled_receive_leaves_the_session_as_it_was()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo");
        using var source = new CancellationTokenSource();

        Task<Frame> receiving = session.Incoming.ReadAsync(source.Token).AsTask();
        await source.CancelAsync();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving.Soon());
        Assert.Equal(source.Token, error.CancellationToken);

        await session.SendAsync("still here");
        Assert.Equal("still here", await TextAsync(session));
    }

    [Fact]
    [KtorParity("default-session/closeReason", "test-life/WebSocketTest.testWebsocketSession")]
    [KtorParity("test-default-session/OkHttpWebsocketSessionTest-4002-and-3500")]
    [KtorParity("untested/closeReason-after-our-own-close")]
    public async Task Our_close_goes_behind_what_was_sent_and_says_its_reason()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo");
        var reason = new CloseReason((CloseCode)4321, "grüße");

        await session.SendAsync("last words");
        CloseResult end = await session.CloseAsync(reason).Soon();

        if (ReceivesWhileClosing)
            Assert.Equal("last words", await TextAsync(session));
        Assert.False(await session.Incoming.WaitToReadAsync().Soon());
        Assert.Equal((reason, reason, CloseInitiator.Local, true), (end.Sent, end.Received, end.Initiator, end.WasClean));
        Assert.Equal(reason, await session.CloseReason.Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => session.SendAsync("late").AsTask());
    }

    [Theory]
    [InlineData(1000, "")]
    [InlineData(1001, "going")]
    [InlineData(3000, "registered")]
    [InlineData(4999, "grüße 😀")]
    [KtorParity("default-session/closeReason", "test-default-session/DefaultWebSocketTest.closeByClient")]
    public async Task The_peers_close_ends_what_is_received_and_is_echoed(int code, string text)
    {
        await using DefaultClientWebSocketSession session = await OpenAsync($"/close?code={code}&text={Uri.EscapeDataString(text)}");
        var reason = new CloseReason((CloseCode)code, text);

        Assert.False(await session.Incoming.WaitToReadAsync().Soon());

        CloseResult end = await session.Completion.Soon();
        Assert.Equal((reason, reason, CloseInitiator.Remote, true), (end.Sent, end.Received, end.Initiator, end.WasClean));
        Assert.Null(end.Error);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => session.Incoming.ReadAsync().AsTask().Soon());
    }

    [Fact]
    public async Task A_close_between_fragments_ends_the_session_cleanly()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo");

        await session.SendAsync(new Frame.Text(fin: false, "half"u8.ToArray()));
        CloseResult end = await session.CloseAsync().Soon();

        Assert.True(end.WasClean);
    }

    [Fact]
    public async Task While_we_close_everything_is_received_that_the_peer_sends_before_its_close()
    {
        const int Messages = 2000;
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo", ws => ws.Channels.Incoming = ChannelConfig.Bounded(4, 1 << 20));
        Task<List<int>> receiving = ReceiveAllAsync();

        // The echoes fill our queue, and the connection behind it, before the last message is on its way.
        for (int i = 0; i < Messages; i++)
        {
            byte[] message = new byte[1000];
            BitConverter.TryWriteBytes(message, i);
            await session.SendAsync(message).Soon();
        }

        CloseResult result = await session.CloseAsync().Soon();

        List<int> received = await receiving.Soon();
        Assert.Equal(Enumerable.Range(0, ReceivesWhileClosing ? Messages : received.Count), received);
        Assert.True(result.WasClean, $"{result} {result.Error}");
        Assert.Equal(0, result.DiscardedMessages);

        async Task<List<int>> ReceiveAllAsync()
        {
            var received = new List<int>();
            await foreach (Frame frame in session.Incoming)
            {
                received.Add(BitConverter.ToInt32(frame.Data.Span));
                frame.Recycle();
                if (received.Count % 10 == 0)
                    await Task.Yield();
            }

            return received;
        }
    }

    [Fact]
    [KtorParity("options/no-timeout-handshake-timeout-close-timeout")]
    public async Task A_peer_that_does_not_answer_our_close_is_left_after_the_close_timeout()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/deaf", ws => ws.CloseTimeout = TimeSpan.FromMilliseconds(50));

        CloseResult end = await session.CloseAsync().Soon();

        Assert.False(end.WasClean);
        Assert.IsType<TimeoutException>(end.Error);
        await session.Completion.Soon();
    }

    [Fact]
    [KtorParity("test-default-session/OkHttpWebsocketSessionTest.testOnFailure")]
    public async Task A_connection_that_ends_without_a_close_is_lost()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/vanish");

        Assert.Equal("last words", await TextAsync(session));
        await session.SendAsync("heard");
        var error = await Assert.ThrowsAsync<WebSocketClosedException>(() => session.Incoming.ReadAsync().AsTask().Soon());

        Assert.IsAssignableFrom<IOException>(error.InnerException);
        CloseResult end = await session.Completion.Soon();
        Assert.Equal((CloseReason.Abnormal, CloseInitiator.None, false), (end.Reason, end.Initiator, end.WasClean));
    }

    [Fact]
    [KtorParity("untested/UTF-8")]
    public async Task Invalid_text_ends_the_session_and_never_reaches_the_user()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/invalid-text");

        var error = await Assert.ThrowsAnyAsync<WebSocketException>(() => session.Incoming.ReadAsync().AsTask().Soon());

        CloseResult end = await session.Completion.Soon();
        Assert.False(end.WasClean);
        Assert.NotNull(end.Error);

        // A socket that judges its wire by itself tells the peer by itself, and us only that it has.
        if (error is WebSocketProtocolException)
            Assert.Equal(CloseCode.InvalidFramePayloadData, end.Sent!.Code);
        else if (TellsViolations)
            Assert.IsType<System.Net.WebSockets.WebSocketException>(error.InnerException!.InnerException);
    }

    [Fact]
    public async Task A_message_beyond_MaxMessageSize_ends_the_session_with_1009()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo", ws => ws.MaxMessageSize = 200_000);

        await session.SendAsync(new byte[200_000]);
        Assert.Equal(200_000, (await NextAsync(session)).Data.Length);
        await session.SendAsync(new byte[200_001]);
        var error = await Assert.ThrowsAsync<FrameTooBigException>(() => session.Incoming.ReadAsync().AsTask().Soon());

        Assert.Contains("MaxMessageSize", error.Message, StringComparison.Ordinal);
        Assert.Equal(CloseCode.MessageTooBig, (await session.Completion.Soon()).Sent!.Code);
    }

    [Fact]
    [KtorParity("session/terminate")]
    public async Task An_abort_ends_everything_at_once()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/deaf");
        Task<Frame> receiving = session.Incoming.ReadAsync().AsTask();

        session.Abort();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => receiving.Soon());
        CloseResult end = await session.Completion.Soon();
        Assert.Equal((null, null, CloseInitiator.Local, false), (end.Sent, end.Received, end.Initiator, end.WasClean));
    }

    [Fact]
    [KtorParity("engine/CIO")]
    [KtorParity("engine/OkHttp")]
    [KtorParity("engine/Darwin")]
    [KtorParity("engine/WinHttp")]
    [KtorParity("engine/Java")]
    [KtorParity("engine/MockEngine")]
    public async Task The_block_form_closes_and_gives_its_value()
    {
        using HttpClient client = Client();

        string text = await client.WebSocketAsync(At("/echo"), async session =>
        {
            await session.SendAsync("echo");
            return await TextAsync(session);
        }).Soon();

        Assert.Equal("echo", text);
    }

    [Fact]
    [KtorParity("test-life/WebSocketTest.testParallelWebsocketSessions")]
    public async Task Many_sessions_at_once_each_see_their_own_messages_only()
    {
        using HttpClient client = Client();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async number =>
        {
            await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(At("/echo"));
            for (int i = 0; i < 20; i++)
            {
                await session.SendAsync($"{number}/{i}");
                Assert.Equal($"{number}/{i}", await TextAsync(session));
            }

            Assert.True((await session.CloseAsync()).WasClean);
        })).Soon();
    }

    [Fact]
    [KtorParity("opening/HttpRequestBuilder", "test-protocol/testConversationWithInterceptors")]
    [KtorParity("test-protocol/testParameters")]
    public async Task Base_address_default_headers_handlers_and_the_request_reach_the_server()
    {
        using HttpClient client = Client(new HeaderHandler { InnerHandler = Plugin() });
        client.BaseAddress = Server;
        client.DefaultRequestHeaders.Add("X-Default", "d");
        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync("/greet?name=n", request =>
        {
            request.Headers.Add("X-Request", "r");
            request.Subprotocols.Add("greet.v1");
        });

        if (!Engine.Supports(EngineCapability.RequestHeaders))
        {
            await AssertRefusedAsync(() => opening, EngineCapability.RequestHeaders, "header X-");
            return;
        }

        await using DefaultClientWebSocketSession session = await opening.Soon();
        Assert.Equal("d|h|r|n|greet.v1", await TextAsync(session));
        Assert.Equal(SeesSubprotocol ? "greet.v1" : null, session.Call.Subprotocol);
        Assert.Equal(At("/greet"), session.Call.Request.Uri);
        Assert.False(await session.Incoming.WaitToReadAsync().Soon());
    }

    [Fact]
    [KtorParity("client-session/ClientWebSocketSession.call", "http/HttpStatusCode.SwitchingProtocols")]
    public async Task The_call_tells_its_engine_and_the_answer_if_there_is_one()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo");

        Assert.Same(Engine, session.Call.Engine);
        Assert.Equal(Engine.Supports(EngineCapability.Response), session.Call.Response is not null);
        Assert.True(session.Masking);
        Assert.Null(session.Call.Subprotocol);
    }

    [Fact]
    [KtorParity("close-and-errors/UnsupportedFrameTypeException")]
    [KtorParity("test-default-session/OkHttpWebsocketSessionTest-four-of-pings")]
    public async Task Pings_work_or_are_refused()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo");

        if (HasControlFrames)
        {
            Assert.True(await session.PingAsync().Soon() > TimeSpan.Zero);
            session.PingInterval = TimeSpan.FromSeconds(1);
            return;
        }

        Assert.Equal((Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan), (session.PingInterval, session.PingTimeout));
        await AssertRefusedAsync(() => session.PingAsync(), EngineCapability.ControlFrames, "PingAsync");
        await AssertRefusedAsync(() => session.SendAsync(new Frame.Ping(default)).AsTask(), EngineCapability.ControlFrames, "Frame.Ping");
        await AssertRefusedAsync(() => session.Outgoing.WriteAsync(new Frame.Pong(default)).AsTask(), EngineCapability.ControlFrames, "Frame.Pong");
        AssertRefused(() => session.Outgoing.TryWrite(new Frame.Ping(default)), EngineCapability.ControlFrames, "Frame.Ping");
        AssertRefused(() => session.PingInterval = TimeSpan.FromSeconds(1), EngineCapability.ControlFrames, "PingInterval");
        AssertRefused(() => session.PingTimeout = TimeSpan.FromSeconds(1), EngineCapability.ControlFrames, "PingTimeout");
        session.PingInterval = Timeout.InfiniteTimeSpan; // asks for what is so

        // None of it did any harm.
        await session.SendAsync("still here");
        Assert.Equal("still here", await TextAsync(session));
    }

    [Fact]
    public async Task A_heartbeat_works_and_its_replies_are_not_delivered()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo", ws => ws.Heartbeat = new Heartbeat("beat", reply: "beat") { Interval = TimeSpan.FromMilliseconds(20) });

        // Until the first reply, which the echo makes of the message.
        for (int i = 0; session.LastRoundTripTime is null; i++)
        {
            Assert.True(i < 100_000, "No heartbeat was answered."); // in seconds, and the interval is 20 ms
            await session.SendAsync($"{i}");
            Assert.Equal($"{i}", await TextAsync(session));
        }

        Assert.True((await session.CloseAsync().Soon()).WasClean);
    }

    [Fact]
    public async Task A_feed_goes_on_over_connections_that_vanish()
    {
        using HttpClient client = Client(configure: null);
        await using ReconnectingWebSocket feed = client.CreateReconnectingWebSocket(
            At("/vanish"), options => options.MinDelay = TimeSpan.FromMilliseconds(1));
        await feed.StartAsync().Soon();

        Assert.Equal(["1: last words", "2: Lost", "2: last words", "3: Lost", "3: last words"], await TakeAsync().Soon());
        await feed.CloseAsync().Soon();

        async Task<List<string>> TakeAsync()
        {
            List<string> got = [];
            await foreach (FeedItem item in feed.IncomingWithGaps)
            {
                got.Add($"{item.Epoch}: {(item.Frame is Frame.Text text ? text.ReadText() : item.Gap)}");
                if (got.Count == 5)
                    break;
                if (item.Frame is not null)
                    await feed.SendAsync("heard"); // then the server vanishes
            }

            return got;
        }
    }

    [Fact]
    [KtorParity("test-data/WebSocketTest.testMaxFrameSizeNotSupported")]
    public async Task Frame_limits_work_or_are_refused()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/echo");

        if (!Engine.Supports(EngineCapability.FrameLimits))
        {
            AssertRefused(() => session.MaxFrameSize = 10, EngineCapability.FrameLimits, "MaxFrameSize");
            return;
        }

        session.MaxFrameSize = 10;
        await session.SendAsync(new byte[11]);
        await Assert.ThrowsAsync<FrameTooBigException>(() => session.Incoming.ReadAsync().AsTask().Soon());
    }

    [Fact]
    [KtorParity("raw/webSocketRawSession")]
    public async Task A_raw_session_is_opened_or_refused()
    {
        using HttpClient client = Client();
        Task<ClientWebSocketSession> opening = client.WebSocketRawSessionAsync(At("/echo"));

        if (!HasControlFrames)
        {
            await AssertRefusedAsync(() => opening, EngineCapability.ControlFrames, "raw session");
            return;
        }

        await using ClientWebSocketSession session = await opening.Soon();
        await session.SendAsync(new Frame.Ping("p"u8.ToArray()));
        Assert.Equal("p"u8.ToArray(), Assert.IsType<Frame.Pong>(await session.Incoming.ReadAsync().Soon()).ReadBytes());
        await session.SendAsync(new Frame.Close(CloseReason.Normal));
        Assert.IsType<Frame.Close>(await session.Incoming.ReadAsync().Soon());
        Assert.True((await session.Completion.Soon()).WasClean);
    }

    public static TheoryData<string, EngineCapability, Action<WebSocketsOptions>> Settings => new()
    {
        { "PingInterval", EngineCapability.ControlFrames, ws => ws.PingInterval = TimeSpan.FromSeconds(20) },
        { "PingTimeout", EngineCapability.ControlFrames, ws => ws.PingTimeout = TimeSpan.FromSeconds(20) },
        { "MaxFrameSize", EngineCapability.FrameLimits, ws => ws.MaxFrameSize = 64 << 20 },
        { "MaxFragments", EngineCapability.FrameLimits, ws => ws.MaxFragments = 1000 },
    };

    [Theory, MemberData(nameof(Settings), DisableDiscoveryEnumeration = true)]
    [KtorParity("test-data/WebSocketTest.testMaxFrameSizeNotSupported")]
    public void An_option_that_was_set_is_honoured_or_refused_before_connecting(string name, EngineCapability capability, Action<WebSocketsOptions> set)
    {
        if (Engine.Supports(capability))
            Plugin(set).Dispose();
        else
            AssertRefused(() => Plugin(set).Dispose(), capability, $"WebSocketsOptions.{name}");
    }

    public static TheoryData<string, EngineCapability, Action<WebSocketRequest>> Requests => new()
    {
        { "X-Test", EngineCapability.RequestHeaders, request => request.Headers.Add("X-Test", "secret") },
        { "Version", EngineCapability.HttpVersion, request => request.Version = request.Version },
        { "VersionPolicy", EngineCapability.HttpVersion, request => request.VersionPolicy = request.VersionPolicy },
    };

    [Theory, MemberData(nameof(Requests), DisableDiscoveryEnumeration = true)]
    public async Task What_a_request_asks_for_is_honoured_or_refused_before_connecting(string name, EngineCapability capability, Action<WebSocketRequest> set)
    {
        using HttpClient client = Client();
        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(At("/echo"), set);

        if (Engine.Supports(capability))
            await (await opening.Soon()).DisposeAsync().Soon();
        else
            await AssertRefusedAsync(() => opening, capability, name);
    }

    [Fact]
    public async Task A_client_that_disposes_its_plugin_keeps_its_open_sessions()
    {
        HttpClient client = Client();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(At("/echo")).Soon();
        client.Dispose();

        await session.SendAsync("still here");
        Assert.Equal("still here", await TextAsync(session));
    }

    /// <summary>A client with the plugin and this engine.</summary>
    protected HttpClient Client(Action<WebSocketsOptions>? configure = null) => Client(Plugin(configure));

    /// <summary>The URL of a path of the service.</summary>
    protected Uri At(string path) => LocalSocketUri.IsOne(Server) ? new Uri($"{Server.OriginalString}:{path}") : new Uri(Server, path);

    /// <summary>A session of this engine.</summary>
    protected async Task<DefaultClientWebSocketSession> OpenAsync(string path, Action<WebSocketsOptions>? configure = null)
    {
        using HttpClient client = Client(configure); // sessions outlive it
        return await client.WebSocketSessionAsync(At(path)).Soon();
    }

    private HttpClient Client(HttpMessageHandler handler) => HttpVersion is null
        ? new(handler)
        : new(handler) { DefaultRequestVersion = HttpVersion, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

    private WebSocketsHandler Plugin(Action<WebSocketsOptions>? configure = null) => new(LocalSocketUri.IsOne(Server) ? new LocalSocketHandler(LoopbackCertificate.CreateHandler()) : LoopbackCertificate.CreateHandler(), ws =>
    {
        ws.Engine = Engine;
        ws.LoggerFactory = NullLoggerFactory.Instance;
        configure?.Invoke(ws);
    });

    private static Task<Frame> NextAsync(WebSocketSession session) => session.Incoming.ReadAsync().Soon();

    private static async Task<string> TextAsync(WebSocketSession session) => Assert.IsType<Frame.Text>(await NextAsync(session)).ReadText();

    private void AssertRefused(Action act, EngineCapability capability, string setting) => AssertNames(Assert.Throws<NotSupportedException>(act), capability, setting);

    private async Task AssertRefusedAsync(Func<Task> act, EngineCapability capability, string setting) =>
        AssertNames(await Assert.ThrowsAsync<NotSupportedException>(() => act().Soon()), capability, setting);

    private void AssertNames(NotSupportedException error, EngineCapability capability, string setting)
    {
        Assert.Contains($"the engine {Engine.Name}", error.Message, StringComparison.Ordinal);
        Assert.Contains(capability.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Contains(setting, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    private sealed class HeaderHandler : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Add("X-Handler", "h");
            return base.SendAsync(request, cancellationToken);
        }
    }
}
