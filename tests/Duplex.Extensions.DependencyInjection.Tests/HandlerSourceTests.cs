using System.Net.WebSockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Duplex.Tests;

public sealed class HandlerSourceTests
{
    [Fact]
    public void A_handler_is_created_with_the_options_as_they_are_then()
    {
        IConfigurationRoot configuration = Clients.Configuration(("PingInterval", "00:00:30"));
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets(configuration);
        using ServiceProvider provider = services.Build();
        var source = provider.GetRequiredService<HandlerSource>();
        using WebSocketsHandler first = source.Create("feed");

        configuration["PingInterval"] = "no";
        using WebSocketsHandler second = source.Create("feed");
        configuration["PingInterval"] = "00:00:40";
        using WebSocketsHandler third = source.Create("feed");

        Assert.NotSame(first, second);
        Assert.Equal(TimeSpan.FromSeconds(40), provider.OptionsOf("feed").PingInterval);
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
        Assert.Contains("Feed:PingInterval: \"no\" is no duration.", text, StringComparison.Ordinal);
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
}
