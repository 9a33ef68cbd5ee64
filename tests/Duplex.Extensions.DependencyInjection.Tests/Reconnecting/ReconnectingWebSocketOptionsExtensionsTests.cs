using System.Threading.RateLimiting;

namespace Duplex.Tests;

[Collection(nameof(FeedScene))]
public sealed class ReconnectingWebSocketOptionsExtensionsTests
{
    [Fact]
    public async Task A_feed_sends_what_the_limiter_allows_and_leaves_it_open()
    {
        using var limiter = new ConcurrencyLimiter(new ConcurrencyLimiterOptions { PermitLimit = 1 });
        await using (var scene = new FeedScene(options => options.RateLimitBy(limiter)))
        {
            scene.Server.NextConnection().Expect("one").Expect("two");
            await scene.StartAsync();
            await scene.Feed.SendAsync("one").Soon();
            await scene.Feed.SendAsync("two").Soon();
            await scene.Server.VerifyAsync();
        }

        using RateLimitLease lease = limiter.AttemptAcquire();
        Assert.True(lease.IsAcquired);
    }

    [Fact]
    public async Task A_refusal_fails_the_send_and_not_the_connection()
    {
        using var limiter = new FixedWindowRateLimiter(new FixedWindowRateLimiterOptions { PermitLimit = 1, Window = TimeSpan.FromHours(1), AutoReplenishment = false });
        await using var scene = new FeedScene(options => options.RateLimitBy(limiter, whenRefused: RateLimitRefusal.Throw));
        await scene.StartAsync();
        await scene.Feed.SendAsync("one").Soon();

        var error = await Assert.ThrowsAsync<SendRateLimitException>(() => scene.Feed.SendAsync("two").Soon());

        Assert.Equal("The rate limiter refused the message. It was not sent.", error.Message);
        Assert.NotNull(error.RetryAfter);
        Assert.Equal(ConnectionPhase.Ready, scene.Feed.Current.Phase);
    }

    [Fact]
    public void Arguments_are_checked()
    {
        var options = new ReconnectingWebSocketOptions();
        using var limiter = new ConcurrencyLimiter(new ConcurrencyLimiterOptions { PermitLimit = 1 });

        Assert.Throws<ArgumentNullException>("options", () => ((ReconnectingWebSocketOptions)null!).RateLimitBy(limiter));
        Assert.Throws<ArgumentNullException>("limiter", () => options.RateLimitBy(null!));
        Assert.Throws<ArgumentOutOfRangeException>("bytesPerPermit", () => options.RateLimitBy(limiter, 0));
        Assert.Throws<ArgumentOutOfRangeException>("whenRefused", () => options.RateLimitBy(limiter, whenRefused: (RateLimitRefusal)2));
        Assert.Null(options.RateLimit);
    }
}
