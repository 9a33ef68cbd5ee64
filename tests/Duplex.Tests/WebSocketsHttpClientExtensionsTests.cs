using Duplex.Ktor;

namespace Duplex.Tests;

/// <summary>Which URL each name and each shape of a call asks for.</summary>
public sealed class WebSocketsHttpClientExtensionsTests
{
    private const string Host = "host.test";

    [Theory]
    [InlineData("wss://a.test/x", "wss://a.test/x")]
    [InlineData("https://a.test/x", "wss://a.test/x")]
    [InlineData("https://a.test:80/x", "wss://a.test:80/x")]
    public async Task The_schemes_of_a_url_win_and_wss_takes_those_with_tls(string url, string expected)
    {
        var uri = new Uri(url);
        Assert.Equal([expected, expected, expected], await Asked.ByAsync(client => client.WebSocketAsync(url, Asked.Nothing), client => client.WebSocketAsync(uri, Asked.Nothing), client => client.WebSocketAsync(request => request.Uri = uri, Asked.Nothing)));
        Assert.Equal([expected, expected, expected], await Asked.ByAsync(client => client.WsAsync(url, Asked.Nothing), client => client.WsAsync(uri, Asked.Nothing), client => client.WsAsync(request => request.Uri = uri, Asked.Nothing)));
        Assert.Equal([expected, expected, expected], await Asked.ByAsync(client => client.WssAsync(url, Asked.Nothing), client => client.WssAsync(uri, Asked.Nothing), client => client.WssAsync(request => request.Uri = uri, Asked.Nothing)));
    }

    [Theory]
    [InlineData("http://base.test/", "ws://base.test/p")]
    [InlineData("http://base.test:8080/", "ws://base.test:8080/p")]
    [InlineData("https://base.test/", "wss://base.test/p")]
    [InlineData("https://base.test:8443/", "wss://base.test:8443/p")]
    [KtorParity("test-opening/DefaultRequestTest.testDefaultProtocol", "weakness/13-traps-of-URLs")]
    public async Task A_relative_url_has_the_scheme_and_the_port_of_the_base_address(string baseAddress, string expected) =>
        Assert.Equal([expected, expected], await Asked.ByAsync(
            client =>
            {
                client.BaseAddress = new Uri(baseAddress);
                return client.WebSocketAsync("/p", Asked.Nothing);
            },
            client => client.WsSessionAsync("p")));

    [Fact]
    [KtorParity("test-opening/DefaultRequestTest.testDefaultProtocol")]
    public async Task An_absolute_url_is_kept_whatever_the_base_address() =>
        Assert.Equal(["ws://other.test:123/"], await Asked.ByAsync(client =>
        {
            client.BaseAddress = new Uri("https://base.test/");
            return client.WebSocketAsync("ws://other.test:123", Asked.Nothing);
        }));

    public static TheoryData<string, Func<HttpClient, string, Task>> SecureCalls => new()
    {
        { "WssAsync(string)", (client, url) => client.WssAsync(url, Asked.Nothing) },
        { "WssAsync(Uri)", (client, url) => client.WssAsync(new Uri(url, UriKind.RelativeOrAbsolute), Asked.Nothing) },
        { "WssAsync(request)", (client, url) => client.WssAsync(request => request.Uri = new Uri(url, UriKind.RelativeOrAbsolute), Asked.Nothing) },
        { "WssAsync(host)", (client, url) => client.WssAsync(Host, null, null, Asked.Nothing, request => request.Uri = new Uri(url, UriKind.RelativeOrAbsolute)) },
        { "WssAsync, with a value", (client, url) => client.WssAsync(url, _ => Task.FromResult(1)) },
        { "WssSessionAsync(string)", (client, url) => client.WssSessionAsync(url) },
        { "WssSessionAsync(Uri)", (client, url) => client.WssSessionAsync(new Uri(url, UriKind.RelativeOrAbsolute)) },
        { "WssSessionAsync(request)", (client, url) => client.WssSessionAsync(request => request.Uri = new Uri(url, UriKind.RelativeOrAbsolute)) },
        { "WssRawAsync", (client, url) => client.WssRawAsync(url, Asked.Nothing) },
        { "WssRawSessionAsync", (client, url) => client.WssRawSessionAsync(url) },
    };

