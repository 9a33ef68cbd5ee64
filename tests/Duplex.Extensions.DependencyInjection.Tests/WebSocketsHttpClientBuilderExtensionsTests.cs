using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;

namespace Duplex.Tests;

public sealed class WebSocketsHttpClientBuilderExtensionsTests
{
    [Fact]
    public async Task A_named_client_opens_sessions_with_its_own_options()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        var services = new ServiceCollection();
        services.AddHttpClient("one", client => client.BaseAddress = server.Address).AddWebSockets(ws => ws.Subprotocols.Add("v1"));
        services.AddHttpClient("two", client => client.BaseAddress = server.Address).AddWebSockets((_, ws) => ws.Subprotocols.Add("v2"));
        await using ServiceProvider provider = services.Build();

        await using DefaultClientWebSocketSession one = await provider.Client("one").EchoAsync(server.Address);
        await using DefaultClientWebSocketSession two = await provider.Client("two").WebSocketSessionAsync("/echo").Soon();

        Assert.Equal("v1", one.Subprotocol);
        Assert.Equal("v2", two.Subprotocol);
    }

    [Fact]
    public async Task A_typed_client_opens_sessions()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        var services = new ServiceCollection();
        services.AddHttpClient<Feed>().AddWebSockets(Clients.Configuration(("Subprotocols:0", "v1")));
        await using ServiceProvider provider = services.Build();

        await using DefaultClientWebSocketSession session = await provider.GetRequiredService<Feed>().Client.EchoAsync(server.Address);

        Assert.Equal("v1", session.Subprotocol);
    }

    [Fact]
    public async Task A_keyed_client_opens_sessions()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddAsKeyed().AddWebSockets(ws => ws.Subprotocols.Add("v1"));
        await using ServiceProvider provider = services.Build();
        await using AsyncServiceScope scope = provider.CreateAsyncScope();

        await using DefaultClientWebSocketSession session = await scope.ServiceProvider.GetRequiredKeyedService<HttpClient>("feed").EchoAsync(server.Address);

        Assert.Equal("v1", session.Subprotocol);
    }

    [Fact]
    public async Task Options_can_come_from_services_but_not_from_a_scope()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        var services = new ServiceCollection();
        services.AddSingleton(new Settings("v1")).AddScoped<Feed>();
        services.AddHttpClient("feed").AddWebSockets((services, ws) => ws.Subprotocols.Add(services.GetRequiredService<Settings>().Subprotocol));
        services.AddHttpClient("scoped").AddWebSockets((services, _) => services.GetRequiredService<Feed>());
        await using ServiceProvider provider = services.Build();
        HttpClient client;
        await using (AsyncServiceScope scope = provider.CreateAsyncScope())
        {
            client = scope.ServiceProvider.Client("feed");
            var error = Assert.Throws<InvalidOperationException>(() => scope.ServiceProvider.Client("scoped"));
            Assert.Contains("scoped service", error.Message, StringComparison.Ordinal);
        }

        await using DefaultClientWebSocketSession session = await client.EchoAsync(server.Address);

        Assert.Equal("v1", session.Subprotocol);
    }

    [Fact]
    public void Calls_for_one_client_add_one_plugin_and_apply_in_order()
    {
        var services = new ServiceCollection();
        IConfigurationRoot configuration = Clients.Configuration(("MaxFragments", "2"), ("PingInterval", "00:00:02"));
        services.AddHttpClient("feed")
            .AddWebSockets(ws => (ws.MaxFragments, ws.PingInterval, ws.PingTimeout) = (1, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)))
            .AddWebSockets(configuration)
            .AddWebSockets((_, ws) => ws.MaxFragments = 3)
            .AddWebSockets();
        using ServiceProvider provider = services.Build();

        WebSocketsOptions options = provider.OptionsOf("feed");

        Assert.Single(provider.Chain("feed").OfType<WebSocketsHandler>());
        Assert.Equal((3, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1)), (options.MaxFragments, options.PingInterval, options.PingTimeout));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_clients_own_options_follow_the_defaults_wherever_these_stand(bool defaultsFirst)
    {
        var services = new ServiceCollection();
        if (defaultsFirst)
            AddDefaults();
        services.AddHttpClient("feed").AddHttpMessageHandler(() => new Passing()).AddWebSockets(ws => ws.MaxFragments = 2);
        if (!defaultsFirst)
            AddDefaults();
        services.AddHttpClient("other");
        using ServiceProvider provider = services.Build();

        Assert.Equal((2, 9L), (provider.OptionsOf("feed").MaxFragments, provider.OptionsOf("feed").MaxFrameSize));
        Assert.Equal((1, 9L), (provider.OptionsOf("other").MaxFragments, provider.OptionsOf("other").MaxFrameSize));
        Assert.Single(provider.Chain("other").OfType<WebSocketsHandler>());

        // The client's own call says where.
        Assert.Equal(["Passing", "WebSocketsHandler"], provider.Chain("feed").Select(handler => handler.GetType().Name).Where(name => name is "Passing" or "WebSocketsHandler"));

        void AddDefaults() => services.ConfigureHttpClientDefaults(client => client.AddWebSockets(Clients.Configuration(("MaxFragments", "1"), ("MaxFrameSize", "9"))));
    }

    [Fact]
    public async Task Defaults_reach_a_client_and_a_session()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        var services = new ServiceCollection();
        services.ConfigureHttpClientDefaults(client => client.AddWebSockets(ws => ws.Subprotocols.Add("v1")));
        await using ServiceProvider provider = services.Build();
        HttpClient client = provider.Client("any");

        await using DefaultClientWebSocketSession session = await client.EchoAsync(server.Address);

        Assert.Equal("v1", session.Subprotocol);
        Assert.Equal("here", await client.GetStringAsync(new Uri(server.Address, "/moved")).Soon());
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_resilience_handler_repeats_a_handshake_that_was_refused(bool above)
    {
        await using EchoServer server = await EchoServer.StartAsync(refusals: 2);
        var services = new ServiceCollection();
        IHttpClientBuilder builder = services.AddHttpClient("feed");
        if (!above)
            builder.AddWebSockets();
        builder.AddStandardResilienceHandler(options => (options.Retry.Delay, options.Retry.UseJitter) = (TimeSpan.Zero, false));
        if (above)
            builder.AddWebSockets();
        await using ServiceProvider provider = services.Build();

        await using DefaultClientWebSocketSession session = await provider.Client("feed").EchoAsync(server.Address);

        Assert.Equal(3, server.Requests.Count);
        Assert.Equal(above ? 3 : 1, server.Requests.Select(headers => headers["Sec-WebSocket-Key"].ToString()).Distinct().Count());
    }

    [Fact]
    public async Task A_hedging_handler_opens_a_session()
    {
        await using EchoServer server = await EchoServer.StartAsync(refusals: 1);
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddStandardHedgingHandler().Configure(options => options.Hedging.Delay = TimeSpan.FromSeconds(29)); // only after a refusal
        services.AddHttpClient("feed").AddWebSockets();
        await using ServiceProvider provider = services.Build();

        await using DefaultClientWebSocketSession session = await provider.Client("feed").EchoAsync(server.Address);

        Assert.Equal(2, server.Requests.Count);
    }

    [Theory]
    [InlineData("https+http://feed")]
    [InlineData("http://feed")]
    [InlineData("ws://feed")]
    public async Task Service_discovery_resolves_a_name(string address)
    {
        await using EchoServer server = await EchoServer.StartAsync();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(Clients.Configuration(("services:feed:http:0", server.Address.OriginalString)));
        services.AddServiceDiscovery();
        services.ConfigureHttpClientDefaults(client => client.AddServiceDiscovery());
        services.AddHttpClient("feed", client => client.BaseAddress = new Uri(address)).AddWebSockets();
        await using ServiceProvider provider = services.Build();

        await using DefaultClientWebSocketSession session = await provider.Client("feed").WebSocketSessionAsync("/echo").Soon();

        Assert.Equal(server.Address.Port, session.Call.Request.Uri.Port);
    }

    [Fact]
    public async Task A_name_that_is_resolved_to_a_plain_address_opens_no_secure_session()
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(Clients.Configuration(("services:feed:http:0", "http://127.0.0.1:1")));
        services.AddServiceDiscovery();
        services.AddHttpClient("feed", client => client.BaseAddress = new Uri("https+http://feed")).AddServiceDiscovery().AddWebSockets();
        await using ServiceProvider provider = services.Build();

        var error = await Assert.ThrowsAsync<ArgumentException>(() => provider.Client("feed").WssSessionAsync("/echo").Soon());

        Assert.Contains("a name that a handler resolved to one", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_no_handler_resolves_says_so()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets();
        await using ServiceProvider provider = services.Build();

        var error = await Assert.ThrowsAsync<ArgumentException>(() => provider.Client("feed").WebSocketSessionAsync("https+http://feed/echo").Soon());

        Assert.Contains("service discovery", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_above_sees_a_get_request_and_adds_headers()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        var above = new Passing();
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddHttpMessageHandler(() => above).AddWebSockets();
        await using ServiceProvider provider = services.Build();

        await using DefaultClientWebSocketSession session = await provider.Client("feed").EchoAsync(server.Address);

        Assert.Equal("GET http", above.Seen);
        Assert.Equal("Bearer good", server.Requests.Single()["Authorization"]);
    }

    [Fact]
    public void Arguments_are_checked()
    {
        IHttpClientBuilder builder = new ServiceCollection().AddHttpClient("feed");

        Assert.Throws<ArgumentNullException>("builder", () => ((IHttpClientBuilder)null!).AddWebSockets());
        Assert.Throws<ArgumentNullException>("builder", () => ((IHttpClientBuilder)null!).AddWebSockets((_, _) => { }));
        Assert.Throws<ArgumentNullException>("builder", () => ((IHttpClientBuilder)null!).AddWebSockets(Clients.Configuration()));
        Assert.Throws<ArgumentNullException>("configure", () => builder.AddWebSockets((Action<IServiceProvider, WebSocketsOptions>)null!));
        Assert.Throws<ArgumentNullException>("configuration", () => builder.AddWebSockets((IConfiguration)null!));
        Assert.Same(builder, builder.AddWebSockets());
    }

    private sealed record Settings(string Subprotocol);

    private sealed class Feed(HttpClient client)
    {
        public HttpClient Client { get; } = client;
    }

    private sealed class Passing : DelegatingHandler
    {
        public string? Seen { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Seen = $"{request.Method} {request.RequestUri!.Scheme}";
            request.Headers.Authorization = new("Bearer", "good");
            return base.SendAsync(request, cancellationToken);
        }
    }
}
