using Duplex.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Duplex.Tests;

[Collection(nameof(FeedScene))]
public sealed class FeedsHostTests
{
    [Fact]
    public async Task The_start_waits_for_no_connection()
    {
        await using var scene = new FeedScene();
        scene.Server.OtherConnections().StallHandshake();

        await scene.Host.StartAsync().Soon();
        await scene.UntilAsync(ConnectionPhase.Connecting);

        await scene.Host.StopAsync().Soon();
        Assert.Equal(ConnectionPhase.Stopped, scene.Feed.Current.Phase);
    }

    [Fact]
    public async Task The_stop_closes_with_1001()
    {
        await using var scene = new FeedScene();
        await scene.StartAsync();

        await scene.Host.StopAsync().Soon();

        Assert.Equal(ConnectionPhase.Stopped, scene.Feed.Current.Phase);
        CloseResult? result = await scene.Server.Connections[0].Completion.Soon();
        Assert.Equal(CloseCode.GoingAway, result!.Reason.Code);
        Assert.True(result.WasClean);
    }

    [Fact]
    public async Task A_service_sends_from_its_start_to_its_stop_wherever_it_is_registered()
    {
        await using var scene = new FeedScene((scene, services) =>
        {
            services.AddHostedService<Talker>();
            services.AddReconnectingWebSocket("feed", FeedScene.Url).UseTestServer(scene.Server);
        });
        scene.Server.NextConnection().Expect("hello").Expect("goodbye").ExpectClose();

        await scene.Host.StartAsync().Soon();
        await scene.Host.StopAsync().Soon();

        await scene.Server.VerifyAsync();
    }

    [Fact]
    public async Task The_hosts_token_bounds_the_stop()
    {
        await using var scene = new FeedScene();
        scene.Server.NextConnection().RunRaw((_, token) => new TaskCompletionSource().Task.WaitAsync(token)); // never answers a Close
        await scene.StartAsync();
        using var limit = new CancellationTokenSource();

        Task stopped = scene.Host.StopAsync(limit.Token);
        await scene.Time.SettleAsync();
        Assert.False(stopped.IsCompleted);
        await limit.CancelAsync();

        await stopped.Soon();
    }

    [Fact]
    public async Task By_hand_it_is_started_later_and_still_closed_by_the_host()
    {
        await using var scene = new FeedScene(startWithHost: false);
        await scene.Host.StartAsync().Soon();
        await scene.Time.SettleAsync();
        Assert.Equal(ConnectionPhase.NotStarted, scene.Feed.Current.Phase);

        await scene.Feed.StartAsync().Soon();
        await scene.Host.StopAsync().Soon();

        Assert.Equal(ConnectionPhase.Stopped, scene.Feed.Current.Phase);
    }

    [Fact]
    public async Task By_hand_it_is_checked_at_the_start_all_the_same()
    {
        await using var scene = new FeedScene((scene, services) => services.AddReconnectingWebSocket("feed", "ftp://server.test", startWithHost: false));

        await Assert.ThrowsAsync<InvalidOperationException>(() => scene.Host.StartAsync().Soon());
    }

    [Fact]
    public async Task A_host_without_lifecycle_calls_starts_and_closes_it()
    {
        await using var scene = new FeedScene();
        FeedsHost host = scene.Services.GetServices<IHostedService>().OfType<FeedsHost>().Single();

        await host.StartAsync(CancellationToken.None).Soon();
        await host.StartAsync(CancellationToken.None).Soon();
        await scene.UntilAsync(ConnectionPhase.Ready);
        await host.StopAsync(CancellationToken.None).Soon();

        Assert.Equal(ConnectionPhase.Stopped, scene.Feed.Current.Phase);
    }

    [Fact]
    public async Task A_host_that_did_not_start_stops()
    {
        await using var scene = new FeedScene();

        await scene.Services.GetServices<IHostedService>().OfType<FeedsHost>().Single().StopAsync(CancellationToken.None).Soon();
    }

    [Fact]
    public async Task The_container_disposes_it()
    {
        ReconnectingWebSocket feed;
        await using (var scene = new FeedScene())
        {
            await scene.StartAsync();
            feed = scene.Feed;
        }

        Assert.Throws<ObjectDisposedException>(feed.Start);
    }

    private sealed class Talker(ReconnectingWebSocket feed) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => feed.SendAsync("hello", cancellationToken).AsTask();

        public Task StopAsync(CancellationToken cancellationToken) => feed.SendAsync("goodbye", cancellationToken).AsTask();
    }
}
