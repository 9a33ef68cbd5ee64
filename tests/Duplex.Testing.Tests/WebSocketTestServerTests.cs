using System.Net;

namespace Duplex.Tests;

public sealed class WebSocketTestServerTests
{
    [Fact]
    public async Task An_echo_server_is_one_line_and_an_ordinary_client_reaches_it()
    {
        await using var server = new WebSocketTestServer();
        server.OnConnect(async (session, token) =>
        {
            await foreach (Frame frame in session.Incoming.ReadAllAsync(token))
                await session.SendAsync(frame, token);
        });
        using var client = new HttpClient(new WebSocketsHandler(server.Handler));

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("wss://any.test/feed?x=1");
        await session.SendAsync("hello");

        Assert.Equal("hello", await session.ReceiveTextAsync());
        CloseResult end = await session.CloseAsync(CloseCode.NormalClosure, "done");
        Assert.True(end.WasClean);
        TestConnection connection = Assert.Single(server.Connections);
        CloseResult? seen = await connection.Completion;
        Assert.Equal("done", seen!.Received!.Message);
        Assert.False(connection.IsOpen);
        Assert.Equal("/feed?x=1", connection.Request.Uri.PathAndQuery);
        await server.VerifyAsync();
    }

    [Fact]
    public async Task Connections_follow_their_scripts_in_order()
    {
        await using var server = new WebSocketTestServer();
        server.NextConnection().Refuse(HttpStatusCode.ServiceUnavailable, "not yet", headers => headers.Add("Retry-After", "7"));
        server.NextConnection().Expect("subscribe").Send("tick").Wait(TimeSpan.FromSeconds(5)).Close(CloseCode.ServiceRestart, "deploy");
        server.OtherConnections().Send("other");
        using HttpClient client = server.CreateClient();

        var refused = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync("feed"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "not yet"), (refused.StatusCode, refused.BodyPreview));
        Assert.Equal("7", refused.Headers!.GetValues("Retry-After").Single());

        await using (DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed"))
        {
            await session.SendAsync("subscribe");
            Assert.Equal("tick", await session.ReceiveTextAsync());
            Task<string?> end = session.ReceiveTextAsync().AsTask();
            await server.Time.AdvanceAsync(TimeSpan.FromSeconds(4));
            Assert.False(end.IsCompleted);
            await server.Time.AdvanceAsync(TimeSpan.FromSeconds(1));
            Assert.Null(await end);
            Assert.Equal(new CloseReason(CloseCode.ServiceRestart, "deploy"), (await session.Completion).Received);
        }

        for (int i = 0; i < 2; i++)
        {
            await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");
            Assert.Equal("other", await session.ReceiveTextAsync());
        }

        Assert.Equal(4, server.ConnectionCount);
        Assert.Equal([HttpStatusCode.ServiceUnavailable, HttpStatusCode.SwitchingProtocols, HttpStatusCode.SwitchingProtocols, HttpStatusCode.SwitchingProtocols],
            server.Connections.Select(connection => connection.Status!.Value));
        await server.VerifyAsync();
    }

    [Fact]
    public async Task What_a_client_sends_is_recorded_and_can_be_awaited_before_and_after()
    {
        await using var server = new WebSocketTestServer();
        using HttpClient client = server.CreateClient();
        Task<TestMessage> early = server.Received("second");
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");

        await session.SendAsync("first");
        await session.SendAsync("second");
        await session.SendAsync(new byte[] { 1, 2, 3 });
        await session.SendAsync(new Frame.Ping());

        Assert.Equal("second", (await early).Text);
        Assert.Equal(FrameType.Text, (await server.Received("first")).Type);
        TestMessage bytes = await server.Received(message => message.Data.Length == 3);
        Assert.Equal((FrameType.Binary, server.Time.GetUtcNow()), (bytes.Type, bytes.At));
        await server.Time.SettleAsync();
        TestConnection connection = await server.Connected();
        Assert.Equal(["\"first\"", "\"second\"", "Binary of 3 bytes"], connection.Messages.Select(message => message.ToString()));
        Assert.Equal(FrameType.Ping, Assert.Single(connection.ControlFrames).Type);
    }

