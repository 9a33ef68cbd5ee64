using Duplex.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Duplex.Tests;

[Collection(nameof(FeedScene))]
public sealed class FeedSourceTests
{
    [Fact]
    public async Task The_clock_is_the_handlers_when_options_are_set()
    {
        TimeProvider? seen = null;
        string? name = null;
        await using var scene = new FeedScene(options => (seen, name) = (options.TimeProvider, options.Name));

        _ = scene.Feed;

        Assert.Same(scene.Time, seen);
        Assert.Equal("feed", name);
    }

    [Fact]
    public async Task A_client_without_its_plugin_is_an_error()
    {
        await using var scene = new FeedScene((scene, services) => services.AddReconnectingWebSocket("feed", FeedScene.Url)
            .UseTestServer(scene.Server)
            .ConfigureAdditionalHttpMessageHandlers((handlers, _) => handlers.Clear()));

        var error = Assert.Throws<InvalidOperationException>(() => scene.Feed);

        Assert.Contains("has removed the WebSocketsHandler", error.Message, StringComparison.Ordinal);
    }
}
