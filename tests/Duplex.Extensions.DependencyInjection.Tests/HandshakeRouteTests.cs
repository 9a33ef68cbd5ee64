using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Reflection;

namespace Duplex.Tests;

public sealed class HandshakeRouteTests
{
    public static TheoryData<string> Properties => [.. typeof(SocketsHttpHandler).GetProperties().Where(property => property.CanWrite && property.Name is not ("AllowAutoRedirect" or "EnableMultipleHttp2Connections")).Select(property => property.Name)];

    [Fact]
    public void Handshakes_take_a_copy_that_does_not_follow_redirects()
    {
        using var others = new SocketsHttpHandler();
        using var route = new HandshakeRoute(others);

        Assert.True(others.AllowAutoRedirect);
        Assert.False(CopyOf(route).AllowAutoRedirect);
        Assert.Same(others.CookieContainer, CopyOf(route).CookieContainer);
        Assert.True(CopyOf(route).EnableMultipleHttp2Connections); // a server limits the sessions of one
        Assert.True(Properties.Count > 25);
    }

    [Theory, MemberData(nameof(Properties))]
    public void The_copy_has_each_setting(string name)
    {
        PropertyInfo property = typeof(SocketsHttpHandler).GetProperty(name)!;
        using var others = new SocketsHttpHandler();
        object? before = property.GetValue(others);
        property.SetValue(others, Another(property.PropertyType, before));
        Assert.NotEqual(before, property.GetValue(others));

        using var route = new HandshakeRoute(others);

        Assert.Equal(property.GetValue(others), property.GetValue(CopyOf(route)));
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

    private static SocketsHttpHandler CopyOf(HandshakeRoute route) =>
        Assert.IsType<SocketsHttpHandler>(Assert.IsType<LocalSocketHandler>(route.InnerHandler).InnerHandler);

    private static object Another(Type type, object? value) => value switch
    {
        bool flag => !flag,
        int number => number == int.MaxValue ? 7 : number + 1,
        TimeSpan => TimeSpan.FromSeconds(7),
        Enum => Enum.GetValuesAsUnderlyingType(type).Cast<object>().Select(one => Enum.ToObject(type, one)).First(one => !one.Equals(value)),
        _ when type == typeof(ICredentials) => new NetworkCredential("me", "secret"),
        _ when type == typeof(IWebProxy) => new WebProxy("http://proxy.test"),
        _ when type == typeof(IMeterFactory) => new Meters(),
        _ when type == typeof(DistributedContextPropagator) => DistributedContextPropagator.CreateNoOutputPropagator(),
        _ when type == typeof(HeaderEncodingSelector<HttpRequestMessage>) => new HeaderEncodingSelector<HttpRequestMessage>((_, _) => null),
        _ when type == typeof(Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>) => new Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>((_, _) => throw new IOException()),
        _ when type == typeof(Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>>) => new Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>>((_, _) => throw new IOException()),
        _ => Activator.CreateInstance(type)!,
    };

    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
