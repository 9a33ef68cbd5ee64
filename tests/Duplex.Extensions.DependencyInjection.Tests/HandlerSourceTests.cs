using System.Net.WebSockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Duplex.Tests;

public sealed class HandlerSourceTests
{
    [Fact]
    public async Task A_handler_has_the_options_as_they_are_then_or_the_last_valid_ones()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        IConfigurationRoot configuration = Clients.Configuration();
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets(configuration);
        await using ServiceProvider provider = services.Build();
        var source = provider.GetRequiredService<HandlerSource>();
        var subprotocols = new List<string?>();

        foreach (string subprotocol in (string[])["v1", "v2", "no token", "v3"])
        {
            configuration["Subprotocols:0"] = subprotocol;
            using var client = new HttpClient(source.Create("feed"));
            await using DefaultClientWebSocketSession session = await client.EchoAsync(server.Address);
            subprotocols.Add(session.Subprotocol);
        }

        Assert.Equal(["v1", "v2", "v2", "v3"], subprotocols);
    }

    // OpenTelemetry's exporters do so. A cycle would hang, or overflow the stack.
    [Theory, InlineData(false), InlineData(true)]
    public async Task A_logger_provider_may_need_the_client_factory(bool loggersFirst)
    {
        var services = new ServiceCollection();
        services.AddSingleton<ILoggerProvider, Exporter>();
        services.AddHttpClient("feed").AddWebSockets();
        await using ServiceProvider provider = services.Build();

        await Task.Run(() =>
        {
            if (loggersFirst)
                provider.GetRequiredService<ILoggerFactory>();
            provider.Client("feed").Dispose();
        }).Soon();
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_logger_provider_may_create_a_client_that_has_the_plugin(bool loggersFirst)
    {
        await using EchoServer server = await EchoServer.StartAsync();
        var exporter = new List<(string Category, int Id)>();
        var services = new ServiceCollection();
        services.AddSingleton(exporter).AddSingleton<ILoggerProvider, CreatingExporter>();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug));
        services.AddHttpClient("exporter").RemoveAllLoggers(); // the platform's would need the logger factory, too
        services.ConfigureHttpClientDefaults(client => client.AddWebSockets());
        await using ServiceProvider provider = services.Build();

        await Task.Run(async () =>
        {
            if (loggersFirst)
                provider.GetRequiredService<ILoggerFactory>();
            await using DefaultClientWebSocketSession session = await provider.Client("exporter").EchoAsync(server.Address);
        }).Soon();

        Assert.Contains(("Duplex", 15), exporter);
    }

    [Fact]
    public async Task What_configures_options_may_use_a_client_of_its_own()
    {
        var services = new ServiceCollection();
        services.AddHttpClient<TokenService>();
        services.AddHttpClient("feed").AddWebSockets();
        services.AddOptions<WebSocketsOptions>("feed").Configure<TokenService>((ws, tokens) => ws.MaxFragments = tokens.Fragments);
        await using ServiceProvider provider = services.Build();

        await Task.Run(() => provider.Client("feed").Dispose()).Soon();

        Assert.Equal(7, provider.OptionsOf("feed").MaxFragments);
    }

    [Fact]
    public async Task A_service_of_options_by_code_may_use_another_client_that_has_the_plugin()
    {
        var services = new ServiceCollection();
        services.AddHttpClient<TokenService>();
        services.AddHttpClient("feed").AddWebSockets((services, ws) => ws.MaxFragments = services.GetRequiredService<TokenService>().Fragments);
        services.ConfigureHttpClientDefaults(client => client.AddWebSockets());
        await using ServiceProvider provider = services.Build();

        await Task.Run(() => provider.Client("feed").Dispose()).Soon();

        Assert.Equal(7, provider.OptionsOf("feed").MaxFragments);
    }

    [Fact]
    public void What_is_logged_has_the_category_of_all_and_an_event_of_the_contract()
    {
        var exporter = new List<(string Category, int Id)>();
        IConfigurationRoot configuration = Clients.Configuration();
        var services = new ServiceCollection();
        services.AddSingleton(exporter).AddSingleton<ILoggerProvider, CreatingExporter>();
        services.AddHttpClient("exporter").RemoveAllLoggers();
        services.AddHttpClient("feed").AddWebSockets(configuration);
        using ServiceProvider provider = services.Build();
        var source = provider.GetRequiredService<HandlerSource>();
        source.Create("feed").Dispose();

        configuration["PingInterval"] = "no";
        source.Create("feed").Dispose();

        Assert.Equal([("Duplex", 26)], exporter);
    }

    [Fact]
    public void A_logger_that_throws_fails_no_rotation()
    {
        IConfigurationRoot configuration = Clients.Configuration();
        var services = new ServiceCollection();
        using var broken = new Broken();
        services.AddSingleton<ILoggerProvider>(broken);
        services.AddHttpClient("feed").AddWebSockets(configuration);
        using ServiceProvider provider = services.Build();
        var source = provider.GetRequiredService<HandlerSource>();
        source.Create("feed").Dispose();

        configuration["PingInterval"] = "no";

        source.Create("feed").Dispose();
        Assert.Equal(1, broken.Logged);
    }

    [Fact]
    public void The_last_valid_options_outlive_a_configuration_that_becomes_invalid_and_it_is_logged()
    {
        using var logger = new ListLogger();
        IConfigurationRoot configuration = Clients.Configuration(("Feed:PingInterval", "00:00:30"));
        var services = new ServiceCollection();
        services.AddSingleton<ILoggerFactory>(logger);
        services.AddHttpClient("feed").AddWebSockets(configuration.GetSection("Feed"));
        using ServiceProvider provider = services.Build();
        var source = provider.GetRequiredService<HandlerSource>();
        source.Create("feed").Dispose();

        configuration["Feed:PingInterval"] = "no";
        source.Create("feed").Dispose();

        (_, LogLevel level, string text) = Assert.Single(logger.Entries);
        Assert.Equal(LogLevel.Error, level);
        Assert.StartsWith("The options of the HttpClient 'feed' are invalid; the last valid ones stay.", text, StringComparison.Ordinal);
        Assert.Contains("Feed:PingInterval: \"no\" is not a duration.", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_that_the_engine_lacks_count_as_invalid()
    {
        IConfigurationRoot configuration = Clients.Configuration(("HandshakeTimeout", "00:00:30"));
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets(configuration).AddWebSockets(ws => ws.Engine = WebSocketEngines.From((_, _) => new ValueTask<WebSocket>(new ClientWebSocket())));
        using ServiceProvider provider = services.Build();
        var source = provider.GetRequiredService<HandlerSource>();
        source.Create("feed").Dispose();

        configuration["PingInterval"] = "00:00:30";

        source.Create("feed").Dispose();
        Assert.False(source.SendsHandshakes("feed"));
    }

    [Fact]
    public void Options_that_never_were_valid_fail()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets(Clients.Configuration(("PingInterval", "no")));
        using ServiceProvider provider = services.Build();

        Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<HandlerSource>().Create("feed"));
        Assert.False(provider.GetRequiredService<HandlerSource>().SendsHandshakes("feed"));
    }

    // The factory replaces its handlers after their lifetime; each new one offers what the configuration says by then.
    [Fact]
    public async Task The_third_rotation_works_and_reads_the_configuration_again()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        IConfigurationRoot configuration = Clients.Configuration(("Subprotocols:0", "v0"));
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets(configuration).SetHandlerLifetime(TimeSpan.FromSeconds(1)); // the shortest
        await using ServiceProvider provider = services.Build();
        var handlers = provider.GetRequiredService<IHttpMessageHandlerFactory>();
        await using DefaultClientWebSocketSession old = await provider.Client("feed").EchoAsync(server.Address);

        for (int rotation = 1; rotation <= 3; rotation++)
        {
            configuration["Subprotocols:0"] = $"v{rotation}";
            HttpMessageHandler last = handlers.CreateHandler("feed");
            await Patience.Until(() => handlers.CreateHandler("feed") != last);

            await using DefaultClientWebSocketSession session = await provider.Client("feed").EchoAsync(server.Address);
            Assert.Equal($"v{rotation}", session.Subprotocol);
        }

        await old.SendTextAsync("still here");
        Assert.Equal("still here", await old.ReceiveTextAsync().AsTask().Soon());
        Assert.Equal("v0", old.Subprotocol);
    }

    // The factory disposes a chain some time after its last client.
    [Fact]
    public async Task A_session_survives_the_disposal_of_its_chain()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets().SetHandlerLifetime(TimeSpan.FromSeconds(1)); // the shortest
        await using ServiceProvider provider = services.Build();
        IReadOnlyList<HttpMessageHandler> first = provider.Chain("feed");
        await using DefaultClientWebSocketSession old = await provider.Client("feed").EchoAsync(server.Address);

        await Patience.Until(() => provider.Chain("feed")[0] != first[0]);
        first[1].Dispose(); // the one below the factory's own, which ignores its disposal

        Assert.IsType<HandshakeRoute>(first[^3]);
        using var disposed = new HttpMessageInvoker(first[^1], disposeHandler: false);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => disposed.SendAsync(new HttpRequestMessage(HttpMethod.Get, server.Address), default));
        await old.SendTextAsync("still here");
        Assert.Equal("still here", await old.ReceiveTextAsync().AsTask().Soon());
        await using DefaultClientWebSocketSession next = await provider.Client("feed").EchoAsync(server.Address);
    }

    private sealed class TokenService(HttpClient client)
    {
        public int Fragments => client.BaseAddress is null ? 7 : 0;
    }

    private class Exporter(IHttpClientFactory clients, List<(string Category, int Id)>? logged = null) : ILoggerProvider
    {
        protected IHttpClientFactory Clients { get; } = clients;

        public ILogger CreateLogger(string categoryName) => new Logger(categoryName, logged ?? []);

        public void Dispose()
        {
        }
    }

    private sealed class CreatingExporter : Exporter
    {
        public CreatingExporter(IHttpClientFactory clients, List<(string Category, int Id)> logged) : base(clients, logged) => Clients.CreateClient("exporter").Dispose();
    }

    private sealed class Logger(string category, List<(string Category, int Id)> logged) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (logged)
                logged.Add((category, eventId.Id));
        }
    }

    private sealed class Broken : ILoggerProvider, ILogger
    {
        public int Logged { get; private set; }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Logged++;
            throw new IOException("No disk.");
        }

        public void Dispose()
        {
        }
    }
}
