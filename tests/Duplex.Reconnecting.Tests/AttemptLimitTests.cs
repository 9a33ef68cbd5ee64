namespace Duplex.Tests;

/// <summary>The time of one attempt, with pauses that do not count.</summary>
public sealed class AttemptLimitTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    [Fact]
    public void It_is_over_at_the_limit_and_not_before()
    {
        var time = new TestClock();
        using var limit = new AttemptLimit(time, Limit, CancellationToken.None);
        time.Advance(Limit - Moment);
        Assert.False(limit.IsOver);
        time.Advance(Moment);
        Assert.True(limit.IsOver);
        Assert.True(limit.Token.IsCancellationRequested);
    }

    [Fact]
    public void A_pause_does_not_count()
    {
        var time = new TestClock();
        using var limit = new AttemptLimit(time, Limit, CancellationToken.None);
        time.Advance(Limit - Moment);
        limit.Pause();
        time.Advance(TimeSpan.FromHours(1));
        Assert.False(limit.IsOver);
        limit.Resume();
        time.Advance(Moment / 2);
        limit.Pause();
        time.Advance(TimeSpan.FromHours(1));
        limit.Resume();
        Assert.False(limit.IsOver);
        time.Advance(Moment / 2);
        Assert.True(limit.IsOver);
    }

    [Fact]
    public void An_infinite_limit_is_never_over()
    {
        var time = new TestClock();
        using var limit = new AttemptLimit(time, Timeout.InfiniteTimeSpan, CancellationToken.None);
        limit.Pause();
        limit.Resume();
        time.Advance(TimeSpan.FromDays(30));
        Assert.False(limit.IsOver);
        Assert.Equal(0, time.ArmedTimers);
    }

    [Fact]
    public async Task A_stop_fires_the_token_but_is_not_the_limit()
    {
        using var stop = new CancellationTokenSource();
        using var limit = new AttemptLimit(new TestClock(), Limit, stop.Token);
        await stop.CancelAsync();
        Assert.True(limit.Token.IsCancellationRequested);
        Assert.False(limit.IsOver);
    }

    [Fact]
    public async Task A_function_that_ignores_its_token_is_left_behind_at_the_limit()
    {
        var time = new TestClock();
        using var limit = new AttemptLimit(time, Limit, CancellationToken.None);
        var never = new TaskCompletionSource();
        Task running = limit.RunAsync(_ => new ValueTask(never.Task));
        time.Advance(Limit);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.Soon());
    }

    [Fact]
    public async Task A_function_gets_the_token_and_its_exception_is_passed_on()
    {
        using var limit = new AttemptLimit(new TestClock(), Limit, CancellationToken.None);
        CancellationToken got = default;
        await limit.RunAsync(token =>
        {
            got = token;
            return default;
        }).Soon();
        Assert.Equal(limit.Token, got);
        await Assert.ThrowsAsync<FormatException>(
            () => limit.RunAsync(_ => ValueTask.FromException(new FormatException())).Soon());
    }

    [Fact]
    public void Disposing_leaves_no_timer()
    {
        var time = new TestClock();
        new AttemptLimit(time, Limit, CancellationToken.None).Dispose();
        Assert.Equal(0, time.LiveTimers);
    }
}
