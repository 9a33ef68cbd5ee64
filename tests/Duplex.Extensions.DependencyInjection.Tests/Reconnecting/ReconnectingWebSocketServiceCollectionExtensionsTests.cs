using Duplex.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

[Collection(nameof(FeedScene))]
public sealed class ReconnectingWebSocketServiceCollectionExtensionsTests
{
    [Fact]
    public async Task A_feed_sends_and_receives_once_the_host_has_started()
    {
        await using var scene = new FeedScene();
        scene.Server.NextConnection().Expect("order").Send("done");
        await scene.Host.StartAsync().Soon();

        SendReceipt receipt = await scene.Feed.SendAsync("order").Soon();
        Frame frame = await scene.Feed.Incoming.ReadAsync().Soon();

        Assert.Equal(1, receipt.Epoch);
        Assert.Equal("done", ((Frame.Text)frame).ReadText());
        await scene.Server.VerifyAsync();
    }

    [Fact]
    public async Task It_connects_again_through_the_client()
    {
        await using var scene = new FeedScene();
        scene.Server.NextConnection().Vanish();

        await scene.StartAsync();
        await scene.Time.AdvanceUntilAsync(() => scene.Feed.Current is { Phase: ConnectionPhase.Ready, Epoch: 2 }, TimeSpan.FromMinutes(1));

        Assert.Equal(2, scene.Server.ConnectionCount);
    }

    [Fact]
    public async Task The_key_and_the_type_alone_resolve_the_same_feed()
    {
        await using var scene = new FeedScene();

        Assert.Same(scene.Feed, scene.Services.GetRequiredService<ReconnectingWebSocket>());
        Assert.Equal(ConnectionPhase.NotStarted, scene.Feed.Current.Phase);
    }

    [Fact]
    public async Task Of_several_feeds_one_must_be_named()
    {
        await using var scene = new FeedScene((scene, services) =>
        {
            services.AddReconnectingWebSocket("one", FeedScene.Url).UseTestServer(scene.Server);
            services.AddReconnectingWebSocket("two", FeedScene.Url).UseTestServer(scene.Server);
        });
        await scene.Host.StartAsync().Soon();

        Assert.NotSame(scene.Services.GetRequiredKeyedService<ReconnectingWebSocket>("one"), scene.Services.GetRequiredKeyedService<ReconnectingWebSocket>("two"));
        var error = Assert.Throws<InvalidOperationException>(scene.Services.GetRequiredService<ReconnectingWebSocket>);
        Assert.Equal("There are several ReconnectingWebSockets: one, two. Ask for one by its name: [FromKeyedServices(\"one\")].", error.Message);
        Assert.Throws<InvalidOperationException>(() => scene.Services.GetRequiredKeyedService<ReconnectingWebSocket>("three"));
    }

    [Fact]
    public void A_name_is_given_once()
    {
        var services = new ServiceCollection();
        services.AddReconnectingWebSocket("feed", FeedScene.Url);

        var error = Assert.Throws<ArgumentException>(() => services.AddReconnectingWebSocket("feed", "wss://other.test"));

        Assert.Equal("There is a ReconnectingWebSocket 'feed' already. Give each a name of its own.", error.Message);
    }

    [Fact]
    public void Names_and_urls_are_not_empty()
    {
        var services = new ServiceCollection();

        Assert.Throws<ArgumentException>("name", () => services.AddReconnectingWebSocket("", FeedScene.Url));
        Assert.Throws<ArgumentException>("url", () => services.AddReconnectingWebSocket("feed", " "));
        Assert.Throws<ArgumentNullException>("services", () => ((IServiceCollection)null!).AddReconnectingWebSocket("feed", FeedScene.Url));
        Assert.Throws<ArgumentNullException>("configure", () => services.AddReconnectingWebSocket("feed", FeedScene.Url, (Action<IServiceProvider, ReconnectingWebSocketOptions>)null!));
    }

    [Theory]
    [InlineData("ftp://server.test/feed", "scheme")]
    [InlineData("wss://server.test/feed#part", "fragment")]
    [InlineData("/feed", "BaseAddress")]
    [InlineData("wss://", "not a valid one")]
    public async Task A_bad_url_fails_the_hosts_start(string url, string part)
    {
        await using var scene = new FeedScene((scene, services) => services.AddReconnectingWebSocket("feed", url).UseTestServer(scene.Server));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => scene.Host.StartAsync().Soon());

        Assert.StartsWith("ReconnectingWebSocket 'feed': The URL", error.Message, StringComparison.Ordinal);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_is_relative_to_the_clients_base_address()
    {
        await using var scene = new FeedScene((scene, services) => services.AddReconnectingWebSocket("feed", "/ticks")
            .ConfigureHttpClient(client => client.BaseAddress = new Uri("wss://base.test/"))
            .UseTestServer(scene.Server));

        await scene.StartAsync();

        Assert.Equal("/ticks", scene.Server.Connections[0].Request.Uri.AbsolutePath);
    }

    [Fact]
    public async Task A_bad_option_fails_the_hosts_start_with_the_feeds_name()
    {
        await using var scene = new FeedScene(options => options.MinDelay = TimeSpan.Zero);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => scene.Host.StartAsync().Soon());

        Assert.StartsWith("ReconnectingWebSocket 'feed': MinDelay", error.Message, StringComparison.Ordinal);
        Assert.IsType<ArgumentOutOfRangeException>(error.InnerException);
    }

    [Fact]
    public async Task Options_may_need_services()
    {
        await using var scene = new FeedScene((scene, services) =>
        {
            services.AddSingleton("hello");
            services.AddReconnectingWebSocket("feed", FeedScene.Url, (provider, options) =>
            {
                string greeting = provider.GetRequiredService<string>();
                options.OnConnected((connection, token) => connection.SendAsync(greeting, token));
            }).UseTestServer(scene.Server);
        });
        scene.Server.NextConnection().Expect("hello");

        await scene.StartAsync();

        await scene.Server.VerifyAsync();
    }

    [Fact]
    public async Task Its_log_is_the_containers_with_its_name()
    {
        var log = new ListLogger();
        await using var scene = new FeedScene((scene, services) =>
        {
            services.AddSingleton<ILoggerFactory>(log);
            services.AddReconnectingWebSocket("prices", FeedScene.Url).UseTestServer(scene.Server);
        });
        await scene.Host.StartAsync().Soon();
        await scene.Services.GetRequiredService<ReconnectingWebSocket>().StartAsync().Soon();

        Assert.Contains(log.Entries, entry => entry.Text.Contains("prices", StringComparison.Ordinal) && entry.Level == LogLevel.Information);
    }
}