    [Theory, MemberData(nameof(SecureCalls))]
    [KtorParity("opening/wss-three-shapes", "weakness/13-traps-of-URLs")]
    public async Task Wss_never_opens_a_plain_connection(string name, Func<HttpClient, string, Task> call)
    {
        _ = name;
        int calls = 0;
        var above = new UserHandler((request, next) =>
        {
            calls++;
            return next(request);
        });
        var primary = new FakePrimaryHandler();
        above.InnerHandler = new WebSocketsHandler(primary);
        using var client = new HttpClient(above) { BaseAddress = new Uri("http://base.test/") };

        foreach (string plain in (string[])["ws://host.test/secret", "http://host.test/secret", "http://host.test:443/secret", "secret"])
        {
            ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => call(client, plain));
            Assert.Contains("Wss", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0, calls);
        Assert.Empty(primary.Requests);
        await call(client, "wss://host.test/");
        Assert.Single(primary.Requests);
    }

    [Fact]
    public async Task Wss_opens_no_plain_connection_either_where_a_handler_has_changed_the_url()
    {
        var primary = new FakePrimaryHandler();
        var above = new UserHandler((request, next) =>
        {
            request.RequestUri = new Uri("ws://host.test/");
            return next(request);
        });
        above.InnerHandler = new WebSocketsHandler(primary);
        using var client = new HttpClient(above);

        await Assert.ThrowsAsync<ArgumentException>(() => client.WssAsync("wss://host.test/", Asked.Nothing).Soon());
        Assert.Empty(primary.Requests);

        await client.WebSocketAsync("wss://host.test/", Asked.Nothing).Soon();
        Assert.Equal("ws://host.test/", primary.Request.RequestUri!.AbsoluteUri);
    }

    [Fact]
    [KtorParity("opening/the-blocks-value-is-dropped")]
    public async Task A_value_is_returned_from_each_shape()
    {
        using var client = new HttpClient(new WebSocketsHandler(new FakePrimaryHandler()));
        var uri = new Uri("wss://host.test/");

        Assert.Equal(1, await client.WebSocketAsync(uri.AbsoluteUri, _ => Task.FromResult(1)));
        Assert.Equal(2, await client.WebSocketAsync(uri, _ => Task.FromResult(2)));
        Assert.Equal(3, await client.WebSocketAsync(request => request.Uri = uri, _ => Task.FromResult(3)));
        Assert.Equal(4, await client.WebSocketAsync(Host, null, null, _ => Task.FromResult(4)));
        Assert.Equal(5, await client.WsAsync(uri.AbsoluteUri, _ => Task.FromResult(5)));
        Assert.Equal(6, await client.WsAsync(uri, _ => Task.FromResult(6)));
        Assert.Equal(7, await client.WsAsync(request => request.Uri = uri, _ => Task.FromResult(7)));
        Assert.Equal(8, await client.WsAsync(Host, null, null, _ => Task.FromResult(8)));
        Assert.Equal(9, await client.WssAsync(uri.AbsoluteUri, _ => Task.FromResult(9)));
        Assert.Equal(10, await client.WssAsync(uri, _ => Task.FromResult(10)));
        Assert.Equal(11, await client.WssAsync(request => request.Uri = uri, _ => Task.FromResult(11)));
        Assert.Equal(12, await client.WssAsync(Host, null, null, _ => Task.FromResult(12)));
        Assert.Equal(13, await client.WebSocketRawAsync(uri.AbsoluteUri, _ => Task.FromResult(13)));
        Assert.Equal(14, await client.WebSocketRawAsync(uri, _ => Task.FromResult(14)));
        Assert.Equal(15, await client.WebSocketRawAsync(request => request.Uri = uri, _ => Task.FromResult(15)));
        Assert.Equal(16, await client.WebSocketRawAsync(Host, null, null, _ => Task.FromResult(16)));
        Assert.Equal(17, await client.WsRawAsync(uri.AbsoluteUri, _ => Task.FromResult(17)));
        Assert.Equal(18, await client.WsRawAsync(uri, _ => Task.FromResult(18)));
        Assert.Equal(19, await client.WsRawAsync(request => request.Uri = uri, _ => Task.FromResult(19)));
        Assert.Equal(20, await client.WsRawAsync(Host, null, null, _ => Task.FromResult(20)));
        Assert.Equal(21, await client.WssRawAsync(uri.AbsoluteUri, _ => Task.FromResult(21)));
        Assert.Equal(22, await client.WssRawAsync(uri, _ => Task.FromResult(22)));
        Assert.Equal(23, await client.WssRawAsync(request => request.Uri = uri, _ => Task.FromResult(23)));
        Assert.Equal(24, await client.WssRawAsync(Host, null, null, _ => Task.FromResult(24)));
    }

