namespace Duplex.Tests;

/// <summary>The calls of a client: what they refuse at once, and that options do not change later.</summary>
public sealed class ReconnectingHttpClientExtensionsTests
{
    [Fact]
    public void Null_arguments_are_refused_at_once()
    {
        using var client = new HttpClient();
        Func<ConnectedSession, CancellationToken, Task> block = (_, _) => Task.CompletedTask;
        Assert.Throws<ArgumentNullException>("client", () => { _ = ((HttpClient)null!).StayConnectedAsync("ws://server.test/", block); });
        Assert.Throws<ArgumentNullException>("block", () => { _ = client.StayConnectedAsync("ws://server.test/", (Func<ConnectedSession, CancellationToken, Task>)null!); });
        Assert.Throws<ArgumentNullException>("block", () => { _ = client.StayConnectedAsync("ws://server.test/", (Func<ConnectedSession, CancellationToken, ValueTask>)null!); });
        Assert.Throws<ArgumentNullException>("url", () => { _ = client.StayConnectedAsync(null!, block); });
        Assert.Throws<ArgumentNullException>("client", () => ((HttpClient)null!).CreateReconnectingWebSocket("ws://server.test/"));
        Assert.Throws<ArgumentNullException>("url", () => client.CreateReconnectingWebSocket((string)null!));
        Assert.Throws<ArgumentNullException>("url", () => client.CreateReconnectingWebSocket((Uri)null!));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("ws://server.test:port/?token=secret")]
    public void A_url_that_is_none_is_refused_at_once_and_not_repeated(string url)
    {
        using var client = new HttpClient();
        Assert.Throws<ArgumentException>(nameof(url), () => { _ = client.StayConnectedAsync(url, (_, _) => Task.CompletedTask); });
        var thrown = Assert.Throws<ArgumentException>(nameof(url), () => client.CreateReconnectingWebSocket(url));
        Assert.DoesNotContain("secret", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_url_may_be_relative_or_a_Uri()
    {
        await using var scene = new Scene();
        await scene.Client.StayConnectedAsync("/a?b=c", (_, _) => Task.CompletedTask).Soon();
        await using ReconnectingWebSocket feed = scene.Client.CreateReconnectingWebSocket(new Uri("ws://server.test/d"));
        await feed.StartAsync().Soon();
        await using ReconnectingWebSocket relative = scene.Client.CreateReconnectingWebSocket(new Uri("e", UriKind.Relative));
        await relative.StartAsync().Soon();
        Assert.Equal(["/a?b=c", "/d", "/e"], scene.Requests.Select(request => request.RequestUri!.PathAndQuery));
    }

    [Fact]
    public async Task A_client_without_the_plugin_is_given_up_at_once_and_told_so()
    {
        using var client = new HttpClient(new FakePrimaryHandler(_ => new HttpResponseMessage()));
        var thrown = await Assert.ThrowsAsync<ReconnectException>(
            () => client.StayConnectedAsync("ws://server.test/", (_, _) => Task.CompletedTask).Soon());
        Assert.Equal(1, thrown.Attempts);
        Assert.Contains("WebSocketsHandler", thrown.InnerException!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_happens_before_the_start_and_options_do_not_change_after_the_creation()
    {
        await using var scene = new Scene();
        ReconnectingWebSocketOptions kept = null!;
        int configured = 0, late = 0;
        await using ReconnectingWebSocket feed = scene.CreateFeed(options =>
        {
            kept = options;
            options.Configure = (_, _, _) =>
            {
                configured++;
                return default;
            };
        });
        Assert.Equal((0, 0), (scene.Attempts, configured));
        kept.Configure = (_, _, _) =>
        {
            late++;
            return default;
        };
        await feed.StartAsync().Soon();
        Assert.Equal((1, 0), (configured, late));
    }

    [Fact]
    public async Task An_exception_of_the_configuring_code_is_thrown_at_once()
    {
        await using var scene = new Scene();
        Assert.Throws<FormatException>(() => scene.Client.CreateReconnectingWebSocket("/", _ => throw new FormatException()));
        Assert.Throws<FormatException>(() => { _ = scene.Client.StayConnectedAsync("/", (_, _) => Task.CompletedTask, _ => throw new FormatException()); });
        Assert.Equal(0, scene.Attempts);
    }

    [Fact]
    public async Task A_block_may_be_a_ValueTask()
    {
        await using var scene = new Scene();
        int runs = 0;
        Func<ConnectedSession, CancellationToken, ValueTask> block = (_, _) =>
        {
            runs++;
            return default;
        };
        await scene.Client.StayConnectedAsync("/", block).Soon();
        Assert.Equal(1, runs);
    }
}
