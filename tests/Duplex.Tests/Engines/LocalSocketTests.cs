namespace Duplex.Tests;

public sealed class LocalSocketTests
{
    private static readonly Uri Chat = new("ws+unix:/run/app.sock:/chat?room=1");

    [Fact]
    public void Handlers_see_a_host_that_cannot_exist_and_the_route()
    {
        LocalSocket socket = LocalSocket.Of(Chat)!;
        Uri seen = socket.ToHttp(Chat);

        Assert.Matches("^http://[0-9a-f]{32}\\.unix\\.invalid/chat\\?room=1$", seen.AbsoluteUri);
        Assert.True(socket.IsAt(seen));
        Assert.Equal(Chat, LocalSocket.Restore(seen, socket));
        Assert.EndsWith(".pipe.invalid", LocalSocket.Of(new Uri("ws+npipe:app"))!.Host, StringComparison.Ordinal);
        Assert.Null(LocalSocket.Of(new Uri("ws://host/")));
    }

    [Fact]
    public void A_handler_above_may_change_the_route_or_leave_the_socket()
    {
        LocalSocket socket = LocalSocket.Of(Chat)!;

        Assert.Equal("ws+unix:/run/app.sock:/other?x", LocalSocket.Restore(new Uri($"ws://{socket.Host}/other?x"), socket).OriginalString);
        foreach (string elsewhere in (string[])["ws://host.test/chat", $"wss://{socket.Host}/chat", $"ws://{socket.Host}:81/chat"])
            Assert.Equal(elsewhere, LocalSocket.Restore(new Uri(elsewhere), socket).OriginalString);
        Assert.Equal("ws://host.test/", LocalSocket.Restore(new Uri("ws://host.test/"), null).OriginalString);
    }

    [Fact]
    public void Each_socket_has_a_host_of_its_own()
    {
        string[] urls = ["ws+unix:/run/app.sock", "ws+unix:/run/App.sock", "ws+unix:/run//app.sock", "ws+unix:/run/app.sock2", "ws+unix:%00app", "ws+npipe:app", "ws+npipe:App"];

        Assert.Equal(urls.Length, urls.Select(url => LocalSocket.Of(new Uri(url))!.Host).Distinct().Count());
        Assert.Equal(LocalSocket.Of(Chat)!.Host, LocalSocket.Of(new Uri("ws+unix:///run/app%2Esock:/else"))!.Host);
    }

    [Fact]
    public void A_request_gets_the_socket_and_a_host_unless_it_has_one()
    {
        LocalSocket socket = LocalSocket.Of(Chat)!;
        using var request = new HttpRequestMessage { Headers = { { "X-A", ["1", "2"] }, { "X-B", "3" } } };
        request.Headers.Protocol = "websocket";
        using var named = new HttpRequestMessage { Headers = { Host = "app.test" } };
        Assert.Null(LocalSocket.Of(request));

        socket.Address(request);
        socket.Address(named);

        Assert.Same(socket, LocalSocket.Of(request));
        Assert.Equal(("localhost", "app.test"), (request.Headers.Host, named.Headers.Host));
        Assert.Equal(["Host: localhost", "X-A: 1, 2", "X-B: 3"], request.Headers.NonValidated.Select(header => $"{header.Key}: {header.Value}"));
        Assert.Equal("websocket", request.Headers.Protocol);
    }

    [Theory, InlineData("a.unix.invalid", true), InlineData("a.pipe.invalid", true), InlineData("a.invalid", false), InlineData("unix.invalid", false)]
    public void The_hosts_of_sockets_are_known(string host, bool isOne) => Assert.Equal(isOne, LocalSocket.IsHost(host));

    [Fact]
    public void A_path_that_the_system_does_not_take_is_refused_without_repeating_it()
    {
        var error = Assert.Throws<ArgumentException>(() => LocalSocket.Of(new Uri($"ws+unix:/{new string('s', 200)}:/")));

        Assert.StartsWith("The path of the Unix socket is too long", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sss", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_connects_to_what_the_url_names() => await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(
        () => LocalSocket.Of(new Uri($"ws+unix:/dx/{Guid.NewGuid():N}:/"))!.ConnectAsync(default).Soon());
}
