using System.Net;

namespace Duplex.Tests;

public sealed class DecoratedEngineTests
{
    [Fact]
    public async Task Frames_pass_through_the_users_stream_in_both_directions()
    {
        var peer = new ScriptedPeer();
        Seen? seen = null;
        using HttpClient client = Client(WebSocketEngines.Decorate(Streams(peer), stream => seen = new Seen(stream)));

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("ws://host.test/").Soon();
        await session.SendAsync("abc");
        peer.SendFrame(Opcode.Text, "answer"u8);

        Assert.Equal("abc"u8.ToArray(), (await peer.ReceiveAsync()).ReadBytes());
        Assert.Equal("answer", await session.ReceiveTextAsync().Soon());
        Assert.True(seen!.Written > 0);
        Assert.True(seen.WasRead > 0);
        Assert.Empty(peer.Misuse);
        session.Abort();
    }

    [Fact]
    public async Task The_function_receives_the_handshake_without_secrets()
    {
        WebSocketCall? call = null;
        var primary = new FakePrimaryHandler();
        using var client = new HttpClient(new WebSocketsHandler(primary, ws => ws.Engine = WebSocketEngines.Decorate(WebSocketEngines.Http, (stream, its) =>
        {
            call = its;
            return stream;
        })));

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("ws://host.test/feed?token=1").Soon();

        Assert.Equal(new Uri("ws://host.test/feed"), call!.Request.Uri);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, call.Response!.StatusCode);
        Assert.Same(call, session.Call);
        session.Abort();
    }

    [Fact]
    public async Task Each_connection_is_decorated_once()
    {
        int count = 0;
        using HttpClient client = Client(WebSocketEngines.Decorate(
            WebSocketEngines.FromStream((_, _) => new ValueTask<Stream>(new ScriptedPeer())),
            stream =>
            {
                count++;
                return stream;
            }));

        for (int i = 1; i <= 3; i++)
        {
            await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("ws://host.test/").Soon();
            Assert.Equal(i, count);
            session.Abort();
        }
    }

    [Fact]
    public async Task A_platforms_socket_can_be_decorated_and_stays_unmasked()
    {
        var socket = new FakeSocket();
        Seen? seen = null;
        using HttpClient client = Client(WebSocketEngines.Decorate(WebSocketEngines.From((_, _) => new(socket)), stream => seen = new Seen(stream)));

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("ws://host.test/").Soon();
        await session.SendAsync("abc");
        await session.FlushAsync().Soon();

        Assert.Equal(["Text 616263"], socket.Calls);
        Assert.Equal("abc".Length + 2, seen!.Written);
        session.Abort();
    }

    [Fact]
    public void Name_and_capabilities_are_those_of_the_inner_engine()
    {
        WebSocketEngine inner = WebSocketEngines.From((_, _) => throw new NotSupportedException(), EngineCapability.RequestHeaders);
        WebSocketEngine engine = WebSocketEngines.Decorate(inner, stream => stream);

        Assert.Equal(inner.Name, engine.Name);
        Assert.All(Enum.GetValues<EngineCapability>(), capability => Assert.Equal(inner.Supports(capability), engine.Supports(capability)));
        Assert.Equal(inner.Below, engine.Below);
    }

    [Fact]
    public async Task A_refusal_passes_undecorated()
    {
        bool isCalled = false;
        var primary = new FakePrimaryHandler(_ => new HttpResponseMessage(HttpStatusCode.Forbidden));
        using var client = new HttpClient(new WebSocketsHandler(primary, ws => ws.Engine = WebSocketEngines.Decorate(WebSocketEngines.Http, stream =>
        {
            isCalled = true;
            return stream;
        })));

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync("ws://host.test/").Soon());

        Assert.Equal(HttpStatusCode.Forbidden, error.StatusCode);
        Assert.False(isCalled);
    }

    [Fact]
    public async Task A_function_that_throws_fails_the_handshake_and_the_connection_is_released()
    {
        var peer = new ScriptedPeer();
        using HttpClient client = Client(WebSocketEngines.Decorate(Streams(peer), stream => throw new FormatException("mine")));

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync("ws://host.test/").Soon());

        Assert.IsType<FormatException>(error.InnerException);
        Assert.Contains("decorates", error.Message, StringComparison.Ordinal);
        await peer.Released.Soon();
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_function_that_returns_no_duplex_stream_fails_the_handshake_and_all_is_released(bool givesNull)
    {
        var peer = new ScriptedPeer();
        var oneWay = new MemoryStream([], writable: false);
        using HttpClient client = Client(WebSocketEngines.Decorate(Streams(peer), stream => givesNull ? null! : oneWay));

        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync("ws://host.test/").Soon());

        await peer.Released.Soon();
        Assert.Equal(givesNull, oneWay.CanRead);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Releasing_disposes_the_users_stream_first_and_then_the_connection_in_any_case(bool fails)
    {
        var peer = new ScriptedPeer();
        Seen? seen = null;
        using HttpClient client = Client(WebSocketEngines.Decorate(Streams(peer), stream => seen = new Seen(stream) { Peer = peer, KeepsInner = true, FailsToDispose = fails }));

        DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("ws://host.test/").Soon();
        session.Abort();

        await peer.Released.Soon();
        Assert.Equal(1, seen!.Disposals);
        Assert.False(seen.WasReleasedBefore);
    }

    [Fact]
    public void There_must_be_an_engine_and_a_function()
    {
        Assert.Throws<ArgumentNullException>(() => WebSocketEngines.Decorate(null!, stream => stream));
        Assert.Throws<ArgumentNullException>(() => WebSocketEngines.Decorate(WebSocketEngines.Http, (Func<Stream, Stream>)null!));
        Assert.Throws<ArgumentNullException>(() => WebSocketEngines.Decorate(WebSocketEngines.Http, (Func<Stream, WebSocketCall, Stream>)null!));
    }

    private static WebSocketEngine Streams(Stream stream) => WebSocketEngines.FromStream((_, _) => new ValueTask<Stream>(stream));

    private static HttpClient Client(WebSocketEngine engine) => new(new WebSocketsHandler(ws => ws.Engine = engine));

    /// <summary>A user's stream that passes everything on, and counts.</summary>
    private sealed class Seen(Stream inner) : BareStream
    {
        public long WasRead { get; private set; }

        public long Written { get; private set; }

        public int Disposals { get; private set; }

        public ScriptedPeer? Peer { get; init; }

        public bool KeepsInner { get; init; }

        public bool FailsToDispose { get; init; }

        public bool WasReleasedBefore { get; private set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await inner.ReadAsync(buffer, cancellationToken);
            WasRead += read;
            return read;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Written += buffer.Length;
            return inner.WriteAsync(buffer, cancellationToken);
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        protected override void Dispose(bool disposing)
        {
            Disposals++;
            WasReleasedBefore = Peer is { Released.IsCompleted: true };
            if (!KeepsInner)
                inner.Dispose();
            if (FailsToDispose)
                throw new IOException("mine");
            base.Dispose(disposing);
        }
    }
}
