using System.Net;

namespace Duplex.Tests;

/// <summary>Every row of the table of refusals, told where a real peer refuses so; and what the words then hold, and do not.</summary>
public sealed class HandshakeRefusalTests
{
    public static TheoryData<string> Names => new(Refusal.All.Select(refusal => refusal.ToString()));

    [Theory, MemberData(nameof(Names))]
    public async Task A_refusal_is_told_by_its_row(string name)
    {
        Refusal refusal = Refusal.All.Single(refusal => refusal.ToString() == name);

        WebSocketHandshakeException error = await refusal.HappenAsync();

        Assert.Equal(refusal.Row.Check, error.Check);
        Assert.True(refusal.IsTold(error.Message), $"Expected {refusal.Row.Template}\n     got {error.Message}");
    }

    [Fact]
    public void Every_row_has_a_peer_that_refuses_so() => Assert.Empty(HandshakeRefusals.All.Except(Refusal.All.Select(refusal => refusal.Row)).Select(row => row.Name));

    [Theory]
    [InlineData("407 Proxy Authentication Required", HttpStatusCode.ProxyAuthenticationRequired)]
    [InlineData("403 Forbidden", HttpStatusCode.Forbidden)]
    [InlineData("502 Bad Gateway", HttpStatusCode.BadGateway)]
    public async Task A_proxys_status_is_at_hand_and_no_handler_is_blamed_for_it(string status, HttpStatusCode code)
    {
        using ScriptedProxy proxy = ScriptedProxy.Answering(status);

        WebSocketHandshakeException error = await Refusal.OpenAsync(Clients.Through(proxy.Uri));

        Assert.Equal((HandshakeCheck.Proxy, code), (error.Check, error.StatusCode));
        Assert.StartsWith($"The proxy refused the tunnel to the server with {(int)code} {code}.", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("A handler", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxys_refusal_that_a_handler_above_wraps_is_still_the_proxys()
    {
        using ScriptedProxy proxy = ScriptedProxy.Answering("407 Proxy Authentication Required");
        using var client = new HttpClient(new Wrapping
        {
            InnerHandler = new WebSocketsHandler(new SocketsHttpHandler { AllowAutoRedirect = false, Proxy = new WebProxy(proxy.Uri) }),
        });

        Assert.Equal(HandshakeCheck.Proxy, (await Refusal.OpenAsync(client)).Check);
    }

    [Theory]
    [InlineData("429 Too Many Requests", "Retry-After: 7", "Retry-After: 7 s.")]
    [InlineData("503 Service Unavailable", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT.")]
    [InlineData("429 Too Many Requests", "Retry-After: s3cret", null)]
    [InlineData("429 Too Many Requests", "X-Other: 7", null)]
    public async Task Retry_after_is_named_as_it_was_understood_and_no_other_value(string status, string header, string? words)
    {
        WebSocketHandshakeException error = await AnsweredAsync($"HTTP/1.1 {status}\r\n{header}\r\nContent-Length: 0\r\n\r\n");

        if (words is not null)
            Assert.Contains(words, error.Message, StringComparison.Ordinal);
        else
            Assert.DoesNotContain("Retry-After", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Origin is not on my list", true)]
    [InlineData(" \r\n", false)]
    [InlineData("", false)]
    public async Task A_body_is_pointed_to_where_there_is_one_and_never_repeated(string body, bool isPointedTo)
    {
        WebSocketHandshakeException error = await AnsweredAsync($"HTTP/1.1 403 Forbidden\r\nContent-Length: {body.Length}\r\n\r\n{body}");

        Assert.Equal(isPointedTo, error.Message.EndsWith(HandshakeRefusals.SeeBody, StringComparison.Ordinal));
        Assert.DoesNotContain("my list", error.Message, StringComparison.Ordinal);
        if (isPointedTo)
            Assert.Equal(body, error.BodyPreview);
    }

    [Fact]
    public async Task A_wrong_subprotocol_and_what_was_offered_are_named()
    {
        WebSocketHandshakeException error = await AnsweredAsync("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n", "OCPP1.6", "ocpp2.0.1");

        Assert.StartsWith("The server chose the subprotocol 'ocpp1.6', which was not offered. Offered: 'OCPP1.6', 'ocpp2.0.1'.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_thrown_by_hand_below_and_again_above_is_still_from_below()
    {
        using var server = new RawServer();
        using var client = new HttpClient(new Wrapping { InnerHandler = new WebSocketsHandler(LoopbackCertificate.CreateHandler()) });
        Task<WebSocketHandshakeException> opening = Refusal.OpenAsync(client, server.Uri);
        using (RawPeer peer = await server.AcceptAsync())
            peer.Reset();

        // It may connect again where nothing at all was answered.
        Task<RawPeer> another = server.AcceptAsync();
        if (await Task.WhenAny(opening, another).Soon() == another)
            (await another).Reset();
        WebSocketHandshakeException error = await opening;

        Assert.Equal(HandshakeCheck.Transport, error.Check);
        Assert.DoesNotContain("above", error.Message, StringComparison.Ordinal);
    }

    private static async Task<WebSocketHandshakeException> AnsweredAsync(string answer, params string[] subprotocols)
    {
        using var server = new RawServer();
        Task<WebSocketHandshakeException> opening = Refusal.OpenAsync(Clients.Create(), server.Uri, subprotocols);
        using RawPeer peer = await server.AcceptAsync();
        await peer.WriteAsync(answer.Replace("{accept}", HandshakeKey.ComputeAccept(peer.Header("Sec-WebSocket-Key")!), StringComparison.Ordinal));
        return await opening;
    }

    /// <summary>Makes an exception of its own of whatever comes, as libraries that retry do.</summary>
    private sealed class Wrapping : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException e)
            {
                throw new HttpRequestException("It was tried three times.", e, e.StatusCode);
            }
        }
    }
}
