using System.Net;

namespace Duplex.Tests;

public class UpgradeRequestTests
{
    // RFC 6455 §1.2
    private static readonly UpgradeRequest Good = new()
    {
        Method = "GET",
        HttpVersion = HttpVersion.Version11,
        Host = ["server.example.com"],
        Upgrade = ["websocket"],
        Connection = ["Upgrade"],
        SecWebSocketKey = ["dGhlIHNhbXBsZSBub25jZQ=="],
        SecWebSocketVersion = ["13"],
    };

    private static string Accept(UpgradeRequest request)
    {
        Assert.True(request.TryAccept(out string? accept, out HandshakeFailure? failure), failure?.Message);
        Assert.Null(failure);
        return accept;
    }

    private static string Fail(HandshakeCheck check, UpgradeRequest request)
    {
        Assert.False(request.TryAccept(out string? accept, out HandshakeFailure? failure));
        Assert.Null(accept);
        Assert.Equal(check, failure.Check);
        Assert.DoesNotContain("canary", failure.Message, StringComparison.Ordinal);
        return failure.Message;
    }

    [Fact]
    public void The_request_of_the_RFC_is_accepted_with_the_value_of_the_RFC() => Assert.Equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", Accept(Good));

    [Fact]
    public void A_request_as_browsers_and_proxies_write_it_is_accepted() =>
        Assert.Equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", Accept(Good with
        {
            Upgrade = ["h2c, WebSocket"],
            Connection = ["keep-alive, upgrade"],
            SecWebSocketKey = [" dGhlIHNhbXBsZSBub25jZQ==\t"],
            SecWebSocketVersion = [" 13 "],
        }));

    [Theory]
    [InlineData("POST")]
    [InlineData("get")]
    [InlineData("canary")]
    public void Another_method_fails(string method) => Fail(HandshakeCheck.Method, Good with { Method = method });

    [Fact]
    public void HTTP_1_0_fails_and_is_named() =>
        Assert.Contains("HTTP/1.0", Fail(HandshakeCheck.HttpVersion, Good with { HttpVersion = HttpVersion.Version10 }), StringComparison.Ordinal);

    [Theory]
    [InlineData]
    [InlineData("")]
    [InlineData("a", "b")]
    public void A_request_without_exactly_one_host_fails(params string[] host) => Fail(HandshakeCheck.Host, Good with { Host = host });

    [Theory]
    [InlineData]
    [InlineData("canary")]
    public void A_request_that_does_not_upgrade_to_websocket_fails(params string[] upgrade) =>
        Fail(HandshakeCheck.Upgrade, Good with { Upgrade = upgrade });

    [Theory]
    [InlineData]
    [InlineData("keep-alive")]
    public void A_request_without_the_connection_token_fails(params string[] connection) =>
        Fail(HandshakeCheck.Connection, Good with { Connection = connection });

    [Theory]
    [InlineData]
    [InlineData("8")]
    [InlineData("013")]
    [InlineData("13, 8")]
    [InlineData("13", "13")]
    public void A_request_for_another_version_fails(params string[] version) =>
        Assert.Contains("value 13", Fail(HandshakeCheck.Version, Good with { SecWebSocketVersion = version }), StringComparison.Ordinal);

    [Fact]
    public void The_version_is_judged_before_the_key() => Fail(HandshakeCheck.Version, Good with { SecWebSocketVersion = ["25"], SecWebSocketKey = [] });

    [Theory]
    [InlineData]
    [InlineData("")]
    [InlineData("canary")]
    [InlineData("dGhlIHNhbXBsZSBub25j")]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ==")]
    public void A_request_without_exactly_one_legal_key_fails(params string[] key) => Fail(HandshakeCheck.Key, Good with { SecWebSocketKey = key });

    [Fact]
    public void A_generated_key_is_accepted_with_the_value_that_the_client_expects()
    {
        string key = HandshakeKey.Generate();
        Assert.True(HandshakeKey.IsAcceptFor(key, Accept(Good with { SecWebSocketKey = [key] })));
    }
}
