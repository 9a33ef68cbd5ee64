using Duplex.Ktor;

namespace Duplex.Tests;

/// <summary>Which URL each shape with host, port and path asks for.</summary>
public sealed class KtorHttpClientExtensionsTests
{
    private const string Host = "host.test";

    [Theory]
    [InlineData(null, null, "ws://host.test/")]
    [InlineData(null, "/a", "ws://host.test/a")]
    [InlineData(80, "a", "ws://host.test/a")]
    [InlineData(8080, "a/b?q=1", "ws://host.test:8080/a/b?q=1")]
    [InlineData(443, "?q=1", "ws://host.test:443/?q=1")]
    [KtorParity("opening/webSocketSession-method-host-port-path-block")]
    public async Task A_host_is_asked_without_tls_at_port_80_or_the_one_given(int? port, string? path, string expected)
    {
        Assert.Equal([expected, expected], await Asked.ByAsync(client => client.WebSocketAsync(Host, port, path, Asked.Nothing), client => client.WebSocketSessionAsync(Host, port, path)));
        Assert.Equal([expected, expected], await Asked.ByAsync(client => client.WsAsync(Host, port, path, Asked.Nothing), client => client.WsSessionAsync(Host, port, path)));
        Assert.Equal([expected, expected], await Asked.ByAsync(client => client.WebSocketRawAsync(Host, port, path, Asked.Nothing), client => client.WebSocketRawSessionAsync(Host, port, path)));
        Assert.Equal([expected, expected], await Asked.ByAsync(client => client.WsRawAsync(Host, port, path, Asked.Nothing), client => client.WsRawSessionAsync(Host, port, path)));
    }

    [Theory]
    [InlineData(null, null, "wss://host.test/")]
    [InlineData(null, "/a", "wss://host.test/a")]
    [InlineData(443, "a", "wss://host.test/a")]
    [InlineData(8443, "a", "wss://host.test:8443/a")]
    [InlineData(80, "a", "wss://host.test:80/a")]
    [KtorParity("test-opening/WebSocketTest.testWSSDefaultPort")]
    public async Task Wss_asks_a_host_with_tls_at_port_443_or_the_one_given(int? port, string? path, string expected)
    {
        Assert.Equal([expected, expected], await Asked.ByAsync(client => client.WssAsync(Host, port, path, Asked.Nothing), client => client.WssSessionAsync(Host, port, path)));
        Assert.Equal([expected, expected], await Asked.ByAsync(client => client.WssRawAsync(Host, port, path, Asked.Nothing), client => client.WssRawSessionAsync(Host, port, path)));
    }

    [Fact]
    public async Task The_base_address_plays_no_part_for_a_host() =>
        Assert.Equal(["ws://host.test/p"], await Asked.ByAsync(client =>
        {
            client.BaseAddress = new Uri("https://base.test:444/x/");
            return client.WebSocketSessionAsync(Host, null, "p");
        }));
}