    [Fact]
    public async Task A_message_that_does_not_come_is_told_with_those_that_did()
    {
        await using var server = new WebSocketTestServer { ReceiveTimeout = TimeSpan.FromMilliseconds(50) };
        using HttpClient client = server.CreateClient();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");
        await session.SendAsync("unsubscribe");
        await server.Time.SettleAsync();

        var error = await Assert.ThrowsAsync<WebSocketTestException>(() => server.Received("subscribe"));
        Assert.Contains("\"subscribe\"", error.Message, StringComparison.Ordinal);
        Assert.Contains("Received: \"unsubscribe\"", error.Message, StringComparison.Ordinal);

        error = await Assert.ThrowsAsync<WebSocketTestException>(() => server.Received(message => message.Text.Length == 77));
        Assert.Contains("message.Text.Length == 77", error.Message, StringComparison.Ordinal);

        error = await Assert.ThrowsAsync<WebSocketTestException>(() => server.Connected(2));
        Assert.Contains("Connection 2 did not come; there were 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_delayed_and_a_stalled_handshake_take_virtual_time()
    {
        await using var server = new WebSocketTestServer();
        server.NextConnection().DelayHandshake(TimeSpan.FromSeconds(10));
        server.NextConnection().StallHandshake();
        using HttpClient client = server.CreateClient();

        await using DefaultClientWebSocketSession session = await server.Time.AdvanceUntilAsync(
            client.WebSocketSessionAsync("feed"), TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.FromSeconds(10), server.Time.GetUtcNow() - server.Connections[0].StartedAt);

        Task<DefaultClientWebSocketSession> stalled = client.WebSocketSessionAsync("feed");
        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => server.Time.AdvanceUntilAsync(stalled, TimeSpan.FromMinutes(1)));
        Assert.Equal(HandshakeCheck.Timeout, error.Check);
        Assert.Equal(TimeSpan.FromSeconds(15), server.Time.GetUtcNow() - server.Connections[1].StartedAt);
        Assert.Null(await server.Connections[1].Completion);
        Assert.Null(server.Connections[1].Status);
    }

    [Fact]
    public async Task A_wrong_accept_and_a_dropped_handshake_are_noticed()
    {
        await using var server = new WebSocketTestServer();
        server.NextConnection().AcceptWrongly();
        server.NextConnection().DropHandshake();
        server.NextConnection().DropHandshake(() => new HttpRequestException(HttpRequestError.NameResolutionError, "no such host"));
        using HttpClient client = server.CreateClient();

        var wrong = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync("feed"));
        Assert.Equal(HandshakeCheck.Accept, wrong.Check);
        var dropped = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync("feed"));
        Assert.Equal(HandshakeCheck.Transport, dropped.Check);
        var unknown = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync("feed"));
        Assert.Equal(HttpRequestError.NameResolutionError, Assert.IsType<HttpRequestException>(unknown.InnerException).HttpRequestError);
        Assert.All(server.Connections, connection => Assert.False(connection.IsOpen));
        Assert.All(server.Connections, connection => Assert.True(connection.Completion.IsCompletedSuccessfully));
    }

    [Theory, InlineData(ConnectionLoss.Reset), InlineData(ConnectionLoss.EndOfStream)]
    public async Task A_connection_vanishes_after_what_was_sent(ConnectionLoss how)
    {
        await using var server = new WebSocketTestServer();
        server.NextConnection().Send("last words").Vanish(how);
        using HttpClient client = server.CreateClient();

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");

        Assert.Equal("last words", await session.ReceiveTextAsync());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => session.ReceiveTextAsync().AsTask());
        CloseResult end = await session.Completion;
        Assert.False(end.WasClean);
        Assert.Equal(how == ConnectionLoss.Reset, end.Error?.GetBaseException() is System.Net.Sockets.SocketException);
        await server.VerifyAsync();
    }

    [Fact]
    public async Task A_silent_connection_is_found_by_the_clients_pings()
    {
        await using var server = new WebSocketTestServer();
        using HttpClient client = server.CreateClient();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");
        await server.Time.AdvanceAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(WebSocketSessionState.Open, session.State);

        server.Connections[0].Vanish(ConnectionLoss.Silence);
        await server.Time.AdvanceAsync(TimeSpan.FromSeconds(19));
        Assert.Equal(WebSocketSessionState.Open, session.State);
        CloseResult end = await server.Time.AdvanceUntilAsync(session.Completion, TimeSpan.FromSeconds(21));

        Assert.IsType<TimeoutException>(end.Error?.GetBaseException());
    }

    [Fact]
    public async Task The_platforms_client_reaches_it_too()
    {
        await using var server = new WebSocketTestServer();
        server.NextConnection().Expect("subscribe").Send("tick");
        using var socket = new System.Net.WebSockets.ClientWebSocket();
        using var invoker = new HttpMessageInvoker(server.Handler);
        await socket.ConnectAsync(new Uri("ws://any.test/feed"), invoker, default);

        await socket.SendAsync("subscribe"u8.ToArray(), System.Net.WebSockets.WebSocketMessageType.Text, true, default);
        byte[] buffer = new byte[10];
        System.Net.WebSockets.WebSocketReceiveResult result = await socket.ReceiveAsync(buffer, default).Soon();

        Assert.Equal("tick"u8.ToArray(), buffer[..result.Count]);
        await server.VerifyAsync();
    }

    [Fact]
    public async Task Subprotocols_are_chosen()
    {
        await using var server = new WebSocketTestServer { Subprotocols = { "v3", "v2" } };
        server.NextConnection();
        server.NextConnection().Accept("v1", headers => headers.Add("X-Node", "7"));
        using HttpClient client = server.CreateClient(ws =>
        {
            ws.Subprotocols.Add("v1");
            ws.Subprotocols.Add("v2");
        });

        await using DefaultClientWebSocketSession first = await client.WebSocketSessionAsync("feed");
        await using DefaultClientWebSocketSession second = await client.WebSocketSessionAsync("feed");

        Assert.Equal(("v2", "v1"), (first.Subprotocol, second.Subprotocol));
        Assert.Equal(["v1", "v2"], server.Connections[0].Request.Subprotocols);
        Assert.Equal("v1", server.Connections[1].Subprotocol);
        Assert.Equal("7", second.Response!.Headers.GetValues("X-Node").Single());
    }

    [Fact]
    public async Task A_session_opens_over_http2()
    {
        await using var server = new WebSocketTestServer { Subprotocols = { "v2" } };
        server.OnConnect((session, token) => session.SendAsync("over 2", token).AsTask());
        using HttpClient client = server.CreateClient();

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("wss://any.test/feed", request =>
        {
            request.Version = HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
            request.Subprotocols.Add("v2");
        });

        Assert.Equal("over 2", await session.ReceiveTextAsync());
        Assert.Null(await session.ReceiveTextAsync());
        Assert.Equal((HttpStatusCode.OK, "v2"), (server.Connections[0].Status!.Value, session.Subprotocol));
        Assert.Equal(HttpMethod.Connect, server.Connections[0].Request.Method);
    }

    [Fact]
    public async Task Other_requests_get_404_or_what_the_test_says()
    {
        await using var server = new WebSocketTestServer();
        using HttpClient client = server.CreateClient();

        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri("token", UriKind.Relative))).StatusCode);
        server.OnRequest((request, _) => Task.FromResult(new HttpResponseMessage { Content = new StringContent(request.RequestUri!.AbsolutePath) }));
        Assert.Equal("/token", await client.GetStringAsync(new Uri("token", UriKind.Relative)));
        Assert.Empty(server.Connections);
    }

    [Fact]
    public async Task A_raw_server_sees_every_frame_and_answers_none()
    {
        await using var server = new WebSocketTestServer();
        var seen = new List<FrameType>();
        server.OnConnectRaw(async (session, token) =>
        {
            await foreach (Frame frame in session.Incoming.ReadAllAsync(token))
                seen.Add(frame.Type);
        });
        using HttpClient client = server.CreateClient();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");
        Task<TimeSpan> ping = session.PingAsync();

        await Assert.ThrowsAsync<TimeoutException>(() => server.Time.AdvanceUntilAsync(ping, TimeSpan.FromSeconds(15)));
        Assert.Equal(FrameType.Ping, seen[0]);
    }

    [Fact]
    public async Task Streams_can_be_put_around_both_ends()
    {
        var wrapped = new List<string>();
        await using var server = new WebSocketTestServer
        {
            WrapClientStream = stream => { wrapped.Add("client"); return stream; },
            WrapServerStream = stream => { wrapped.Add("server"); return stream; },
        };
        server.NextConnection().WrapClientStream(s => { wrapped.Add("own client"); return s; })
            .WrapServerStream(s => { wrapped.Add("own server"); return s; }).Send("x");
        using HttpClient client = server.CreateClient();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");

        Assert.Equal("x", await session.ReceiveTextAsync());
        Assert.Equal(["client", "own client", "server", "own server"], wrapped);
    }

    [Fact]
    public async Task A_wrong_message_fails_the_verification_and_a_wait_and_the_disposal()
    {
        var server = new WebSocketTestServer();
        server.NextConnection().Expect("a").Expect("b").Send("c");
        using HttpClient client = server.CreateClient();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");
        await session.SendAsync("a");
        await session.SendAsync("x");

        var error = await Assert.ThrowsAsync<WebSocketTestException>(() => server.Received("never"));
        Assert.Contains("Connection 1, step 2 of 3, Expect \"b\": received \"x\" instead", error.Message, StringComparison.Ordinal);
        Assert.Contains("Messages of the client: \"a\", \"x\"", error.Message, StringComparison.Ordinal);
        Assert.Equal(CloseCode.InternalError, (await session.Completion).Received!.Code);
        error = await Assert.ThrowsAsync<WebSocketTestException>(() => server.DisposeAsync().AsTask());
        Assert.Contains("step 2 of 3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Code_that_throws_fails_the_verification()
    {
        await using var server = new WebSocketTestServer();
        server.OnConnect((_, _) => throw new NotSupportedException("a fault of the test's"));
        using HttpClient client = server.CreateClient();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");

        var error = await Assert.ThrowsAsync<WebSocketTestException>(() => server.VerifyAsync());

        Assert.Contains("NotSupportedException: a fault of the test's", error.Message, StringComparison.Ordinal);
        Assert.IsType<NotSupportedException>(error.GetBaseException());
    }

    [Fact]
    public async Task Missing_steps_and_connections_fail_the_verification_but_not_the_disposal()
    {
        await using var server = new WebSocketTestServer();
        server.NextConnection().Expect("a").Expect("b");
        server.NextConnection().Send("c");
        using HttpClient client = server.CreateClient();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");
        await session.SendAsync("a");

        var error = await Assert.ThrowsAsync<WebSocketTestException>(() => server.VerifyAsync());

        Assert.Contains("Connection 1, step 2 of 2, Expect \"b\": not done, the connection is open; Connection 2: did not come", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_with_another_clock_is_refused_when_time_passes()
    {
        await using var server = new WebSocketTestServer();
        using var client = new HttpClient(new WebSocketsHandler(server.Handler));
        await server.Time.AdvanceAsync(TimeSpan.FromSeconds(1));
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("ws://any.test/feed");

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => server.Time.AdvanceAsync(TimeSpan.FromSeconds(1)));
        Assert.Contains("server.Time", error.Message, StringComparison.Ordinal);
        server.AllowsOtherClocks = true;
        await server.Time.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Throws<ArgumentException>(() => server.CreateClient(ws => ws.TimeProvider = TimeProvider.System));
    }

    [Fact]
    public async Task A_client_with_the_servers_clock_is_recognized_without_any_timeout()
    {
        await using var server = new WebSocketTestServer();
        using var client = new HttpClient(new WebSocketsHandler(server.Handler, ws =>
        {
            ws.TimeProvider = server.Time;
            ws.HandshakeTimeout = ws.PingInterval = Timeout.InfiniteTimeSpan;
        }));
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("ws://any.test/feed");

        await server.Time.AdvanceAsync(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Nothing_is_left_of_many_connections()
    {
        await using var server = new WebSocketTestServer { History = 3 };
        server.OnConnect(async (session, token) => await session.SendAsync("hi", token));
        using HttpClient client = server.CreateClient();
        for (int i = 0; i < 200; i++)
        {
            await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");
            Assert.Equal("hi", await session.ReceiveTextAsync());
            Assert.Null(await session.ReceiveTextAsync());
        }

        await server.Time.SettleAsync();
        Assert.Equal((200, 3, 0), (server.ConnectionCount, server.Connections.Count, server.Time.LiveTimers));
    }

    [Fact]
    public async Task Disposal_ends_connections_handshakes_and_code()
    {
        var server = new WebSocketTestServer();
        server.NextConnection().Run((_, token) => Task.Delay(Timeout.InfiniteTimeSpan, server.Time, token));
        server.NextConnection().StallHandshake();
        using HttpClient client = server.CreateClient();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");
        Task<DefaultClientWebSocketSession> stalled = client.WebSocketSessionAsync("feed");
        await server.Connected(2);

        await server.DisposeAsync();

        Assert.False((await session.Completion).WasClean);
        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => stalled);
    }
}
