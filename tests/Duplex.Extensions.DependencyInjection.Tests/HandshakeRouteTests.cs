using System.Net;
using System.Reflection;

namespace Duplex.Tests;

public sealed class HandshakeRouteTests
{
    [Fact]
    public void Handshakes_take_a_copy_that_does_not_follow_redirects()
    {
        var others = new SocketsHttpHandler { MaxConnectionsPerServer = 3, ConnectTimeout = TimeSpan.FromSeconds(7), Proxy = new WebProxy("http://proxy.test") };
        others.SslOptions.TargetHost = "host.test";
        others.ConnectCallback = (_, _) => throw new IOException();
        using var route = new HandshakeRoute(others);

        var handshakes = Assert.IsType<SocketsHttpHandler>(route.InnerHandler);

        Assert.True(others.AllowAutoRedirect);
        Assert.False(handshakes.AllowAutoRedirect);
        PropertyInfo[] properties = [.. typeof(SocketsHttpHandler).GetProperties().Where(property => property.CanWrite && property.Name != "AllowAutoRedirect")];
        Assert.True(properties.Length > 25);
        foreach (PropertyInfo property in properties)
            Assert.Equal(property.GetValue(others), property.GetValue(handshakes));
        Assert.Same(others.CookieContainer, handshakes.CookieContainer);
        Assert.Equal("host.test", handshakes.SslOptions.TargetHost);
    }

    [Theory]
    [InlineData("GET", "websocket", null, false)]
    [InlineData("CONNECT", null, "websocket", false)]
    [InlineData("GET", null, null, true)]
    public async Task Only_a_handshake_takes_the_copy(string method, string? upgrade, string? protocol, bool isOther)
    {
        // The copy is made before; so each answers by its own callback.
        var others = new SocketsHttpHandler { ConnectCallback = (_, _) => throw new IOException("copy") };
        using var client = new HttpMessageInvoker(new HandshakeRoute(others));
        others.ConnectCallback = (_, _) => throw new IOException("other");

        foreach (bool sync in (bool[])[false, true])
        {
            if (sync && protocol is not null)
                continue; // HTTP/2 has no synchronous form
            var request = new HttpRequestMessage(new HttpMethod(method), "http://host.test/");
            if (upgrade is not null)
                request.Headers.TryAddWithoutValidation("Upgrade", upgrade);
            if (protocol is not null)
                (request.Headers.Protocol, request.Version, request.VersionPolicy) = (protocol, HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);

            var error = sync
                ? Assert.Throws<HttpRequestException>(() => client.Send(request, default))
                : await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(request, default).Soon());

            Assert.Equal(isOther ? "other" : "copy", error.InnerException?.Message ?? error.Message);
        }
    }

    [Fact]
    public async Task Both_are_disposed_with_it()
    {
        var others = new SocketsHttpHandler();
        var route = new HandshakeRoute(others);
        using var handshakes = new HttpMessageInvoker(route.InnerHandler!, disposeHandler: false);
        using var other = new HttpMessageInvoker(others, disposeHandler: false);

        route.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => handshakes.SendAsync(new HttpRequestMessage(HttpMethod.Get, "http://host.test/"), default));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => other.SendAsync(new HttpRequestMessage(HttpMethod.Get, "http://host.test/"), default));
    }
}
