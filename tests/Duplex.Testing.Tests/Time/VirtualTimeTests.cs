using System.Diagnostics;

namespace Duplex.Tests;

public sealed class VirtualTimeTests
{
    private readonly VirtualTime _time = new();
    private readonly DateTimeOffset _start = new VirtualTime().GetUtcNow();

    [Fact]
    public async Task Time_stands_still_until_it_is_advanced_and_then_passes_exactly()
    {
        Assert.Equal(_start, _time.GetUtcNow());
        await _time.AdvanceAsync(TimeSpan.FromMinutes(61));
        Assert.Equal(_start + TimeSpan.FromMinutes(61), _time.GetUtcNow());
    }

    [Fact]
    public async Task A_chain_of_delays_takes_the_time_that_it_would_really_take()
    {
        var seen = new List<TimeSpan>();
        async Task BackOffAsync()
        {
            for (int i = 0; i < 10; i++)
            {
                await Task.Delay(TimeSpan.FromSeconds(1 << i), _time);
                await Work();
                seen.Add(_time.GetUtcNow() - _start);
            }
        }

        Task backOff = BackOffAsync();
        await _time.AdvanceAsync(TimeSpan.FromHours(1));

        Assert.True(backOff.IsCompletedSuccessfully);
        Assert.Equal(Enumerable.Range(1, 10).Select(i => TimeSpan.FromSeconds((1 << i) - 1)), seen);
    }

    [Fact]
    public async Task A_timer_armed_by_another_ones_work_fires_in_its_turn()
    {
        var order = new List<string>();
        async Task RunAsync(string name, params int[] seconds)
        {
            foreach (int delay in seconds)
            {
                await Task.Delay(TimeSpan.FromSeconds(delay), _time);
                await Work();
                lock (order)
                    order.Add($"{name}{(_time.GetUtcNow() - _start).TotalSeconds}");
            }
        }

        Task all = Task.WhenAll(RunAsync("a", 1, 3, 3), RunAsync("b", 2, 3, 3));
        await _time.AdvanceUntilAsync(all, TimeSpan.FromMinutes(1));

        Assert.Equal(["a1", "b2", "a4", "b5", "a7", "b8"], order);
    }

    [Fact]
    public async Task A_periodic_timer_fires_at_each_of_its_times()
    {
        var seen = new List<double>();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(20), _time);
        async Task TickAsync()
        {
            while (await timer.WaitForNextTickAsync())
            {
                await Work();
                seen.Add((_time.GetUtcNow() - _start).TotalSeconds);
            }
        }

