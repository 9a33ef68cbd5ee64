using System.Net;

namespace Duplex.Tests;

public sealed class ExtendedConnectTests
{
    private static readonly Uri Target = new("wss://host.test/path?q=1");
    private readonly ExtendedConnect _connect = new();

    [Fact]
    public void It_is_a_CONNECT_over_2_for_websocket_without_a_key()
    {
        using var marker = new HttpRequestMessage(HttpMethod.Get, "https://host.test/path?q=1");

        using HttpRequestMessage request = _connect.CreateRequest(Target, marker, [], null);

        Assert.Equal((HttpMethod.Connect, "wss://host.test/path?q=1"), (request.Method, request.RequestUri!.AbsoluteUri));
        Assert.Equal((HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact), (request.Version, request.VersionPolicy));
        Assert.Equal("websocket", request.Headers.Protocol);
        Assert.Equal("13", FakePrimaryHandler.Value(request, "Sec-WebSocket-Version"));
        Assert.Null(FakePrimaryHandler.Value(request, "Sec-WebSocket-Key"));
        Assert.Null(FakePrimaryHandler.Value(request, "Upgrade"));
    }

    [Theory]
    [InlineData(200, "2.0", null)]
    [InlineData(101, "2.0", HandshakeCheck.Status)]
    [InlineData(204, "2.0", HandshakeCheck.Status)]
    [InlineData(200, "1.1", HandshakeCheck.HttpVersion)]
    public void A_200_over_2_is_accepted(int status, string version, HandshakeCheck? check)
    {
        using var response = new HttpResponseMessage((HttpStatusCode)status) { Version = Version.Parse(version) };

        Assert.Equal(check is null, _connect.TryAccept(response, HandshakeStrictness.Strict, [], [], out _, out HandshakeFailure? failure));
        Assert.Equal(check, failure?.Check);
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("b", false)]
    [InlineData("", true)] // none
    public void The_subprotocol_must_be_one_that_was_offered(string chosen, bool isAccepted)
    {
        using var response = new HttpResponseMessage(HttpStatusCode.OK) { Version = HttpVersion.Version20 };
        response.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", chosen);

        Assert.Equal(isAccepted, _connect.TryAccept(response, HandshakeStrictness.Strict, ["a"], [], out _, out _));
    }
}
