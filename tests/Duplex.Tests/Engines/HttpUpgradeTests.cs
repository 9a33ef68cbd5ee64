using System.Net;

namespace Duplex.Tests;

public sealed class HttpUpgradeTests
{
    private static readonly Uri Target = new("ws://host.test/path?q=1");
    private readonly HttpUpgrade _upgrade = new();

    [Fact]
    public void It_is_a_GET_over_1_1_with_the_headers_of_an_upgrade()
    {
        using var marker = new HttpRequestMessage(HttpMethod.Get, "http://host.test/path?q=1");

        using HttpRequestMessage request = _upgrade.CreateRequest(Target, marker, [], null);

        Assert.Equal((HttpMethod.Get, "ws://host.test/path?q=1"), (request.Method, request.RequestUri!.AbsoluteUri));
        Assert.Equal((HttpVersion.Version11, HttpVersionPolicy.RequestVersionExact), (request.Version, request.VersionPolicy));
        Assert.Equal(["Connection", "Upgrade", "Sec-WebSocket-Version", "Sec-WebSocket-Key"], request.Headers.NonValidated.Select(header => header.Key));
    }

    [Theory]
    [InlineData(101, true)]
    [InlineData(200, false)]
    public void A_101_that_answers_its_key_is_accepted(int status, bool isAccepted)
    {
        using var marker = new HttpRequestMessage(HttpMethod.Get, "http://host.test/");
        using HttpResponseMessage response = FakePrimaryHandler.Upgrade(_upgrade.CreateRequest(Target, marker, [], null));
        response.StatusCode = (HttpStatusCode)status;

        Assert.Equal(isAccepted, _upgrade.TryAccept(response, HandshakeStrictness.Strict, [], [], out _, out _));
        Assert.Equal(isAccepted, _upgrade.Success == response.StatusCode);
    }

    [Fact]
    public void The_answer_to_another_key_is_refused()
    {
        using var marker = new HttpRequestMessage(HttpMethod.Get, "http://host.test/");
        using HttpResponseMessage response = FakePrimaryHandler.Upgrade(new HttpUpgrade().CreateRequest(Target, marker, [], null));

        Assert.False(_upgrade.TryAccept(response, HandshakeStrictness.Strict, [], [], out _, out HandshakeFailure? failure));
        Assert.Equal(HandshakeCheck.Accept, failure.Check);
    }
}
