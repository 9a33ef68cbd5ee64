namespace Duplex.Tests;

public sealed class WebSocketSessionsTests
{
    [Fact]
    public async Task A_session_may_receive_streams_without_limits_that_nobody_set()
    {
        using var peer = new ScriptedPeer();
        await using DefaultWebSocketSession session = WebSocketSessions.Create(peer, WebSocketRole.Client, receiveMode: ReceiveMode.Streams);

        peer.SendHex("81 02 68 69");

        using var reader = new StreamReader((await session.ReceiveStreamAsync().Soon())!);
        Assert.Equal("hi", await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal(long.MaxValue, session.MaxFrameSize);
        session.Abort();
        Assert.Throws<ArgumentOutOfRangeException>(() => WebSocketSessions.Create(peer, WebSocketRole.Client, receiveMode: (ReceiveMode)7));
    }

    [Theory]
    [InlineData(WebSocketRole.Client)]
    [InlineData(WebSocketRole.Server)]
    [KtorParity("default-session/start", "default-session/DefaultWebSocketSession-session-pingInterval")]
    [KtorParity("default-session/DefaultWebSocketSession-channelsConfig", "extensions/serverNegotiation")]
    public async Task A_session_has_the_role_and_the_options_that_it_is_given(WebSocketRole role)
    {
        using var peer = new ScriptedPeer(Other(role));
        var pool = new CountingPool();
        await using DefaultWebSocketSession session = WebSocketSessions.Create(peer, role, ws =>
        {
            ws.PingInterval = TimeSpan.FromSeconds(7);
            ws.MaxFrameSize = 5;
            ws.BufferPool = pool;
            ws.TimeProvider = new TestClock();
        });

        Assert.Equal((role == WebSocketRole.Client, TimeSpan.FromSeconds(7), 5), (session.Masking, session.PingInterval, session.MaxFrameSize));
        await session.SendAsync("abc");
        Assert.Equal("abc"u8.ToArray(), (await peer.ReceiveAsync()).ReadBytes());
        Assert.Equal(role == WebSocketRole.Client, (peer.Received[1] & 0x80) != 0);
        peer.SendFrame(Opcode.Ping, "p"u8);
        Assert.IsType<Frame.Pong>(await peer.ReceiveAsync());
        peer.SendFrame(Opcode.Text, "sixsix"u8);
        await Assert.ThrowsAsync<FrameTooBigException>(() => session.Incoming.ReadAsync().Soon());
        peer.SendEof();
        await session.Completion.Soon();
        Assert.Equal(0, pool.Rented);
        await peer.Released.Soon();
    }

    [Fact]
    public async Task Interceptors_work_and_what_needs_a_handshake_is_refused()
    {
        using var peer = new ScriptedPeer(WebSocketRole.Client);
        var interceptor = new ToyExtension(ToyExtension.Around('x'), ToyExtension.Around('y'));
        DefaultWebSocketSession session = WebSocketSessions.Create(peer, WebSocketRole.Server, ws => ws.Extensions.Install(new ToyFactory("toy", () => interceptor)));

        await session.SendAsync("a");
        Assert.Equal("xax"u8.ToArray(), (await peer.ReceiveAsync()).ReadBytes());
        peer.SendFrame(Opcode.Text, "b"u8);
        Assert.Equal("yby", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync().Soon()).ReadText());
        session.Abort();
        await session.Completion.Soon();
        Assert.Equal(1, interceptor.Disposals);

        using var unused = new ScriptedPeer();
        var error = Assert.Throws<ArgumentException>(() => WebSocketSessions.Create(unused, WebSocketRole.Client, ws => ws.Extensions.Install(new CounterFactory())));
        Assert.Contains("x-counter", error.Message, StringComparison.Ordinal);
        RawWebSocketSession raw = WebSocketSessions.CreateRaw(unused, WebSocketRole.Client, ws => ws.Extensions.Install(new CounterFactory()));
        Assert.Empty(raw.Extensions);
        raw.Abort();
        await raw.Completion.Soon();
    }

    [Theory]
    [InlineData(WebSocketRole.Client)]
    [InlineData(WebSocketRole.Server)]
    [KtorParity("parts/RawWebSocket-input-output")]
    public async Task A_raw_session_gives_every_frame(WebSocketRole role)
    {
        using var peer = new ScriptedPeer(Other(role));
        await using RawWebSocketSession session = WebSocketSessions.CreateRaw(peer, role);

        peer.SendFrame(Opcode.Ping, "p"u8);
        peer.SendFrame(Opcode.Text, "a"u8, fin: false);

        Assert.IsType<Frame.Ping>(await session.Incoming.ReadAsync().Soon());
        Assert.False((await session.Incoming.ReadAsync().Soon()).Fin);
        session.Abort();
    }

    [Fact]
    public async Task Each_session_has_an_id_which_its_log_tells()
    {
        using var logger = new ListLogger();
        using ScriptedPeer one = new(), other = new();
        await using DefaultWebSocketSession session = WebSocketSessions.Create(one, WebSocketRole.Client, ws => ws.LoggerFactory = logger);
        await using RawWebSocketSession raw = WebSocketSessions.CreateRaw(other, WebSocketRole.Client, ws => ws.LoggerFactory = logger);

        session.Abort();
        raw.Abort();
        await session.Completion.Soon();
        await raw.Completion.Soon();

        Assert.NotEqual(session.Id, raw.Id);
        foreach (WebSocketSession each in (WebSocketSession[])[session, raw])
            Assert.Equal([11, 20], logger.Entries.Where(entry => entry.Text.Contains($"session {each.Id} with a stream", StringComparison.Ordinal)).Select(entry => entry.Id));
    }

    [Fact]
    [KtorParity("default-session/DefaultWebSocketSession-session-pingInterval")]
    public void What_cannot_be_a_connection_is_refused()
    {
        using var peer = new ScriptedPeer();
        Assert.Throws<ArgumentNullException>(() => WebSocketSessions.Create(null!, WebSocketRole.Client));
        Assert.Throws<ArgumentException>(() => WebSocketSessions.Create(new MemoryStream([], writable: false), WebSocketRole.Client));
        Assert.Throws<ArgumentException>(() => WebSocketSessions.CreateRaw(new MemoryStream([], writable: false), WebSocketRole.Client));
        Assert.Throws<ArgumentOutOfRangeException>(() => WebSocketSessions.Create(peer, (WebSocketRole)9));
        Assert.Throws<ArgumentException>(() => WebSocketSessions.Create(peer, WebSocketRole.Client, ws => ws.Engine = WebSocketEngines.FromStream((_, _) => default)));
        Assert.False(peer.Released.IsCompleted);
    }

    private static WebSocketRole Other(WebSocketRole role) => role == WebSocketRole.Client ? WebSocketRole.Server : WebSocketRole.Client;
}
