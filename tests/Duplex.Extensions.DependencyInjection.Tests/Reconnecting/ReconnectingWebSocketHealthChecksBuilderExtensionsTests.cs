using Duplex.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Duplex.Tests;

[Collection(nameof(FeedScene))]
public sealed class ReconnectingWebSocketHealthChecksBuilderExtensionsTests
{
    [Fact]
    public async Task Two_checks_of_one_feed_have_their_own_limits_names_states_and_tags()
    {
        await using var scene = new FeedScene((scene, services) =>
        {
            services.AddReconnectingWebSocket("feed", FeedScene.Url).UseTestServer(scene.Server);
            services.AddHealthChecks()
                .AddReconnectingWebSocket("feed", TimeSpan.FromMinutes(5), checkName: "live", tags: ["live"])
                .AddReconnectingWebSocket("feed", TimeSpan.Zero, checkName: "ready", failureStatus: HealthStatus.Degraded);
        });
        scene.Server.OtherConnections().StallHandshake();
        await scene.Host.StartAsync().Soon();
        await scene.Time.AdvanceAsync(TimeSpan.FromMinutes(1));

        HealthReportEntry live = await scene.CheckAsync("live");
        Assert.Equal((HealthStatus.Degraded, "live"), (live.Status, Assert.Single(live.Tags)));
        Assert.Equal(HealthStatus.Degraded, (await scene.CheckAsync("ready")).Status);
        await scene.Time.AdvanceAsync(TimeSpan.FromMinutes(4));
        Assert.Equal(HealthStatus.Unhealthy, (await scene.CheckAsync("live")).Status);
    }

    [Fact]
    public void Arguments_are_checked()
    {
        IHealthChecksBuilder builder = new ServiceCollection().AddHealthChecks();

        Assert.Throws<ArgumentException>("name", () => builder.AddReconnectingWebSocket(""));
        Assert.Throws<ArgumentOutOfRangeException>("unhealthyAfter", () => builder.AddReconnectingWebSocket("feed", TimeSpan.FromTicks(-1)));
        Assert.Throws<ArgumentNullException>("builder", () => ((IHealthChecksBuilder)null!).AddReconnectingWebSocket("feed"));
    }
}
