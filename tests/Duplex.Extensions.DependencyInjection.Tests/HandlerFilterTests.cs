using System.Diagnostics.Metrics;
using System.Net;
using System.Net.WebSockets;
using Microsoft.Extensions.DependencyInjection;

namespace Duplex.Tests;

public sealed class HandlerFilterTests
{
    [Fact]
    public async Task Ordinary_requests_follow_redirects_and_handshakes_do_not()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets();
        await using ServiceProvider provider = services.Build();
        HttpClient client = provider.Client("feed");

        Assert.Equal("here", await client.GetStringAsync(new Uri(server.Address, "/moved")).Soon());
        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync(new Uri(server.Address, "/moved")).Soon());
        await using DefaultClientWebSocketSession session = await client.EchoAsync(server.Address);

        Assert.Equal(HttpStatusCode.Redirect, error.StatusCode);
    }

    [Fact]
    public async Task The_primary_handler_that_the_user_configured_applies_to_both()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        int connections = 0;
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets().UseSocketsHttpHandler((handler, _) => handler.ConnectCallback = async (context, token) =>
        {
            Interlocked.Increment(ref connections);
            var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
            await socket.ConnectAsync(context.DnsEndPoint, token);
            return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
        });
        await using ServiceProvider provider = services.Build();
        HttpClient client = provider.Client("feed");

        Assert.Equal("here", await client.GetStringAsync(new Uri(server.Address, "/moved")).Soon());
        await using DefaultClientWebSocketSession session = await client.EchoAsync(server.Address);

        Assert.Equal(2, Volatile.Read(ref connections));
    }

    [Theory]
    [InlineData("default", true)]
    [InlineData("with redirects", true)]
    [InlineData("without redirects", true)]
    [InlineData("another", false)]
    [InlineData("another with LocalSocketHandler", true)]
    public async Task A_session_opens_over_a_unix_socket(string primary, bool opens)
    {
        string path = Path.Combine(Path.GetTempPath(), $"dx{Guid.NewGuid():N}.sock");
        await using EchoServer server = await EchoServer.StartAsync(path: path);
        var services = new ServiceCollection();
        IHttpClientBuilder builder = services.AddHttpClient("feed").AddWebSockets();
        if (primary.StartsWith("another", StringComparison.Ordinal))
            builder.ConfigurePrimaryHttpMessageHandler(() => new HttpClientHandler { AllowAutoRedirect = false });
        else if (primary != "default")
            builder.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = primary == "with redirects" });
        if (primary.EndsWith("LocalSocketHandler", StringComparison.Ordinal))
            builder.AddHttpMessageHandler(() => new LocalSocketHandler());
        await using ServiceProvider provider = services.Build();

        Task<DefaultClientWebSocketSession> opening = provider.Client("feed").WebSocketSessionAsync($"ws+unix:{path}:/echo");

        if (!opens)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => opening.Soon());
            return;
        }

        await using DefaultClientWebSocketSession session = await opening.Soon();
        await session.SendTextAsync("over it");
        Assert.Equal("over it", await session.ReceiveTextAsync().AsTask().Soon());
    }

    [Fact]
    public void One_that_does_not_follow_redirects_or_is_unknown_is_kept()
    {
        var sockets = new SocketsHttpHandler { AllowAutoRedirect = false };
        var old = new HttpClientHandler { AllowAutoRedirect = false };
        var own = new Primary();
        var services = new ServiceCollection();
        services.AddHttpClient("sockets").ConfigurePrimaryHttpMessageHandler(() => sockets).AddWebSockets();
        services.AddHttpClient("old").AddWebSockets().ConfigurePrimaryHttpMessageHandler(() => old);
        services.AddHttpClient("own").AddWebSockets().ConfigurePrimaryHttpMessageHandler(() => own);
        using ServiceProvider provider = services.Build();

        Assert.Same(sockets, provider.Chain("sockets")[^1]);
        Assert.Same(old, provider.Chain("old")[^1]);
        Assert.Same(own, provider.Chain("own")[^1]);
    }

    [Fact]
    public void Both_handlers_of_two_use_the_containers_metrics()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets();
        using ServiceProvider provider = services.Build();

        var handshakes = Assert.IsType<SocketsHttpHandler>(provider.Chain("feed")[^1]);

        Assert.IsType<LocalSocketHandler>(provider.Chain("feed")[^2]);
        Assert.IsType<HandshakeRoute>(provider.Chain("feed")[^3]);
        Assert.Same(provider.GetRequiredService<IMeterFactory>(), handshakes.MeterFactory);
    }

    public static TheoryData<string> Redirecting => ["HttpClientHandler", "wrapped SocketsHttpHandler", "wrapped HttpClientHandler"];

    [Theory, MemberData(nameof(Redirecting))]
    public void One_that_follows_redirects_and_cannot_be_copied_is_refused_with_the_line_to_change(string kind)
    {
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets().ConfigurePrimaryHttpMessageHandler(() => Create(kind));
        using ServiceProvider provider = services.Build();

        var error = Assert.Throws<InvalidOperationException>(() => provider.Client("feed"));

        Assert.Contains("'feed'", error.Message, StringComparison.Ordinal);
        Assert.Contains(kind.Split(' ')[^1], error.Message, StringComparison.Ordinal);
        Assert.Contains("In ConfigurePrimaryHttpMessageHandler, set AllowAutoRedirect to false", error.Message, StringComparison.Ordinal);
    }

    // The plugin came with the defaults; the client may never open a session.
    [Theory, MemberData(nameof(Redirecting))]
    public async Task With_defaults_it_is_refused_at_the_first_handshake(string kind)
    {
        var services = new ServiceCollection();
        services.ConfigureHttpClientDefaults(client => client.AddWebSockets());
        services.AddHttpClient("web").ConfigurePrimaryHttpMessageHandler(() => Create(kind));
        await using ServiceProvider provider = services.Build();

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => provider.Client("web").WebSocketSessionAsync("ws://127.0.0.1:1/").Soon());

        Assert.Contains("ConfigurePrimaryHttpMessageHandler", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_engine_that_uses_no_primary_handler_accepts_any()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("feed")
            .AddWebSockets(ws => ws.Engine = WebSocketEngines.From((_, _) => new ValueTask<WebSocket>(new ClientWebSocket())))
            .ConfigurePrimaryHttpMessageHandler(() => new HttpClientHandler());
        using ServiceProvider provider = services.Build();

        Assert.True(Assert.IsType<HttpClientHandler>(provider.Chain("feed")[^1]).AllowAutoRedirect);
    }

    [Fact]
    public void A_client_without_the_plugin_is_left_alone()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets();
        services.AddHttpClient("web").AddHttpMessageHandler(() => new WebSocketsHandler()).AddHttpMessageHandler(() => new WebSocketsHandler());
        using ServiceProvider provider = services.Build();

        Assert.True(Assert.IsType<SocketsHttpHandler>(provider.Chain("web")[^1]).AllowAutoRedirect);
    }

    [Theory]
    [InlineData("before", "AddHttpMessageHandler")]
    [InlineData("after", "AddHttpMessageHandler")]
    [InlineData("as primary", "ConfigurePrimaryHttpMessageHandler")]
    [InlineData("with defaults", "AddHttpMessageHandler")]
    public void Two_plugins_are_refused_with_the_line_to_remove(string place, string line)
    {
        var services = new ServiceCollection();
        IHttpClientBuilder builder = services.AddHttpClient("feed");
        _ = place switch
        {
            "before" => builder.AddHttpMessageHandler(() => new WebSocketsHandler()).AddWebSockets(),
            "after" => builder.AddWebSockets().AddHttpMessageHandler(() => new WebSocketsHandler()),
            "as primary" => builder.AddWebSockets().ConfigurePrimaryHttpMessageHandler(() => new WebSocketsHandler(new Primary())),
            _ => builder.AddHttpMessageHandler(() => new WebSocketsHandler()),
        };
        if (place == "with defaults")
            services.ConfigureHttpClientDefaults(client => client.AddWebSockets());
        using ServiceProvider provider = services.Build();

        var error = Assert.Throws<InvalidOperationException>(() => provider.Client("feed"));

        Assert.StartsWith($"HttpClient 'feed': There are two WebSocketsHandlers. AddWebSockets adds one; remove the one that {line}", error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_plugin_that_was_removed_is_missed_unless_it_came_with_the_defaults(bool byDefault)
    {
        var services = new ServiceCollection();
        IHttpClientBuilder builder = services.AddHttpClient("feed").ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler());
        if (byDefault)
            services.ConfigureHttpClientDefaults(client => client.AddWebSockets());
        else
            builder.AddWebSockets();
        builder.ConfigureAdditionalHttpMessageHandlers((handlers, _) => handlers.Clear());
        using ServiceProvider provider = services.Build();

        if (byDefault)
            Assert.True(Assert.IsType<SocketsHttpHandler>(provider.Chain("feed")[^1]).AllowAutoRedirect);
        else
            Assert.StartsWith("HttpClient 'feed': ConfigureAdditionalHttpMessageHandlers has removed the WebSocketsHandler of AddWebSockets.", Assert.Throws<InvalidOperationException>(() => provider.Client("feed")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plugin_in_place_of_the_one_that_was_removed_is_kept()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets()
            .ConfigureAdditionalHttpMessageHandlers((handlers, _) => handlers.Clear())
            .ConfigurePrimaryHttpMessageHandler(() => new WebSocketsHandler(new Primary()));
        using ServiceProvider provider = services.Build();

        Assert.Single(provider.Chain("feed").OfType<WebSocketsHandler>());
    }

    [Fact]
    public async Task A_client_without_AddWebSockets_says_so()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets();
        await using ServiceProvider provider = services.Build();

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => provider.Client("fed").WebSocketSessionAsync("ws://127.0.0.1:1/").Soon());

        Assert.Contains("has no WebSockets plugin", error.Message, StringComparison.Ordinal);
    }

    private static HttpMessageHandler Create(string kind) => kind switch
    {
        "HttpClientHandler" => new HttpClientHandler(),
        "wrapped SocketsHttpHandler" => new Passing { InnerHandler = new SocketsHttpHandler() },
        _ => new Passing { InnerHandler = new HttpClientHandler() },
    };

    private sealed class Passing : DelegatingHandler;

    private sealed class Primary : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
