using System.Net;

namespace Duplex.Tests;

/// <summary>A session takes its connection out of HttpClient, whatever stands before the connection; and where it cannot, all works as well.</summary>
public sealed class TakenConnectionTests
{
    private const string Hello = "810568656c6c6f"; // a text frame

    public static TheoryData<bool> Schemes => [false, true];

    [Theory, MemberData(nameof(Schemes))]
    public async Task Frames_in_the_segment_of_the_response_are_received_also_behind_a_head_of_1xx(bool tls)
    {
        using var server = new RawServer(tls);
        using HttpClient client = Clients.Create();
        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(server.Uri);
        using RawPeer peer = await server.AcceptAsync();
        byte[] frames = Convert.FromHexString(Hello + Hello);
        await peer.WriteAsync((byte[])[.. "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"u8, .. System.Text.Encoding.ASCII.GetBytes(peer.Accept()), .. frames]);
        await using DefaultClientWebSocketSession session = await opening.Soon();
        Assert.Equal("hello", await session.ReceiveTextAsync().Soon());
        Assert.Equal("hello", await session.ReceiveTextAsync().Soon());
        await ConverseAsync(session, peer);
        session.Abort(); // the peer would not answer a Close
    }

    [Theory, MemberData(nameof(Schemes))]
    public async Task It_is_taken_from_a_new_connection_and_from_one_that_was_used_before(bool tls)
    {
        using var server = new RawServer(tls);
        using HttpClient client = Clients.Create();
        Task<(OpenedConnection Connection, WebSocketsOptions Options)> opening = Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None);
        using RawPeer first = await server.AcceptAsync();
        await first.UpgradeAsync();
        using OpenedConnection connection = (await opening.Soon()).Connection;
        Assert.Same(connection.Stream, connection.Owner);

