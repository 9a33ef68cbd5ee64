using System.Net;

namespace Duplex.Tests;

public sealed class HandshakePlanTests
{
    private readonly HandshakePlan _plan = new();

    /// <summary>The example of RFC 6455 §1.3.</summary>
    [Fact]
    public void The_accept_is_that_of_the_rfc() =>
        Assert.Equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", HandshakePlan.AcceptOf("dGhlIHNhbXBsZSBub25jZQ=="));

    [Fact]
    public void A_handshake_is_known_by_its_headers()
    {
        using var upgrade = new HttpRequestMessage();
        Assert.False(HandshakePlan.IsHandshake(upgrade));
        upgrade.Headers.TryAddWithoutValidation("Upgrade", "WebSocket");
        Assert.True(HandshakePlan.IsHandshake(upgrade));

        using var connect = new HttpRequestMessage(HttpMethod.Connect, "https://any.test/");
        connect.Headers.Protocol = "websocket";
        Assert.True(HandshakePlan.IsHandshake(connect));
    }

    [Fact]
    public void A_subprotocol_is_the_scripts_or_the_first_of_the_servers_that_is_offered()
    {
        Assert.Equal("b", _plan.Choose(["a", "b", "c"], ["x", "b", "a"]));
        Assert.Null(_plan.Choose(["a"], ["x"]));
        _plan.Subprotocol = "own";
        Assert.Equal("own", _plan.Choose(["a"], ["a"]));
    }

    [Theory]
    [InlineData(false, false, HttpStatusCode.SwitchingProtocols)]
    [InlineData(true, false, HttpStatusCode.SwitchingProtocols)]
    [InlineData(false, true, HttpStatusCode.OK)]
    [InlineData(true, true, HttpStatusCode.Accepted)]
    public void A_response_opens_a_connection_or_is_wrong(bool isWrong, bool isHttp2, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage { Version = isHttp2 ? HttpVersion.Version20 : HttpVersion.Version11 };
        if (isHttp2)
            request.Headers.Protocol = "websocket";
        else
            request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        _plan.How = isWrong ? HandshakePlan.Way.AcceptWrongly : HandshakePlan.Way.Accept;
        _plan.Headers = headers => headers.Add("X-Test", "1");

        using HttpResponseMessage response = _plan.Accept(request, new MemoryStream(), "v1");

        Assert.Equal((status, request.Version), (response.StatusCode, response.Version));
        Assert.Equal("v1", response.Headers.GetValues("Sec-WebSocket-Protocol").Single());
        Assert.Equal("1", response.Headers.GetValues("X-Test").Single());
        if (!isHttp2)
            Assert.Equal(isWrong, response.Headers.GetValues("Sec-WebSocket-Accept").Single() != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    [Fact]
    public async Task A_refusal_has_a_status_headers_and_a_body()
    {
        using var request = new HttpRequestMessage();
        (_plan.Status, _plan.Body, _plan.Headers) = (HttpStatusCode.Forbidden, "no", headers => headers.Add("X-Test", "1"));

        using HttpResponseMessage response = _plan.Refuse(request);

        Assert.Equal((HttpStatusCode.Forbidden, "no"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Equal("1", response.Headers.GetValues("X-Test").Single());
    }
}
