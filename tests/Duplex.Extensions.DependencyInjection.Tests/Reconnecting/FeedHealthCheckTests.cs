using System.Net;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Duplex.Tests;

[Collection(nameof(FeedScene))]
public sealed class FeedHealthCheckTests
{
    [Fact]
    public async Task Ready_is_healthy()
    {
        await using var scene = new FeedScene();
        await scene.StartAsync();

        HealthReportEntry entry = await scene.CheckAsync();

        Assert.Equal((HealthStatus.Healthy, "A connection is ready."), (entry.Status, entry.Description));
        Assert.Equal([new("epoch", 1), new("phase", "Ready")], entry.Data.OrderBy(pair => pair.Key));
    }

    [Fact]
    public async Task A_short_gap_is_degraded_a_long_one_unhealthy()
    {
        await using var scene = new FeedScene();
        await scene.StartAsync();
        scene.Server.OtherConnections().Refuse(HttpStatusCode.ServiceUnavailable);
        scene.Server.Connections[0].Vanish();

        await scene.Time.AdvanceAsync(TimeSpan.FromSeconds(29));
        Assert.Equal(HealthStatus.Degraded, (await scene.CheckAsync()).Status);
        await scene.Time.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(HealthStatus.Unhealthy, (await scene.CheckAsync()).Status);
    }

    [Fact]
    public async Task A_wait_reports_why_and_for_how_long_and_no_url()
    {
        await using var scene = new FeedScene();
        scene.Server.OtherConnections().Refuse(HttpStatusCode.ServiceUnavailable);
        await scene.StartAsync(ConnectionPhase.Waiting);

        HealthReportEntry entry = await scene.CheckAsync();

        Assert.Equal(HealthStatus.Degraded, entry.Status);
        Assert.Equal("Waiting", entry.Data["phase"]);
        Assert.Equal(0, entry.Data["epoch"]);
        Assert.Equal(scene.Feed.Current.Verdict!.Why, entry.Data["why"]);
        Assert.Equal(scene.Feed.Current.Delay, entry.Data["nextDelay"]);
        Assert.Null(entry.Exception);
        Assert.DoesNotContain("server.test", $"{entry.Description} {string.Join(' ', entry.Data.Values)}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Giving_up_is_unhealthy_at_once()
    {
        await using var scene = new FeedScene();
        scene.Server.OtherConnections().Refuse(HttpStatusCode.NotFound);
        await scene.StartAsync(ConnectionPhase.Stopped);

        HealthReportEntry entry = await scene.CheckAsync();

        Assert.Equal((HealthStatus.Unhealthy, "The connection was given up."), (entry.Status, entry.Description));
    }

    [Fact]
    public async Task Attempts_that_are_used_up_are_unhealthy()
    {
        await using var scene = new FeedScene(options => options.MaxAttempts = 2);
        scene.Server.OtherConnections().Refuse(HttpStatusCode.ServiceUnavailable);
        await scene.StartAsync(ConnectionPhase.Stopped);

        Assert.Equal(HealthStatus.Unhealthy, (await scene.CheckAsync()).Status);
    }

    [Fact]
    public async Task What_the_program_closed_or_has_not_started_is_degraded()
    {
        await using var scene = new FeedScene(startWithHost: false);

        Assert.Equal("It was not started.", (await scene.CheckAsync()).Description);
        await scene.Feed.StartAsync().Soon();
        await scene.Feed.CloseAsync().Soon();
        await scene.Time.SettleAsync();
        HealthReportEntry entry = await scene.CheckAsync();

        Assert.Equal((HealthStatus.Degraded, "It was closed."), (entry.Status, entry.Description));
    }
}
