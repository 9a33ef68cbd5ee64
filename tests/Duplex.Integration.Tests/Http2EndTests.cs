namespace Duplex.Tests;

/// <summary>How a session over HTTP/2 ends: what each frame that ends a stream means, and which we send. Each row is one of docs/topics/how-a-session-ends.md.</summary>
public sealed class Http2EndTests
{
    private const string Hello = "81 05 68656c6c6f";

    private const string TheirClose = "88 04 0fa1 6f6b"; // 4001: ok

    [Fact]
    public async Task Both_closes_and_then_END_STREAM_is_a_clean_end_and_we_reset_nothing()
    {
        await using OverFrames test = await OverFrames.OpenAsync();

        Task<CloseResult> closing = test.Session.CloseAsync(new CloseReason((CloseCode)4000, "bye"));
        await test.Connection.SendAsync(test.Stream, Hello + TheirClose);
        Assert.True((await closing.Soon()).WasClean);
        await test.Connection.SendAsync(test.Stream, "", ends: true);

        Assert.Equal(new CloseResult { Sent = new((CloseCode)4000, "bye"), Received = new((CloseCode)4001, "ok"), Initiator = CloseInitiator.Local, WasClean = true }, await test.Session.Completion.Soon());
        Assert.Equal("hello", await test.Session.ReceiveTextAsync().AsTask().Soon());
        Assert.Null(await test.Session.ReceiveTextAsync().AsTask().Soon());
        Assert.Equal("Close(4000: bye), END_STREAM", await test.ReadUntilReleasedAsync());
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task The_peers_close_with_END_STREAM_at_once_is_a_clean_end(bool inOneFrame)
    {
        await using OverFrames test = await OverFrames.OpenAsync();

        await test.Connection.SendAsync(test.Stream, Hello + TheirClose, ends: inOneFrame);
        if (!inOneFrame)
            await test.Connection.SendAsync(test.Stream, "", ends: true);

        CloseResult end = await test.Session.Completion.Soon();
        Assert.Equal((CloseInitiator.Remote, true, null), (end.Initiator, end.WasClean, end.Error));
        Assert.Equal("hello", await test.Session.ReceiveTextAsync().AsTask().Soon());
        Assert.Equal("Close(4001: ok), END_STREAM", await test.ReadUntilReleasedAsync());
    }

    [Fact]
    public async Task END_STREAM_without_a_close_is_a_lost_connection()
    {
        await using OverFrames test = await OverFrames.OpenAsync();

        await test.Connection.SendAsync(test.Stream, Hello, ends: true);

        CloseResult end = await test.Session.Completion.Soon();
        Assert.Equal((CloseInitiator.None, false), (end.Initiator, end.WasClean));
        Assert.IsType<EndOfStreamException>(end.Error);
        Assert.Equal("hello", await test.Session.ReceiveTextAsync().AsTask().Soon());
        Assert.Same(end.Error, (await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.ReceiveTextAsync().AsTask().Soon())).InnerException);
    }

    // NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, STREAM_CLOSED, CANCEL, ENHANCE_YOUR_CALM, HTTP_1_1_REQUIRED, and one that nobody has defined.
    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(5), InlineData(8), InlineData(11), InlineData(13), InlineData(99)]
    public async Task RST_STREAM_is_a_lost_connection_with_its_code_in_the_error(int code)
    {
        await using OverFrames test = await OverFrames.OpenAsync();
        await test.Connection.SendAsync(test.Stream, Hello);
        Assert.Equal("hello", await test.Session.ReceiveTextAsync().AsTask().Soon());

        await test.Connection.ResetAsync(test.Stream, code);

        await AssertLostAsync(test.Session, code);
        await test.IsUsableAsync();
    }

    [Fact]
    public async Task A_stream_that_is_reset_while_the_queue_is_full_gets_no_frame_more_which_might_end_the_connection()
    {
        await using OverFrames test = await OverFrames.OpenAsync(ws => ws.Channels.Incoming = ChannelConfig.Bounded(1, 1000));
        await test.Connection.SendAsync(test.Stream, Hello);
        await Patience.Until(() => test.Session.Incoming.Count == 1);
        await test.Connection.ResetAsync(test.Stream, 2);
        await test.IsUsableAsync(); // and so the client has read the reset

        test.Time.Advance(ExtendedConnectStream.Unread);
        await test.Session.SendAsync("lost");
        await test.PassToEndAsync();

        CloseResult end = await test.Session.Completion;
        Assert.Equal(2, Assert.IsType<HttpProtocolException>(end.Error).ErrorCode);
        Assert.Equal("", string.Join(", ", (await test.ReadUntilReleasedAsync()).Split(", ").Except(["END_STREAM", "RST_STREAM(8)"])));
    }

    [Fact]
    public async Task RST_STREAM_while_our_close_waits_for_its_answer_is_no_clean_end()
    {
        await using OverFrames test = await OverFrames.OpenAsync();

        Task<CloseResult> closing = test.Session.CloseAsync();
        Assert.Equal(Http2Frame.Data, (await test.Connection.ReadAsync())!.Type);
        await test.Connection.ResetAsync(test.Stream, 8);

        CloseResult end = await closing.Soon();
        Assert.Equal((CloseInitiator.Local, false), (end.Initiator, end.WasClean));
        Assert.Equal(8, Assert.IsType<HttpProtocolException>((await test.Session.Completion.Soon()).Error).ErrorCode);
    }

    // What Kestrel does when the application returns: NO_ERROR.
    [Theory, InlineData(0), InlineData(8)]
    public async Task RST_STREAM_after_both_closes_leaves_the_end_clean(int code)
    {
        await using OverFrames test = await OverFrames.OpenAsync();

        Task<CloseResult> closing = test.Session.CloseAsync();
        Assert.Equal(Http2Frame.Data, (await test.Connection.ReadAsync())!.Type);
        await test.Connection.SendAsync(test.Stream, TheirClose);
        await closing.Soon();
        await test.Connection.ResetAsync(test.Stream, code);

        CloseResult end = await test.Session.Completion.Soon();
        Assert.Equal((CloseInitiator.Local, true, null), (end.Initiator, end.WasClean, end.Error));
        await test.IsUsableAsync();
    }

    [Fact]
    public async Task GOAWAY_that_covers_the_session_lets_it_go_on_and_the_next_one_gets_another_connection()
    {
        await using OverFrames test = await OverFrames.OpenAsync();

        await test.Connection.GoAwayAsync(test.Stream, code: 0);
        await test.Connection.SendAsync(test.Stream, Hello);
        Assert.Equal("hello", await test.Session.ReceiveTextAsync().AsTask().Soon());
        Task<DefaultClientWebSocketSession> opening = test.Client.WebSocketSessionAsync(test.Server.Uri);
        using FrameConnection another = await test.Server.AcceptAsync();
        await another.OpenAsync();
        (await opening.Soon()).Abort();

        await test.Session.SendAsync("still here");
        await test.Connection.SendAsync(test.Stream, TheirClose, ends: true);
        CloseResult end = await test.Session.Completion.Soon();
        Assert.Equal((CloseInitiator.Remote, true), (end.Initiator, end.WasClean));

        // The client ends the connection with its last stream, and may not say END_STREAM before.
        Assert.Equal(["still here", "Close(4001: ok)", "the end"], (await test.Connection.ReadToEndAsync(test.Stream)).Split(", ").Where(frame => frame != "END_STREAM"));
    }

    [Theory, InlineData(0), InlineData(11)]
    public async Task GOAWAY_that_excludes_the_session_is_a_lost_connection_with_its_code(int code)
    {
        await using OverFrames test = await OverFrames.OpenAsync();

        await test.Connection.GoAwayAsync(lastStream: 0, code);

        await AssertLostAsync(test.Session, code);
    }

    [Fact]
    public async Task The_end_of_the_connection_loses_all_of_its_sessions()
    {
        await using OverFrames test = await OverFrames.OpenAsync();
        Task<DefaultClientWebSocketSession> opening = test.Client.WebSocketSessionAsync(test.Server.Uri);
        await test.Connection.OpenAsync();
        await using DefaultClientWebSocketSession another = await opening.Soon();

        test.Connection.Dispose();

        foreach (DefaultClientWebSocketSession session in (DefaultClientWebSocketSession[])[test.Session, another])
        {
            CloseResult end = await session.Completion.Soon();
            Assert.Equal((CloseInitiator.None, false), (end.Initiator, end.WasClean));
            Assert.IsAssignableFrom<IOException>(end.Error);
        }
    }

    [Fact]
    public async Task Abort_resets_the_stream_with_CANCEL_and_leaves_the_connection_to_others()
    {
        await using OverFrames test = await OverFrames.OpenAsync();

        test.Session.Abort();

        Assert.Equal("END_STREAM, RST_STREAM(8)", await test.Connection.ReadToEndAsync(test.Stream));
        await test.IsUsableAsync();
    }

    [Fact]
    public async Task A_ping_timeout_resets_the_stream_with_CANCEL()
    {
        await using OverFrames test = await OverFrames.OpenAsync(ws =>
        {
            ws.PingInterval = TimeSpan.FromHours(1);
            ws.PingTimeout = TimeSpan.FromSeconds(7);
        });

        await test.Time.Pass(TimeSpan.FromHours(1));
        Http2Frame? ping = await test.Connection.ReadAsync();
        await test.Time.Pass(TimeSpan.FromSeconds(7));

        Assert.IsType<TimeoutException>((await test.Session.Completion.Soon()).Error);
        Assert.Equal("Ping(0000000000000001), END_STREAM, RST_STREAM(8)", await test.Connection.ReadToEndAsync(test.Stream, ping));
        await test.IsUsableAsync();
    }

    [Theory]
    [InlineData("no answer", "Close(1000 NormalClosure), END_STREAM, RST_STREAM(8)")]
    [InlineData("no END_STREAM", "Close(1000 NormalClosure), END_STREAM, RST_STREAM(8)")]
    [InlineData("violation", "Close(1002 ProtocolError), END_STREAM, RST_STREAM(8)")]
    public async Task A_peer_that_does_not_end_its_stream_has_it_reset_after_the_close_timeout_or_the_tail(string peer, string expected)
    {
        await using OverFrames test = await OverFrames.OpenAsync();

        Task<CloseResult>? closing = peer == "violation" ? null : test.Session.CloseAsync();
        if (peer != "no answer")
        {
            await test.Connection.SendAsync(test.Stream, peer == "violation" ? "83 00" : TheirClose);
            await (closing ?? Patience.Until(() => test.Session.State == WebSocketSessionState.Closing)).Soon();
        }

        // Or the time would outrun our Close.
        Http2Frame? close = await test.Connection.ReadAsync();
        await Patience.Until(() => test.Session.BufferedBytes == 0);
        await test.PassToEndAsync();

        Assert.Equal(peer == "no END_STREAM", (await test.Session.Completion).WasClean);
        Assert.Equal(expected, await test.Connection.ReadToEndAsync(test.Stream, close));
        await test.IsUsableAsync();
    }

    private static async Task AssertLostAsync(DefaultClientWebSocketSession session, int code)
    {
        CloseResult end = await session.Completion.Soon();
        Assert.Equal((CloseInitiator.None, false), (end.Initiator, end.WasClean));
        Assert.Equal(code, Assert.IsType<HttpProtocolException>(end.Error).ErrorCode);
        var lost = await Assert.ThrowsAsync<WebSocketClosedException>(() => session.ReceiveTextAsync().AsTask().Soon());
        Assert.Same(end.Error, lost.InnerException);
        Assert.Same(end.Error, (await Assert.ThrowsAsync<WebSocketClosedException>(() => session.SendAsync("late").Soon())).InnerException);
    }

    /// <summary>A session over HTTP/2 whose server's frames the test writes.</summary>
    private sealed class OverFrames : IAsyncDisposable
    {
        private OverFrames(Action<WebSocketsOptions>? configure) => Client = new HttpClient(new WebSocketsHandler(ws =>
        {
            ws.TimeProvider = Time;
            ws.PingInterval = Timeout.InfiniteTimeSpan;
            configure?.Invoke(ws);
        })).For(Transport.H2c);

        public FrameServer Server { get; } = new();

        public TestClock Time { get; } = new();

        public HttpClient Client { get; }

        public FrameConnection Connection { get; private set; } = null!;

        public int Stream { get; private set; }

        public DefaultClientWebSocketSession Session { get; private set; } = null!;

        public static async Task<OverFrames> OpenAsync(Action<WebSocketsOptions>? configure = null)
        {
            var test = new OverFrames(configure);
            Task<DefaultClientWebSocketSession> opening = test.Client.WebSocketSessionAsync(test.Server.Uri);
            test.Connection = await test.Server.AcceptAsync();
            test.Stream = await test.Connection.OpenAsync();
            test.Session = await opening.Soon();
            return test;
        }

        /// <summary>Lets time pass until the session has ended.</summary>
        public Task PassToEndAsync() => Patience.Until(() =>
        {
            Time.Advance(TimeSpan.FromMilliseconds(50));
            return Session.Completion.IsCompleted;
        });

        /// <summary>Everything that we send on the stream, once the session has released it.</summary>
        public async Task<string> ReadUntilReleasedAsync()
        {
            await Connection.PingAsync(); // its answer comes after all that was sent before
            return await Connection.ReadToEndAsync(Stream);
        }

        /// <summary>Checks that another session can be opened on the same connection.</summary>
        public async Task IsUsableAsync()
        {
            Task<DefaultClientWebSocketSession> opening = Client.WebSocketSessionAsync(Server.Uri);
            Http2Frame? frame;
            do // what is left of the stream that has ended
                frame = await Connection.ReadAsync();
            while (frame is not (null or { Type: Http2Frame.Headers }));
            Assert.NotNull(frame);
            await Connection.AnswerAsync(frame.Stream);
            (await opening.Soon()).Abort();
        }

        public async ValueTask DisposeAsync()
        {
            Session.Abort();
            await Session.DisposeAsync().Soon();
            Client.Dispose();
            Connection.Dispose();
            Server.Dispose();
        }
    }
}