        Task<string> asking = client.GetStringAsync(new Uri(server.Uri.AbsoluteUri.Replace("ws", "http", StringComparison.Ordinal)));
        using RawPeer second = await server.AcceptAsync();
        await second.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\r\n\r\nbody");
        Assert.Equal("\r\n\r\nbody", await asking.Soon());
        opening = Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None);
        await second.ReadRequestAsync();
        await second.WriteAsync(second.Accept() + "x");
        using OpenedConnection another = (await opening.Soon()).Connection;
        Assert.Same(another.Stream, another.Owner);
        byte[] one = new byte[1];
        Assert.Equal((1, (byte)'x'), (await another.Stream.ReadAsync(one).Soon(), one[0]));
    }

    [Theory, MemberData(nameof(Schemes))]
    public async Task A_401_is_answered_on_the_same_connection(bool tls)
    {
        using var server = new RawServer(tls);
        SocketsHttpHandler handler = LoopbackCertificate.CreateHandler();
        handler.Credentials = new NetworkCredential("user", "password");
        using var client = new HttpClient(new WebSocketsHandler(handler));
        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(server.Uri);
        using RawPeer peer = await server.AcceptAsync();
        await peer.WriteAsync("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\"\r\nContent-Length: 11\r\n\r\nno\r\n\r\nentry");
        await peer.ReadRequestAsync();
        Assert.StartsWith("Basic ", peer.Header("Authorization"), StringComparison.Ordinal);
        await peer.WriteAsync((byte[])[.. System.Text.Encoding.ASCII.GetBytes(peer.Accept()), .. Convert.FromHexString(Hello)]);
        await using DefaultClientWebSocketSession session = await opening.Soon();
        Assert.Equal("hello", await session.ReceiveTextAsync().Soon());
        await ConverseAsync(session, peer);
        session.Abort(); // the peer would not answer a Close
    }

    [Fact]
    public async Task The_client_and_its_handlers_may_be_disposed()
    {
        using var server = new RawServer();
        HttpClient client = Clients.Create();
        (DefaultClientWebSocketSession session, RawPeer peer) = await OpenAsync(client, server);
        client.Dispose();
        await ConverseAsync(session, peer);
        session.Abort();
        await peer.IsReleasedAsync();
    }

    [Fact]
    public async Task A_filter_of_the_users_stays_and_sees_the_whole_session()
    {
        using var server = new RawServer();
        SocketsHttpHandler handler = LoopbackCertificate.CreateHandler();
        int filtered = 0;
        handler.PlaintextStreamFilter = (context, _) =>
        {
            filtered++;
            return new(context.PlaintextStream);
        };
        using var client = new HttpClient(new WebSocketsHandler(handler));
        (DefaultClientWebSocketSession session, RawPeer peer) = await OpenAsync(client, server);
        await ConverseAsync(session, peer);
        Assert.Equal(1, filtered);
    }

    [Fact]
    public async Task A_handler_below_that_wraps_the_stream_sees_the_whole_session()
    {
        using var server = new RawServer();
        var wrapping = new Wrapping { InnerHandler = LoopbackCertificate.CreateHandler() };
        using var client = new HttpClient(new WebSocketsHandler(wrapping));
        (DefaultClientWebSocketSession session, RawPeer peer) = await OpenAsync(client, server);
        await ConverseAsync(session, peer);
        Assert.True(wrapping.Reads > 0);
    }

    [Theory, MemberData(nameof(Schemes))]
    public async Task A_handler_below_may_send_the_handshake_through_another(bool tls)
    {
        using var server = new RawServer(tls);
        using var other = new HttpMessageInvoker(LoopbackCertificate.CreateHandler());
        using var client = new HttpClient(new WebSocketsHandler(new Routing(other) { InnerHandler = LoopbackCertificate.CreateHandler() }));
        (DefaultClientWebSocketSession session, RawPeer peer) = await OpenAsync(client, server);
        await ConverseAsync(session, peer);
        session.Abort();
        await peer.IsReleasedAsync();
    }

    [Fact]
    public async Task Synchronous_requests_pass()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();
        var uri = new Uri(server.Uri.AbsoluteUri.Replace("ws:", "http:", StringComparison.Ordinal));
        Task<HttpResponseMessage> sending = Task.Run(() => client.Send(new HttpRequestMessage(HttpMethod.Get, uri)));
        using RawPeer peer = await server.AcceptAsync();
        for (int i = 0; i < 2; i++)
        {
            await peer.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
            Assert.Equal("body", await (await sending.Soon()).Content.ReadAsStringAsync().Soon());
            sending = Task.Run(() => client.Send(new HttpRequestMessage(HttpMethod.Get, uri)));
            await peer.ReadRequestAsync();
        }

        await peer.WriteAsync("HTTP/1.1 204 No Content\r\n\r\n");
        Assert.Equal(HttpStatusCode.NoContent, (await sending.Soon()).StatusCode);
    }

    private static async Task<(DefaultClientWebSocketSession Session, RawPeer Peer)> OpenAsync(HttpClient client, RawServer server)
    {
        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(server.Uri);
        RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();
        return (await opening.Soon(), peer);
    }

    // Both ways.
    private static async Task ConverseAsync(DefaultClientWebSocketSession session, RawPeer peer)
    {
        await session.SendAsync("ask");
        Assert.Equal("ask", ((Frame.Text)(await peer.ReceiveAsync())!).ReadText());
        await peer.WriteHexAsync(Hello);
        Assert.Equal("hello", await session.ReceiveTextAsync().Soon());
    }

    private sealed class Routing(HttpMessageInvoker other) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            other.SendAsync(request, cancellationToken);
    }

    private sealed class Wrapping : DelegatingHandler
    {
        private int _reads;

        public int Reads => Volatile.Read(ref _reads);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            response.Content = new Wrapped(new Counting(stream, () => Interlocked.Increment(ref _reads)));
            return response;
        }
    }

    private sealed class Wrapped(Stream stream) : HttpContent
    {
        protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult(stream);

        protected override Task SerializeToStreamAsync(Stream target, TransportContext? context) => throw new NotSupportedException();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    private sealed class Counting(Stream inner, Action read) : BareStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            read();
            return await inner.ReadAsync(buffer, cancellationToken);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
