using Duplex.Testing;

namespace Duplex.Tests;

[Collection(nameof(FeedScene))]
public sealed class FeedWatchTests
{
    [Fact]
    public async Task The_time_without_a_connection_runs_from_its_loss_over_all_attempts()
    {
        await using var scene = new FeedScene(startWithHost: false);
        var watch = new FeedWatch(scene.Feed, scene.Time);
        TestConnection first = await ReadyAsync(scene);
        await scene.Time.AdvanceAsync(TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.Zero, watch.Read().Without);

        scene.Server.OtherConnections().Refuse(System.Net.HttpStatusCode.ServiceUnavailable);
        first.Vanish();
        await scene.Time.AdvanceAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(TimeSpan.FromMinutes(2), watch.Read().Without);
        Assert.Equal(1, watch.Read().Change.Epoch);
        Assert.True(scene.Server.ConnectionCount > 2);
    }

    [Fact]
    public async Task A_new_connection_ends_it()
    {
        await using var scene = new FeedScene(startWithHost: false);
        var watch = new FeedWatch(scene.Feed, scene.Time);
        TestConnection first = await ReadyAsync(scene);

        first.Vanish();
        await scene.Time.AdvanceUntilAsync(() => scene.Feed.Current is { Phase: ConnectionPhase.Ready, Epoch: 2 }, TimeSpan.FromMinutes(1));
        await scene.Time.SettleAsync();

        Assert.Equal((ConnectionPhase.Ready, TimeSpan.Zero), (watch.Read().Change.Phase, watch.Read().Without));
    }

    [Fact]
    public async Task Before_the_start_it_does_not_run()
    {
        await using var scene = new FeedScene(startWithHost: false);
        scene.Server.AllowsOtherClocks = true; // there is no client yet
        var watch = new FeedWatch(scene.Feed, scene.Time);
        scene.Server.OtherConnections().StallHandshake();

        await scene.Time.AdvanceAsync(TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.Zero, watch.Read().Without);
        scene.Feed.Start();
        await scene.Time.AdvanceAsync(TimeSpan.FromSeconds(3));

        Assert.Equal(TimeSpan.FromSeconds(3), watch.Read().Without);
    }

    private static async Task<TestConnection> ReadyAsync(FeedScene scene)
    {
        await scene.Feed.StartAsync().Soon();
        await scene.Time.SettleAsync();
        return scene.Server.Connections[0];
    }
}
