namespace Duplex.Tests;

/// <summary>A session that gets no message for too long is lost.</summary>
public sealed class IdleWatchTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_session_without_messages_is_lost_at_the_limit()
    {
        await using var scene = new Scene();
        (Connection connection, DefaultWebSocketSession server) = await scene.OpenAsync();
        await ExchangeAsync(connection, server);
        using var watch = new IdleWatch(connection.Session, scene.Time, Limit);
        long began = scene.Time.GetTimestamp();
        watch.Start();
        await scene.Time.PassStepwise(Limit - TimeSpan.FromSeconds(1));
        Assert.False(connection.HasEnded);
        await scene.PassUntilAsync(() => connection.HasEnded);
        Assert.InRange(scene.Time.GetElapsedTime(began), Limit, Limit + TimeSpan.FromSeconds(1));
        CloseResult result = await connection.Session.Completion.Soon();
        Assert.Contains("30 s (IdleTimeout)", Assert.IsType<TimeoutException>(result.Error).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_begins_the_time_anew()
    {
        await using var scene = new Scene();
        (Connection connection, DefaultWebSocketSession server) = await scene.OpenAsync();
        using var watch = new IdleWatch(connection.Session, scene.Time, Limit);
        long began = scene.Time.GetTimestamp();
        watch.Start();
        for (int round = 0; round < 3; round++)
        {
            await scene.Time.PassStepwise(Limit - TimeSpan.FromSeconds(1));
            await ExchangeAsync(connection, server);
        }

        Assert.False(connection.HasEnded);
        await scene.PassUntilAsync(() => connection.HasEnded);
        Assert.InRange(scene.Time.GetElapsedTime(began), (4 * Limit) - TimeSpan.FromSeconds(3), 4 * Limit);
    }

    [Fact]
    public async Task A_pong_is_no_message()
    {
        await using var scene = new Scene();
        (Connection connection, DefaultWebSocketSession server) = await scene.OpenAsync();
        await ExchangeAsync(connection, server);
        using var watch = new IdleWatch(connection.Session, scene.Time, Limit);
        long began = scene.Time.GetTimestamp();
        watch.Start();
        await scene.Time.PassStepwise(Limit / 2);
        await connection.Session.PingAsync().Soon();
        await scene.PassUntilAsync(() => connection.HasEnded);
        Assert.InRange(scene.Time.GetElapsedTime(began), Limit, Limit + TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task An_infinite_limit_has_no_timer_and_a_disposal_leaves_none()
    {
        await using var scene = new Scene();
        (Connection connection, _) = await scene.OpenAsync();
        int before = scene.Time.LiveTimers;
        using var never = new IdleWatch(connection.Session, scene.Time, Timeout.InfiniteTimeSpan);
        never.Start();
        Assert.Equal(before, scene.Time.LiveTimers);
        var watch = new IdleWatch(connection.Session, scene.Time, Limit);
        watch.Start();
        Assert.Equal(before + 1, scene.Time.LiveTimers);
        watch.Dispose();
        watch.Dispose();
        Assert.Equal(before, scene.Time.LiveTimers);
        scene.Time.Advance(Limit * 3);
        Assert.False(connection.HasEnded);
        var late = new IdleWatch(connection.Session, scene.Time, Limit);
        late.Dispose();
        late.Start();
        Assert.Equal(before, scene.Time.LiveTimers);
    }

    private static async Task ExchangeAsync(Connection connection, DefaultWebSocketSession server)
    {
        await server.SendAsync("x");
        Assert.Equal("x", await connection.Session.ReceiveTextAsync().Soon());
        await Task.Yield(); // off the loop's stack, so that it reads on
        await connection.Session.PingAsync().Soon(); // now it has: the time of a resume is not that of later
    }
}
