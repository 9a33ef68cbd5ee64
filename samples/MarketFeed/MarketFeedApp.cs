using MarketFeed.Simulation;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace MarketFeed;

/// <summary>The program: a client of the feed, the page that shows it, and an exchange to try it with.</summary>
public static class MarketFeedApp
{
    public static WebApplication Create(string[] args)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolver = MarketJson.Default);
        AddFeed(builder);
        AddTelemetry(builder);
        builder.Services.AddSingleton<Exchange>();

        WebApplication app = builder.Build();
        app.UseWebSockets();
        app.UseFileServer(); // the page in wwwroot

        // A stream of server-sent events for each browser. It ends when the program stops.
        app.MapGet("/prices", (PriceBoard board, IHostApplicationLifetime lifetime) =>
            TypedResults.ServerSentEvents(board.FollowAsync(lifetime.ApplicationStopping)));
        app.MapExchange();
        return app;
    }

    private static void AddFeed(WebApplicationBuilder builder)
    {
        IConfigurationSection feed = builder.Configuration.GetRequiredSection("Feed");
        builder.Services.AddOptions<FeedSettings>()
            .Bind(feed)
            .Validate(settings => settings.Symbols.Length > 0, "Feed:Symbols: name at least one symbol.")
            .Validate(
                settings => settings.FirstRetry > TimeSpan.Zero && settings.LongestRetry >= settings.FirstRetry,
                "Feed:FirstRetry must be above zero, and Feed:LongestRetry not below it.")
            .ValidateOnStart();
        builder.Services
            .AddHttpClient(FeedClient.Name, (services, client) => client.BaseAddress =
                services.GetRequiredService<IOptions<FeedSettings>>().Value.BaseAddress
                ?? services.OwnAddress())
            .AddWebSockets(feed.GetSection("WebSockets"), errorOnUnknownKeys: true);

        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<PriceBoard>();
        builder.Services.AddHostedService<FeedClient>();
    }

    private static void AddTelemetry(WebApplicationBuilder builder)
    {
        bool console = builder.Configuration.GetValue<bool>("Telemetry:Console");
        OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("market-feed"))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter("Duplex");
                if (console)
                {
                    metrics.AddConsoleExporter((_, reader) =>
                        reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = 10_000);
                }
            })
            .WithTracing(tracing => tracing.AddSource("Duplex"));

        // The standard variable says where a collector listens. Without one, nothing is sent.
        if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 })
            telemetry.UseOtlpExporter();
    }
}
