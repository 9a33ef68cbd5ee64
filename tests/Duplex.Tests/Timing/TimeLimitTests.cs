using CsCheck;

namespace Duplex.Tests;

public sealed class TimeLimitTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private readonly TestClock _time = new();
    private readonly TaskCompletionSource _never = new();

    [Fact]
    public async Task What_completes_in_time_does_so_by_itself()
    {
        var done = new TaskCompletionSource();
        using var limit = new TimeLimit(_time, Limit);
        Task<bool> waiting = limit.CompletesAsync(done.Task);
        _time.Advance(Limit - TimeSpan.FromMilliseconds(1));
        Assert.False(waiting.IsCompleted);

        done.SetException(new IOException("how it ends does not matter"));

        Assert.True(await waiting.Soon());
        _ = done.Task.Exception;
    }

    [Fact]
    public async Task On_a_machine_that_keeps_up_the_time_is_over_on_time_for_all_waits()
    {
        using var limit = new TimeLimit(_time, Limit);
        Task<bool> first = limit.CompletesAsync(_never.Task), second = limit.CompletesAsync(_never.Task);
        _time.Advance(Limit - TimeSpan.FromTicks(1));
        Assert.False(first.IsCompleted);

        _time.Advance(TimeSpan.FromMilliseconds(1)); // a timer counts whole ones

        Assert.False(await first.Soon());
        Assert.False(await second.Soon());
        Assert.False(await limit.CompletesAsync(_never.Task).Soon());
        Assert.True(await limit.CompletesAsync(Task.CompletedTask).Soon());
    }

    [Fact]
    public async Task Time_in_which_we_stood_still_is_not_held_against_the_peer()
    {
        var done = new TaskCompletionSource();
        using var limit = new TimeLimit(_time, Limit);
        Task<bool> waiting = limit.CompletesAsync(done.Task);

        _time.StandStill(TimeSpan.FromMinutes(1));
        Assert.True(_time.IsArmed(TimeSpan.FromSeconds(1)));
        _time.Advance(TimeSpan.FromMilliseconds(999));
        done.SetResult(); // what had come meanwhile is read

        Assert.True(await waiting.Soon());
    }

    [Fact]
    public async Task A_stop_whose_end_falls_together_with_the_deadline_is_noticed_too()
    {
        using var limit = new TimeLimit(_time, Limit);
        Task<bool> waiting = limit.CompletesAsync(_never.Task);

        _time.StandStill(Limit + TimeSpan.FromMilliseconds(500));
        Assert.True(_time.IsArmed(TimeSpan.FromSeconds(1)));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.False(await waiting.Soon());
    }

    [Fact]
    public async Task A_second_stop_grants_nothing_more()
    {
        using var limit = new TimeLimit(_time, Limit);
        Task<bool> waiting = limit.CompletesAsync(_never.Task);

        _time.StandStill(TimeSpan.FromMinutes(1));
        _time.StandStill(TimeSpan.FromMinutes(1));

        Assert.False(await waiting.Soon());
    }

    // In milliseconds: what the peer takes to answer, and for how long we run and stand still in turns. It answers within half of the limit; what has come is read within the tolerance.
    [Fact]
    public void Whatever_stops_fall_into_it_what_came_in_time_is_not_missed() =>
        Gen.Select(Gen.Int[50, 30_000], Gen.Double[0, 0.5], Gen.Double[0, 0.99], Gen.Double[0, 1.5], Gen.Double[0, 3]).Sample((milliseconds, answer, turn, runs, stops) =>
        {
            TimeSpan limit = TimeSpan.FromMilliseconds(milliseconds);
            var clock = new TestClock();
            bool isOver = false;
            using var under = new TimeLimit(clock, limit, () => isOver = true);

            clock.Advance(limit * runs);
            if (runs > answer)
                return; // it was read before the stop
            clock.StandStill(limit * stops);
            if (runs + stops < answer)
                clock.Advance(limit * (answer - runs - stops)); // the answer comes after the stop
            clock.Advance(LateTick.Tolerance(limit) * turn); // and is read here

            Assert.False(isOver);
        });

    [Fact]
    public async Task Without_a_limit_there_is_no_timer_and_no_end()
    {
        var done = new TaskCompletionSource();
        using var limit = new TimeLimit(_time, Timeout.InfiniteTimeSpan);
        Task<bool> waiting = limit.CompletesAsync(done.Task);
        Assert.Equal(0, _time.LiveTimers);

        _time.Advance(TimeSpan.FromDays(30));
        Assert.False(waiting.IsCompleted);
        done.SetResult();

        Assert.True(await waiting.Soon());
    }

    [Fact]
    public async Task A_token_ends_the_wait_only()
    {
        using var cancel = new CancellationTokenSource();
        using var limit = new TimeLimit(_time, Limit);
        Task<bool> waiting = limit.CompletesAsync(_never.Task, cancel.Token);

        await cancel.CancelAsync();

        Assert.Equal(cancel.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Soon())).CancellationToken);
        Task<bool> again = limit.CompletesAsync(_never.Task);
        _time.Advance(Limit);
        Assert.False(await again.Soon());
    }

    [Fact]
    public void The_callback_is_called_once_and_not_after_disposal()
    {
        int calls = 0;
        using (new TimeLimit(_time, Limit, () => calls++))
            _time.Advance(4 * Limit);
        using (new TimeLimit(_time, Limit, () => calls++))
            _time.Advance(TimeSpan.FromSeconds(1));
        _time.Advance(4 * Limit);

        Assert.Equal(1, calls);
        Assert.Equal(0, _time.LiveTimers);
    }
}
