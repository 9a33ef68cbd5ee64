using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Duplex.Tests;

/// <summary>How a handshake ends that no answer ends: by time, by whoever gives up, or by the connection.</summary>
public sealed class HandshakeEndTests
{
    [Theory, InlineData(false), InlineData(true)]
    [KtorParity("options/no-timeout-handshake-timeout-close-timeout", "weakness/5-no-handshake-timeout")]
    public async Task A_silent_server_is_given_up_at_the_handshake_timeout(bool tls)
    {
        var time = new TestClock();
        using var server = new RawServer(tls);
        using HttpClient client = Clients.Create(options => options.TimeProvider = time);

        Task connecting = Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None);
        using RawPeer peer = await server.AcceptAsync();
        time.Advance(TimeSpan.FromSeconds(14.9));
        Assert.False(connecting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon());
        Assert.Equal(HandshakeCheck.Timeout, error.Check);
        Assert.Contains("15 s", error.Message, StringComparison.Ordinal);
        await peer.IsReleasedAsync();
    }

    [Fact]
    public async Task A_server_that_does_not_even_speak_TLS_is_given_up_at_the_handshake_timeout()
    {
        var time = new TestClock();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using HttpClient client = Clients.Create(options => options.TimeProvider = time);

        Task connecting = Opening.ConnectAsync(client, new Uri($"wss://{listener.LocalEndpoint}/"), null, CancellationToken.None);
        using Socket socket = await listener.AcceptSocketAsync().Soon();
        time.Advance(TimeSpan.FromSeconds(15));

        Assert.Equal(HandshakeCheck.Timeout, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon())).Check);
    }

    [Fact]
    [KtorParity("untested/timeouts-of-the-handshake")]
    public async Task A_silent_server_is_given_up_at_the_clients_timeout_if_that_is_shorter()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();
        client.Timeout = TimeSpan.FromMilliseconds(50);

        Task connecting = Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None);

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon());
        Assert.Equal(HandshakeCheck.Timeout, error.Check);
        Assert.Contains("HttpClient.Timeout, 0.05 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [KtorParity("untested/cancellation-in-each-phase")]
    public async Task The_callers_token_is_the_only_cancellation()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();
        using var source = new CancellationTokenSource();

        Task connecting = Opening.ConnectAsync(client, server.Uri, null, source.Token);
        using RawPeer peer = await server.AcceptAsync();
        await source.CancelAsync();

        Assert.Equal(source.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.Soon())).CancellationToken);
        await peer.IsReleasedAsync();
    }

    public static TheoryData<string> Ends => ["cancel pending requests", "dispose the client", "dispose the handler"];

    [Theory, MemberData(nameof(Ends))]
    public async Task Whoever_ends_the_client_or_its_handler_ends_the_handshake(string how)
    {
        using var server = new RawServer();
        using var handler = new WebSocketsHandler(LoopbackCertificate.CreateHandler());
        using var client = new HttpClient(handler, disposeHandler: false);

        Task connecting = Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None);
        using RawPeer peer = await server.AcceptAsync();
        switch (how)
        {
            case "cancel pending requests": client.CancelPendingRequests(); break;
            case "dispose the client": client.Dispose(); break;
            default: handler.Dispose(); break;
        }

        Assert.Equal(HandshakeCheck.Disposed, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon())).Check);
        await peer.IsReleasedAsync();
    }

    [Fact]
    public async Task A_server_that_closes_at_once_is_a_transport_failure()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();

        // In a loop, because SocketsHttpHandler connects again where nothing at all was answered.
        Task closing = CloseAllAsync();
        await IsTransportFailureAsync(Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None));
        server.Dispose();
        await closing.Soon();

        async Task CloseAllAsync()
        {
            try
            {
                while (true)
                    (await server.AcceptAsync()).Dispose();
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                // The test is over.
            }
        }
    }

    [Fact]
    public async Task A_server_that_resets_in_the_middle_of_its_answer_is_a_transport_failure()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();

        Task connecting = Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None);
        using RawPeer peer = await server.AcceptAsync();
        await peer.WriteAsync("HTTP/1.1 101 Switching Prot");
        peer.Reset();

        await IsTransportFailureAsync(connecting);
    }

    [Fact]
    [KtorParity("test-opening/DarwinEngineTest.testConfigureWebsocketRequest")]
    public async Task A_port_without_listener_is_a_transport_failure_and_an_untrusted_certificate_one_of_its_own()
    {
        using var server = new RawServer(tls: true);
        using var distrusting = new HttpClient(new WebSocketsHandler());

        await IsTransportFailureAsync(Opening.ConnectAsync(distrusting, new Uri("ws://127.0.0.1:1/"), null, CancellationToken.None));
        Task connecting = Opening.ConnectAsync(distrusting, server.Uri, null, CancellationToken.None);
        try
        {
            (await server.AcceptAsync()).Dispose();
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // Which end notices first, and where, is up to TLS.
        }

        await IsTransportFailureAsync(connecting, HandshakeCheck.Certificate);
    }

    [Fact]
    public async Task Headers_without_end_are_a_transport_failure()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();

        Task connecting = Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None);
        using RawPeer peer = await server.AcceptAsync();
        await peer.WriteAsync("HTTP/1.1 101 Switching Protocols\r\n");
        await peer.WriteForeverAsync("X-Filler: " + new string('x', 1000) + "\r\n");

        await IsTransportFailureAsync(connecting);
    }

    [Fact]
    public async Task A_header_line_without_end_is_a_transport_failure()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();

        Task connecting = Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None);
        using RawPeer peer = await server.AcceptAsync();
        await peer.WriteAsync("HTTP/1.1 101 Switching Protocols\r\nX-Filler: ");
        await peer.WriteForeverAsync(new string('x', 1000));

        await IsTransportFailureAsync(connecting);
    }

    [Fact]
    public async Task A_body_without_end_is_cut_and_the_connection_released()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();

        Task connecting = Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None);
        using RawPeer peer = await server.AcceptAsync();
        await peer.WriteAsync("HTTP/1.1 403 Forbidden\r\n\r\n");
        await peer.WriteForeverAsync(new string('x', 1000)); // until the client has had enough

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon());
        Assert.Equal(HttpStatusCode.Forbidden, error.StatusCode);
        Assert.Equal(new string('x', 4096), error.BodyPreview);
    }

    [Fact]
    public async Task A_body_that_stops_in_the_middle_is_given_up_at_the_handshake_timeout_and_the_status_is_told()
    {
        var time = new TestClock();
        using var server = new RawServer();
        var above = new Answered { InnerHandler = new WebSocketsHandler(LoopbackCertificate.CreateHandler(), options => options.TimeProvider = time) };
        using var client = new HttpClient(above);

        Task connecting = Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None);
        using RawPeer peer = await server.AcceptAsync();
        await peer.WriteAsync("HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nbegun");
        await above.Task.Soon();
        time.Advance(TimeSpan.FromSeconds(15));

        Assert.Equal(HttpStatusCode.Forbidden, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon())).StatusCode);
        await peer.IsReleasedAsync();
    }

    private static async Task IsTransportFailureAsync(Task connecting, HandshakeCheck check = HandshakeCheck.Transport)
    {
        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon());
        Assert.Equal(check, error.Check);
        Assert.IsType<HttpRequestException>(error.InnerException);
        Assert.Null(error.StatusCode);
    }

    /// <summary>Tells when the answer has passed it.</summary>
    private sealed class Answered : DelegatingHandler
    {
        private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Task => _answered.Task;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            _answered.SetResult();
            return response;
        }
    }
}
