using CsCheck;

namespace Duplex.Tests;

public sealed class LocalSocketUriTests
{
    [Theory]
    [InlineData("ws+unix:/run/app.sock:/chat?room=1", "/run/app.sock", "/chat?room=1")]
    [InlineData("ws+unix:///run/app.sock:/chat?room=1", "/run/app.sock", "/chat?room=1")]
    [InlineData("WS+UNIX:/Run/A.sock:/Chat", "/Run/A.sock", "/Chat")]
    [InlineData("ws+unix:/run/app.sock", "/run/app.sock", "/")]
    [InlineData("ws+unix:/run/app.sock:", "/run/app.sock", "/")]
    [InlineData("ws+unix:/run/app.sock?room=a:b", "/run/app.sock", "/?room=a:b")]
    [InlineData("ws+unix:/run/app.sock:?room=1", "/run/app.sock", "/?room=1")]
    [InlineData("ws+unix:/run/my app.sock:/ch at?q=a b", "/run/my app.sock", "/ch%20at?q=a%20b")]
    [InlineData("ws+unix:/run/my%20app.sock:/chat%2Fx?q=%26", "/run/my app.sock", "/chat%2Fx?q=%26")]
    [InlineData("ws+unix:/run/a%3Ab.sock:/a:/b", "/run/a:b.sock", "/a:/b")]
    [InlineData("ws+unix:/run/50%25.sock:/", "/run/50%.sock", "/")]
    [InlineData("ws+unix:/run/%23%3F.sock:/", "/run/#?.sock", "/")]
    [InlineData("ws+unix:/run/é.sock:/ü", "/run/é.sock", "/%C3%BC")]
    [InlineData("ws+unix:/a/../b/./c.sock:/x/../y", "/a/../b/./c.sock", "/y")]
    [InlineData("ws+unix:/run/user@1/a.sock:/x", "/run/user@1/a.sock", "/x")]
    [InlineData("ws+unix:/run//a.sock://x", "/run//a.sock", "//x")]
    [InlineData("ws+unix:%00name:/chat", "\0name", "/chat")]
    [InlineData("ws+npipe:name:/chat?q", "name", "/chat?q")]
    [InlineData("ws+npipe:my pipe.1", "my pipe.1", "/")]
    [InlineData("ws+npipe:a%3Ab:/", "a:b", "/")]
    public void The_address_ends_at_the_first_colon_and_is_decoded(string url, string address, string route)
    {
        LocalSocketUri socket = Read(url);

        Assert.Equal((address, route), (socket.Address, socket.Route));
        Assert.Equal(url.StartsWith("ws+npipe", StringComparison.Ordinal), socket.IsPipe);
        Assert.Equal(socket, Read(socket.ToUri().OriginalString));
    }

    [Theory]
    [InlineData("ws+unix:/C:/tmp/a.sock:/chat", "C:/tmp/a.sock", "/chat")]
    [InlineData("ws+unix:C:/tmp/a.sock:/chat", "C:/tmp/a.sock", "/chat")]
    [InlineData(@"ws+unix:/c:\tmp\a.sock:/chat", "c:/tmp/a.sock", "/chat")] // by System.Uri
    [InlineData("ws+unix:/c:%5Ctmp%5Ca.sock:/chat", @"c:\tmp\a.sock", "/chat")]
    [InlineData("ws+unix:/C:/tmp/a.sock", "C:/tmp/a.sock", "/")]
    [InlineData("ws+unix:/C:/tmp/a.sock?q", "C:/tmp/a.sock", "/?q")]
    public void On_Windows_the_first_colon_may_be_a_drives(string url, string address, string route)
    {
        LocalSocketUri socket = Read(url, hasDrives: true);

        Assert.Equal((address, route), (socket.Address, socket.Route));
        Assert.Equal(socket, Read(socket.ToUri().OriginalString, hasDrives: true));
        Assert.Equal("/c", Read("ws+unix:/c:/chat").Address);
        Assert.Equal("c", Read("ws+npipe:c:/chat", hasDrives: true).Address);
    }

