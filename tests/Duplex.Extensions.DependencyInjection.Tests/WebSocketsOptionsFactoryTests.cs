using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class WebSocketsOptionsFactoryTests
{
    [Fact]
    public void The_containers_logging_metrics_and_clock_are_used()
    {
        var time = new FakeTimeProvider();
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(time);
        services.AddHttpClient("feed").AddWebSockets();
        using ServiceProvider provider = services.Build();

        WebSocketsOptions options = provider.OptionsOf("feed");

        Assert.Same(time, options.TimeProvider);
        Assert.IsType<ContainerLoggers>(options.LoggerFactory);
        Assert.Same(provider.GetRequiredService<IMeterFactory>(), options.MeterFactory);
    }

    [Fact]
    public void Code_overrides_them_wherever_it_stands()
    {
        var time = new FakeTimeProvider();
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(new FakeTimeProvider());
        services.Configure<WebSocketsOptions>("feed", options => options.MeterFactory = null); // before AddWebSockets
        services.AddHttpClient("feed").AddWebSockets(options => options.TimeProvider = time);
        services.ConfigureHttpClientDefaults(client => client.AddWebSockets(options => options.LoggerFactory = NullLoggerFactory.Instance));
        using ServiceProvider provider = services.Build();

        WebSocketsOptions options = provider.OptionsOf("feed");

        Assert.Same(time, options.TimeProvider);
        Assert.Null(options.MeterFactory);
        Assert.Same(NullLoggerFactory.Instance, options.LoggerFactory);
    }

    [Fact]
    public void Without_them_the_defaults_stay()
    {
        using ServiceProvider empty = new ServiceCollection().Build();

        WebSocketsOptions options = new WebSocketsOptionsFactory(empty, [], [], []).Create(Options.DefaultName);

        Assert.Same(TimeProvider.System, options.TimeProvider);
        Assert.False(options.LoggerFactory.CreateLogger("Duplex").IsEnabled(LogLevel.Critical));
        Assert.Null(options.MeterFactory);
    }

    [Fact]
    public async Task A_handshake_is_logged_and_counted_by_the_containers_own()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        using var logger = new ListLogger();
        var services = new ServiceCollection();
        services.AddSingleton<ILoggerFactory>(logger);
        services.AddHttpClient("feed").AddWebSockets();
        await using ServiceProvider provider = services.Build();
        var meters = provider.GetRequiredService<IMeterFactory>();
        int handshakes = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope == meters && instrument.Meter.Name == "Duplex")
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => Interlocked.Increment(ref handshakes));
        listener.Start();

        await using DefaultClientWebSocketSession session = await provider.Client("feed").EchoAsync(server.Address);

        Assert.Contains(logger.Entries, entry => entry.Text.StartsWith("WebSocket handshake with", StringComparison.Ordinal));
        Assert.True(Volatile.Read(ref handshakes) > 0);
    }
}
