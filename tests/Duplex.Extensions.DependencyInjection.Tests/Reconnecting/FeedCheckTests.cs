using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Duplex.Tests;

[Collection(nameof(FeedScene))]
public sealed class FeedCheckTests
{
    private const string Message = "A health check has the name 'fed', and there is no ReconnectingWebSocket of that name. Call AddReconnectingWebSocket with it on the services, or correct it.";

    [Theory, InlineData(true), InlineData(false)]
    public async Task An_unknown_name_fails_the_hosts_start(bool hasOther)
    {
        await using var scene = new FeedScene((_, services) =>
        {
            if (hasOther)
                services.AddReconnectingWebSocket("feed", FeedScene.Url);
            services.AddHealthChecks().AddReconnectingWebSocket("fed");
        });

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => scene.Host.StartAsync().Soon());

        Assert.Equal(Message, error.Message);
    }

    [Fact]
    public async Task Without_a_host_the_check_says_it()
    {
        await using ServiceProvider provider = new ServiceCollection().AddLogging().AddHealthChecks().AddReconnectingWebSocket("fed").Services.Build();

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => provider.GetRequiredService<HealthCheckService>().CheckHealthAsync().Soon());

        Assert.Equal(Message, error.Message);
    }
}
