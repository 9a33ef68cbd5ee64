using Duplex.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Duplex.Tests;

/// <summary>Tests in virtual time, which passes only when the whole process is idle. So they run alone.</summary>
[CollectionDefinition(nameof(FeedScene), DisableParallelization = true)]
public sealed class FeedSceneAlone;

/// <summary>A host with a feed, and the server in memory that the feed connects to.</summary>
internal sealed class FeedScene : IAsyncDisposable
{
    public const string Url = "wss://server.test/feed?secret=1";

    public FeedScene(Action<FeedScene, IServiceCollection> configure)
    {
        HostApplicationBuilder builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.ConfigureContainer(new DefaultServiceProviderFactory(new ServiceProviderOptions { ValidateScopes = true }));
        configure(this, builder.Services);
        Host = builder.Build();
    }

    /// <summary>A scene with one feed, named "feed".</summary>
    public FeedScene(Action<ReconnectingWebSocketOptions>? configure = null, bool startWithHost = true)
        : this((scene, services) =>
        {
            services.AddReconnectingWebSocket("feed", Url, configure, startWithHost).UseTestServer(scene.Server);
            services.AddHealthChecks().AddReconnectingWebSocket("feed");
        })
    {
    }

    public WebSocketTestServer Server { get; } = new();

    public VirtualTime Time => Server.Time;

    public IHost Host { get; }

    public IServiceProvider Services => Host.Services;

    public ReconnectingWebSocket Feed => Services.GetRequiredKeyedService<ReconnectingWebSocket>("feed");

    /// <summary>Starts the host, and lets time pass until the feed is in a phase.</summary>
    public async Task StartAsync(ConnectionPhase phase = ConnectionPhase.Ready)
    {
        await Host.StartAsync().Soon();
        await UntilAsync(phase);
    }

    public Task UntilAsync(ConnectionPhase phase) => Time.AdvanceUntilAsync(() => Feed.Current.Phase == phase, TimeSpan.FromMinutes(5));

    /// <summary>What the feed's health check reports.</summary>
    public async Task<HealthReportEntry> CheckAsync(string check = "feed") =>
        (await Services.GetRequiredService<HealthCheckService>().CheckHealthAsync().Soon()).Entries[check];

    public async ValueTask DisposeAsync()
    {
        await Time.AdvanceUntilAsync(((IAsyncDisposable)Host).DisposeAsync().AsTask(), TimeSpan.FromMinutes(1));
        await Server.DisposeAsync();
    }
}