        Task ticking = TickAsync();
        await _time.AdvanceAsync(TimeSpan.FromSeconds(70));
        Assert.Equal([20, 40, 60], seen);
        Assert.Equal(TimeSpan.FromSeconds(10), _time.NextTimer);
        timer.Dispose();
        await ticking;
        Assert.Equal(0, _time.LiveTimers);
    }

    [Fact]
    public async Task Live_and_armed_timers_are_counted()
    {
        Assert.Null(_time.NextTimer);
        ITimer one = _time.CreateTimer(static _ => { }, null, TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
        ITimer idle = _time.CreateTimer(static _ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Assert.Equal((2, 1, TimeSpan.FromSeconds(5)), (_time.LiveTimers, _time.ArmedTimers, _time.NextTimer));

        await _time.AdvanceAsync(TimeSpan.FromSeconds(5));
        Assert.Equal((2, 0, null), (_time.LiveTimers, _time.ArmedTimers, _time.NextTimer));

        await one.DisposeAsync();
        idle.Dispose();
        Assert.Equal(0, _time.LiveTimers);
    }

    [Fact]
    public async Task Advancing_until_a_task_returns_its_result_at_its_time()
    {
        async Task<string> LaterAsync()
        {
            await Task.Delay(TimeSpan.FromHours(3), _time);
            await Work();
            return "done";
        }

        Assert.Equal("done", await _time.AdvanceUntilAsync(LaterAsync(), TimeSpan.FromDays(1)));
        Assert.Equal(_start + TimeSpan.FromHours(3), _time.GetUtcNow());
    }

    [Fact]
    public async Task Advancing_until_a_task_throws_what_it_throws()
    {
        async Task FailAsync()
        {
            await Task.Delay(TimeSpan.FromHours(3), _time);
            throw new NotSupportedException("as planned");
        }

        await Assert.ThrowsAsync<NotSupportedException>(() => _time.AdvanceUntilAsync(FailAsync(), TimeSpan.FromDays(1)));
    }

    [Fact]
    public async Task Advancing_until_a_condition_stops_as_soon_as_it_holds()
    {
        int count = 0;
        using ITimer timer = _time.CreateTimer(
            _ => count++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

        await _time.AdvanceUntilAsync(() => count == 7, TimeSpan.FromMinutes(1));

        Assert.Equal(_start + TimeSpan.FromSeconds(7), _time.GetUtcNow());
    }

    [Fact]
    public async Task A_time_that_is_over_says_what_was_waited_for()
    {
        var never = new TaskCompletionSource();
        using ITimer timer = _time.CreateTimer(static _ => { }, null, TimeSpan.FromHours(3), Timeout.InfiniteTimeSpan);

        var error = await Assert.ThrowsAsync<TimeoutException>(() => _time.AdvanceUntilAsync(never.Task, TimeSpan.FromHours(1)));
        Assert.Contains("01:00:00", error.Message, StringComparison.Ordinal);
        Assert.Contains("next due in 02:00:00", error.Message, StringComparison.Ordinal);

        error = await Assert.ThrowsAsync<TimeoutException>(
            () => _time.AdvanceUntilAsync(() => never.Task.IsCompleted, TimeSpan.FromHours(1)));
        Assert.Contains("never.Task.IsCompleted", error.Message, StringComparison.Ordinal);
        Assert.Equal(_start + TimeSpan.FromHours(2), _time.GetUtcNow());
    }

    [Fact]
    public async Task Only_one_call_at_a_time_lets_time_pass()
    {
        using ITimer timer = _time.CreateTimer(_ => Nested(), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        Task? nested = null;
        void Nested() => nested = _time.AdvanceAsync(TimeSpan.FromSeconds(1));

        await _time.AdvanceAsync(TimeSpan.FromSeconds(2));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => nested!);
        Assert.Contains("Another call", error.Message, StringComparison.Ordinal);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_cancelled_call_stops_the_clock_where_it_is()
    {
        using var source = new CancellationTokenSource();
        using ITimer timer = _time.CreateTimer(_ => source.Cancel(), null, TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _time.AdvanceAsync(TimeSpan.FromHours(1), source.Token));

        Assert.Equal(_start + TimeSpan.FromSeconds(5), _time.GetUtcNow());
    }

    [Fact]
    public async Task Wrong_arguments_are_refused()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _time.AdvanceAsync(TimeSpan.FromSeconds(-1)));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _time.AdvanceUntilAsync(Task.CompletedTask, TimeSpan.FromSeconds(-1)));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _time.AdvanceUntilAsync(() => true, TimeSpan.FromSeconds(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.RealTimeLimit = TimeSpan.Zero);
        Assert.Equal(TimeSpan.FromSeconds(30), _time.RealTimeLimit);
    }

    [Fact]
    public void A_clock_can_begin_at_any_time()
    {
        var start = new DateTimeOffset(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);
        Assert.Equal(start, new VirtualTime(start).GetUtcNow());
    }

    [Fact]
    public async Task A_week_of_timers_passes_in_seconds()
    {
        int fired = 0;
        using ITimer timer = _time.CreateTimer(
            _ => fired++, null, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(20));
        long began = Stopwatch.GetTimestamp();

        await _time.AdvanceAsync(TimeSpan.FromDays(7));

        Assert.Equal(7 * 24 * 60 * 3, fired);
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromMinutes(2)); // 0.2 s on an idle machine
    }

    // Work that goes through the pool several times, as a message through a session does.
    private static async Task Work()
    {
        for (int i = 0; i < 5; i++)
            await Task.Run(() => Thread.SpinWait(1000));
    }
}