    [Theory]
    [InlineData("ws+unix:", "no path")]
    [InlineData("ws+unix:/", "no path")]
    [InlineData("ws+unix::/secret", "no path")]
    [InlineData("ws+unix:?secret", "no path")]
    [InlineData("ws+unix:%00:/secret", "no path")]
    [InlineData("ws+unix:secret.sock:/chat", "relative")]
    [InlineData("ws+unix:./secret.sock:/chat", "relative")]
    [InlineData(@"ws+unix:\run\secret.sock:/chat", "relative")]
    [InlineData("ws+unix:C%3A/secret.sock:/chat", "relative")]
    [InlineData("ws+unix://secret/app.sock:/chat", "a host")]
    [InlineData("ws+unix:/run/secret%00.sock:/chat", "NUL")]
    [InlineData("ws+unix:%00secret%00:/chat", "NUL")]
    [InlineData("ws+unix:/run/secret.sock:chat", "slash")]
    [InlineData("ws+unix:/run/secret.sock:80/chat", "slash")]
    [InlineData("ws+unix:/run/secret.sock:/chat#part", "fragment")]
    [InlineData("ws+npipe:", "no pipe name")]
    [InlineData("ws+npipe:/secret:/chat", "Write the name alone")]
    [InlineData("ws+npipe:%5C%5C.%5Cpipe%5Csecret:/chat", "Write the name alone")]
    [InlineData("ws+npipe:secret%00:/chat", "Write the name alone")]
    [InlineData("ws+npipe://secret/x:/chat", "a host")]
    public void What_names_no_socket_is_refused_without_repeating_it(string url, string why)
    {
        Assert.False(LocalSocketUri.TryRead(new Uri(url), hasDrives: false, out _, out string? error));

        Assert.Contains(why, error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ws+unix:/run/app.sock:/api/", "chat?room=1", "ws+unix:/run/app.sock:/api/chat?room=1")]
    [InlineData("ws+unix:/run/app.sock:/api/", "/chat", "ws+unix:/run/app.sock:/chat")]
    [InlineData("ws+unix:/run/app.sock:/api", "?q", "ws+unix:/run/app.sock:/api?q")]
    [InlineData("ws+unix:/run/app.sock", "../../chat", "ws+unix:/run/app.sock:/chat")]
    [InlineData("ws+npipe:name", "chat", "ws+npipe:name:/chat")]
    public void A_relative_url_is_another_route_of_the_socket(string at, string relative, string expected) =>
        Assert.Equal(expected, Read(at).TryCombine(new Uri(relative, UriKind.Relative))!.ToUri().OriginalString);

    [Fact]
    public void A_relative_url_with_a_host_is_none() =>
        Assert.Null(Read("ws+unix:/run/app.sock").TryCombine(new Uri("//other/x", UriKind.Relative)));

    [Fact]
    public void Any_path_survives_the_way_into_a_url_and_back() => Gen.Char[' ', 'ÿ'].Array[1, 40].Sample(name =>
    {
        var socket = new LocalSocketUri(IsPipe: false, $"/{new string(name)}x", "/route?q");
        Assert.Equal(socket, Read(socket.ToUri().OriginalString));
    });

    [Theory, InlineData("//run/app.sock"), InlineData("///a"), InlineData("/a//b"), InlineData("/:a")]
    public void So_does_a_path_that_looks_like_a_host(string path)
    {
        var socket = new LocalSocketUri(IsPipe: false, path, "/");
        Assert.Equal(socket, Read(socket.ToUri().OriginalString));
    }

    [Theory, InlineData("ws://host/", false), InlineData("ws+unix:/a", true), InlineData("ws+npipe:a", true), InlineData("wss+unix:/a", false)]
    public void Two_schemes_are_of_sockets(string url, bool isOne) => Assert.Equal(isOne, LocalSocketUri.IsOne(new Uri(url)));

    private static LocalSocketUri Read(string url, bool hasDrives = false)
    {
        Assert.True(LocalSocketUri.TryRead(new Uri(url), hasDrives, out LocalSocketUri? socket, out string? error), error);
        return socket;
    }
}
