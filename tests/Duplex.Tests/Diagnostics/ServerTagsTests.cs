using System.Diagnostics;

namespace Duplex.Tests;

public sealed class ServerTagsTests
{
    [Theory]
    [InlineData("wss://user:secret@host.test/path?secret", "host.test", 443, "wss")]
    [InlineData("ws://host.test:81/", "host.test", 81, "ws")]
    [InlineData("ws://[::1]:8080/", "::1", 8080, "ws")]
    [InlineData("ws://bücher.example/", "xn--bcher-kva.example", 80, "ws")]
    public void They_are_host_port_and_scheme_alone(string url, string address, int port, string scheme)
    {
        TagList tags = default;
        using var span = new Activity("span");

        new ServerTags(new Uri(url)).AddTo(ref tags);
        new ServerTags(new Uri(url)).AddTo(span);

        KeyValuePair<string, object?>[] expected = [new("server.address", address), new("server.port", port), new("url.scheme", scheme)];
        Assert.Equal(expected, tags);
        Assert.Equal(expected, span.TagObjects);
    }

    [Theory]
    [InlineData("ws+unix:/run/my%20app.sock:/chat?secret", "/run/my app.sock", "ws+unix", "unix")]
    [InlineData("ws+npipe:app:/chat?secret", "app", "ws+npipe", "pipe")]
    public void A_sockets_are_its_address_and_its_transport(string url, string address, string scheme, string transport)
    {
        TagList tags = default;
        using var span = new Activity("span");

        new ServerTags(new Uri(url)).AddTo(ref tags);
        new ServerTags(new Uri(url)).AddTo(span);

        KeyValuePair<string, object?>[] expected = [new("server.address", address), new("url.scheme", scheme), new("network.transport", transport)];
        Assert.Equal(expected, tags);
        Assert.Equal(expected, span.TagObjects);
        Assert.Equal(new ServerTags(new Uri(url)), new ServerTags(new Uri(url.Replace("chat", "else", StringComparison.Ordinal))));
        Assert.NotEqual(new ServerTags(new Uri(url)), new ServerTags(new Uri("ws+unix:/other")));
    }

    [Fact]
    public void A_services_name_has_neither_port_nor_scheme()
    {
        TagList tags = default;
        using var span = new Activity("span");
        var server = new ServerTags(new Uri("https+http://feed/path"));

        server.AddTo(ref tags);
        server.AddTo(span);

        Assert.Equal([new("server.address", "feed")], tags);
        Assert.Equal([new("server.address", "feed")], span.TagObjects);
        Assert.Equal(server, new ServerTags(new Uri("http+https://feed/")));
    }

    [Fact]
    public void Those_of_one_server_are_equal()
    {
        var one = new ServerTags(new Uri("ws://host.test/a"));

        Assert.Equal(one, new ServerTags(new Uri("ws://HOST.test:80/b?c")));
        Assert.Equal(one.GetHashCode(), new ServerTags(new Uri("ws://host.test/b")).GetHashCode());
        Assert.NotEqual(one, new ServerTags(new Uri("ws://host.test:81/a")));
        Assert.NotEqual(one, new ServerTags(new Uri("wss://host.test:80/a")));
        Assert.NotEqual(one, new ServerTags(new Uri("ws://other.test/a")));
    }
}