    // Proven by the compiler: whatever form the block has, one overload is the best.
    [Fact]
    [KtorParity("test-opening/BuildersTest.testResolvingWsFunction")]
    public async Task No_form_of_a_block_is_ambiguous()
    {
        using var client = new HttpClient(new WebSocketsHandler(new FakePrimaryHandler()));
        const string Url = "ws://host.test/";
        var uri = new Uri(Url);

        Task[] without =
        [
            client.WebSocketAsync(Url, _ => Task.CompletedTask),
            client.WebSocketAsync(Url, async _ => await Task.Yield()),
            client.WebSocketAsync(Url, async delegate { await Task.Yield(); }),
            client.WebSocketAsync(Url, Asked.Nothing),
            client.WebSocketAsync(uri, async session => await session.FlushAsync(), request => request.Subprotocols.Add("a")),
            client.WebSocketAsync(request => request.Uri = uri, async _ => await Task.Yield()),
            client.WebSocketAsync(request => { request.Uri = uri; }, _ => Task.CompletedTask, CancellationToken.None),
            client.WebSocketAsync(Host, 80, "/", async _ => await Task.Yield()),
            client.WebSocketAsync(Host, null, null, _ => Task.CompletedTask, null, default),
            client.WebSocketAsync(host: Host, port: null, path: null, block: async _ => await Task.Yield()),
        ];
        Task<int>[] with =
        [
            client.WebSocketAsync(Url, _ => Task.FromResult(1)),
            client.WebSocketAsync(Url, async _ => await Task.FromResult(1)),
            client.WebSocketAsync(Url, One),
            client.WebSocketAsync(uri, async _ => { await Task.Yield(); return 1; }, null, default),
            client.WebSocketAsync(request => request.Uri = uri, async _ => await Task.FromResult(1)),
            client.WebSocketAsync(Host, 80, "/", async _ => await Task.FromResult(1)),
            client.WebSocketAsync(Host, null, null, One, cancellationToken: default),
        ];
        Task<DefaultClientWebSocketSession>[] sessions =
        [
            client.WebSocketSessionAsync(Url),
            client.WebSocketSessionAsync(Url, null),
            client.WebSocketSessionAsync(Url, null, CancellationToken.None),
            client.WebSocketSessionAsync(Url, null, default),
            client.WebSocketSessionAsync(uri, null, default),
            client.WebSocketSessionAsync(request => request.Uri = uri),
            client.WebSocketSessionAsync(Host, null, null),
            client.WebSocketSessionAsync(Host, 80, "/", request => request.Subprotocols.Add("a")),
        ];

        await Task.WhenAll(without).Soon();
        Assert.All(await Task.WhenAll(with).Soon(), value => Assert.Equal(1, value));
        foreach (DefaultClientWebSocketSession session in await Task.WhenAll(sessions).Soon())
            await session.DisposeAsync();
        InvalidDataException thrown = new();
        Assert.Same(thrown, await Assert.ThrowsAsync<InvalidDataException>(() => client.WebSocketAsync(Url, _ => throw thrown).Soon()));

        static async Task<int> One(DefaultClientWebSocketSession session)
        {
            await session.FlushAsync();
            return 1;
        }
    }
}
