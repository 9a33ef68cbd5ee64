using System.Net;

namespace Duplex.Tests;

/// <summary>Clocks that jump, and processes that stand still, do not disturb a feed.</summary>
public sealed class ClockJumpTests
{
    [Fact]
    public async Task A_process_that_stood_still_reads_first_and_is_idle_only_after_that()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = scene.CreateFeed(options => options.IdleTimeout = TimeSpan.FromSeconds(30));
        await feed.StartAsync().Soon();
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        await Patience.Until(() => scene.Time.ArmedTimers > 0);

        scene.Time.StandStill(TimeSpan.FromMinutes(10));
        await server.SendAsync("was under way");

        Assert.Equal("was under way", ((Frame.Text)await feed.Incoming.ReadAsync().Soon()).ReadText());
        Assert.Equal((ConnectionPhase.Ready, 1), (feed.Current.Phase, feed.Current.Epoch));
        Task<Frame> next = feed.Incoming.ReadAsync().AsTask();
        await scene.PassUntilAsync(() => feed.Current.Epoch > 1 && feed.Current.Phase == ConnectionPhase.Ready);
        await (await scene.AcceptedAsync()).SendAsync("again");
        Assert.Equal("again", ((Frame.Text)await next.Soon()).ReadText());
    }

    [Fact]
    public async Task A_process_that_stood_still_in_a_wait_connects_once()
    {
        await using var scene = new Scene();
        scene.Fail();
        await using ReconnectingWebSocket feed = scene.CreateFeed();
        feed.Start();
        await scene.Time.Armed(TimeSpan.FromSeconds(0.25));
        scene.Time.StandStill(TimeSpan.FromHours(10));
        await Patience.Until(() => feed.Current.Phase == ConnectionPhase.Ready);
        Assert.Equal(2, scene.Attempts);
    }

    [Fact]
    public async Task A_wall_clock_that_jumps_changes_no_delay()
    {
        await using var scene = new Scene();
        var jumping = new JumpingClock(scene.Time);
        scene.Refuse(HttpStatusCode.ServiceUnavailable, response =>
        {
            response.Headers.Date = DateTimeOffset.UnixEpoch;
            response.Headers.RetryAfter = new(DateTimeOffset.UnixEpoch.AddSeconds(60));
        });
        using var client = new HttpClient(new WebSocketsHandler(new FakePrimaryHandler(scene.AnswerAsync), ws => ws.TimeProvider = jumping));
        client.Timeout = Timeout.InfiniteTimeSpan;
        await using ReconnectingWebSocket feed = client.CreateReconnectingWebSocket("ws://server.test/feed", options =>
            (options.TimeProvider, options.Random) = (jumping, () => 0));
        feed.Start();
        await scene.Time.Pass(TimeSpan.FromSeconds(60)); // the difference of the server's own times
        await Patience.Until(() => feed.Current.Phase == ConnectionPhase.Ready);
        Assert.Equal(DelaySource.RetryAfter, feed.Current.Verdict!.DelaySource);
    }

    // Its time of day is another at each call; time passes as on the other clock.
    private sealed class JumpingClock(TestClock steady) : TimeProvider
    {
        private int _years;

        public override long TimestampFrequency => steady.TimestampFrequency;

        public override long GetTimestamp() => steady.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            steady.CreateTimer(callback, state, dueTime, period);

        public override DateTimeOffset GetUtcNow() =>
            DateTimeOffset.UnixEpoch.AddYears(Interlocked.Increment(ref _years) % 2 == 0 ? 1 : 100);
    }
}
