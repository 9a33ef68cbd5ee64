using MarketFeed;
using MarketFeed.Simulation;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Duplex.Tests;

/// <summary>The sample, in this process, on a free port.</summary>
internal sealed class MarketFeedHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private MarketFeedHost(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();

    public PriceBoard Board => _app.Services.GetRequiredService<PriceBoard>();

    public Exchange Exchange => _app.Services.GetRequiredService<Exchange>();

    public static async Task<MarketFeedHost> StartAsync(params string[] settings)
    {
        WebApplication app = MarketFeedApp.Create(
        [
            "--urls", "http://127.0.0.1:0", "--contentRoot", Path.Combine(RepositoryRoot.Path, "samples", "MarketFeed"),
            "--Logging:LogLevel:Default", "None", "--Logging:LogLevel:Duplex", "None",
            "--Logging:LogLevel:MarketFeed", "None", "--Logging:LogLevel:Microsoft.Hosting.Lifetime", "None",
            "--Feed:FirstRetry", "00:00:00.010", "--Feed:LongestRetry", "00:00:00.100", .. settings,
        ]);
        try
        {
            await app.StartAsync().Soon();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new MarketFeedHost(app);
    }

    /// <summary>As Ctrl+C does.</summary>
    public Task StopAsync() => _app.StopAsync().Soon();

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
