using System.Net;

namespace Duplex.Tests;

/// <summary>What a server may answer to a handshake, byte by byte over a real connection.</summary>
public sealed class HandshakeAnswerTests
{
    [Theory, MemberData(nameof(WrongAnswer.Names), MemberType = typeof(WrongAnswer))]
    [KtorParity("untested/the-checks-of-the-handshake", "weakness/6-the-handshake-is-not-checked")]
    public async Task A_wrong_answer_is_refused_with_its_check_and_in_words_and_the_connection_released(string name)
    {
        WrongAnswer wrong = WrongAnswer.Named(name);
        using var server = new RawServer();
        using HttpClient client = Clients.Create(options =>
        {
            options.Subprotocols.Add("a");
            options.Subprotocols.Add("b");
        });

        Task connecting = Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None);
        using RawPeer peer = await server.AcceptAsync();
        await wrong.WriteAsync(peer);

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon());
        Assert.Equal(wrong.Check, error.Check);
        Assert.Contains(wrong.Essence, error.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", error.Message, StringComparison.Ordinal);
        if (wrong.Check is HandshakeCheck.Transport)
        {
            Assert.IsType<HttpRequestException>(error.InnerException);
            Assert.Null(error.StatusCode);
        }
        else
        {
            Assert.Equal(wrong.Status, (int)error.StatusCode!);
        }

        // A refusal with a body of known length leaves a connection that the client may use again; any other is gone.
        if (wrong.Check is not HandshakeCheck.Status)
            await peer.IsReleasedAsync();
    }

    [Fact]
    public void Each_wrong_answer_can_be_told_from_the_others_by_its_words()
    {
        // Only a second value of Upgrade reads as another one.
        WrongAnswer[] told = [.. WrongAnswer.All.Where(wrong => wrong.Name != "two Upgrades")];
        foreach (WrongAnswer one in told)
            Assert.DoesNotContain(told, other => other != one && other.Essence.Contains(one.Essence, StringComparison.Ordinal));
    }

    [Fact]
    [KtorParity("close-and-errors/WebSocketException-of-a-handshake", "weakness/7-a-refused-handshake-says-little")]
    public async Task A_refusals_status_headers_and_body_are_in_the_exception_and_not_in_its_text()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();

        Task connecting = Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None);
        using RawPeer peer = await server.AcceptAsync();
        await peer.WriteAsync("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Length: 6\r\n\r\ns\u00e9cret");

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon());
        Assert.Equal(HttpStatusCode.TooManyRequests, error.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(7), error.Headers!.RetryAfter!.Delta);
        Assert.Equal("s\u00e9cret", error.BodyPreview);
        Assert.DoesNotContain("cret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proper_answer_in_any_spelling_that_HTTP_allows_is_accepted()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create(options => options.Subprotocols.Add("a"));

        Task<(OpenedConnection Connection, WebSocketsOptions)> connecting = Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None);
        using RawPeer peer = await server.AcceptAsync();
        string accept = HandshakeKey.ComputeAccept(peer.Header("Sec-WebSocket-Key")!);
        await peer.WriteAsync(
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
            $"HTTP/1.1 101 Whatever\r\nSERVER: x\r\nupgrade: WebSocket\r\nconnection: keep-alive\r\nConnection: , UPGRADE\r\nsec-websocket-accept:   {accept}  \r\nSec-WebSocket-Protocol: a\r\n\r\n");

        OpenedConnection connection = (await connecting.Soon()).Connection;
        Assert.Equal("a", connection.Call.Subprotocol);
        Assert.Equal("x", connection.Call.Response!.Headers.Server.ToString());
        connection.Owner.Dispose();
        await peer.IsReleasedAsync();
    }

    [Fact]
    [KtorParity("test-opening/WebSocketTest.testWebSocketHeaders")]
    public async Task The_request_on_the_wire_is_the_one_of_RFC_6455()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();
        client.DefaultRequestHeaders.ConnectionClose = true;
        client.DefaultRequestHeaders.ExpectContinue = true;
        client.DefaultRequestHeaders.TryAddWithoutValidation("Sec-WebSocket-Key", "mine");

        Task<(OpenedConnection Connection, WebSocketsOptions)> connecting = Opening.ConnectAsync(
            client, new Uri(server.Uri, "/a%20b?c=%26"), request => request.Subprotocols.Add("a"), CancellationToken.None);
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();
        (await connecting.Soon()).Connection.Owner.Dispose();

        Assert.Equal(
            [
                "GET /a%20b?c=%26 HTTP/1.1", $"Host: {server.Uri.Authority}", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                $"Sec-WebSocket-Key: {peer.Header("Sec-WebSocket-Key")}", "Sec-WebSocket-Protocol: a", "", "",
            ],
            peer.Request.Split("\r\n"));
    }

    [Fact]
    [KtorParity("untested/redirects-of-a-handshake")]
    public async Task A_redirect_is_not_followed_by_the_handlers_that_the_plugin_makes_but_is_for_ordinary_requests()
    {
        using RawServer server = new(), target = new();
        using var client = new HttpClient(new WebSocketsHandler());
        string found = $"HTTP/1.1 302 Found\r\nLocation: http://{target.Uri.Authority}/there\r\nContent-Length: 0\r\nConnection: close\r\nSet-Cookie: a=b\r\n\r\n";

        Task connecting = Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None);
        using (RawPeer peer = await server.AcceptAsync())
        {
            await peer.WriteAsync(found);
            Assert.Equal(HttpStatusCode.Found, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon())).StatusCode);
        }

        Task<HttpResponseMessage> getting = client.GetAsync(new UriBuilder(server.Uri) { Scheme = "http" }.Uri);
        using (RawPeer peer = await server.AcceptAsync())
        {
            Assert.Equal("a=b", peer.Header("Cookie")); // both share their cookies
            await peer.WriteAsync(found);
        }

        using RawPeer there = await target.AcceptAsync();
        await there.WriteAsync("HTTP/1.1 204 No Content\r\n\r\n");
        Assert.Equal(HttpStatusCode.NoContent, (await getting.Soon()).StatusCode);
    }

    [Fact]
    public async Task A_handler_of_unknown_kind_that_follows_a_redirect_is_found_out_and_its_connection_released()
    {
        using RawServer server = new(), target = new();
        using var client = new HttpClient(new WebSocketsHandler(new Opaque(new SocketsHttpHandler())));

        Task connecting = Opening.ConnectAsync(client, server.Uri, null, CancellationToken.None);
        using RawPeer peer = await server.AcceptAsync();
        await peer.WriteAsync($"HTTP/1.1 307 Temporary Redirect\r\nLocation: ws://{target.Uri.Authority}/there\r\nContent-Length: 0\r\n\r\n");
        using RawPeer there = await target.AcceptAsync();
        await there.UpgradeAsync();

        Assert.Equal(HandshakeCheck.Redirect, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon())).Check);
        await there.IsReleasedAsync();
    }

    [Fact]
    public async Task A_redirecting_handler_a_missing_plugin_and_a_value_with_a_line_break_cost_no_connection()
    {
        using var server = new RawServer();
        using HttpClient redirecting = new(new WebSocketsHandler(new SocketsHttpHandler())), without = new(), good = Clients.Create();

        await Assert.ThrowsAsync<InvalidOperationException>(() => Opening.ConnectAsync(redirecting, server.Uri, null, CancellationToken.None).Soon());
        await Assert.ThrowsAsync<InvalidOperationException>(() => Opening.ConnectAsync(without, server.Uri, null, CancellationToken.None).Soon());
        await Assert.ThrowsAsync<ArgumentException>(() => Opening.ConnectAsync(
            good, server.Uri, request => request.Headers.TryAddWithoutValidation("X-Value", "a\r\nX-Evil: b"), CancellationToken.None).Soon());
        await Assert.ThrowsAsync<ArgumentException>(() => Opening.ConnectAsync(
            good, new UriBuilder(server.Uri) { UserName = "a" }.Uri, null, CancellationToken.None).Soon());

        Assert.False(server.IsAsked);
    }

    /// <summary>A handler whose kind tells nothing about what is inside.</summary>
    private sealed class Opaque(HttpMessageHandler inner) : HttpMessageHandler
    {
        private readonly HttpMessageInvoker _inner = new(inner);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => _inner.SendAsync(request, cancellationToken);

        protected override void Dispose(bool disposing)
        {
            _inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
