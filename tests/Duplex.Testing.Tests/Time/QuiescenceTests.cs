namespace Duplex.Tests;

public sealed class QuiescenceTests
{
    private readonly VirtualTime _time = new();

    /// <summary>Work of random length between timers: if time ever passed too early, a moment would be too late.</summary>
    [Theory, InlineData(0), InlineData(2)]
    public async Task Time_waits_for_work_also_on_a_loaded_machine(int busyThreads)
    {
        using var load = new BusyThreads(busyThreads);
        for (int round = 0; round < 4; round++)
        {
            DateTimeOffset start = _time.GetUtcNow();
            Task[] workers = [.. Enumerable.Range(0, 4).Select(i => WorkAsync(new Random((100 * round) + i), start))];
            await _time.AdvanceUntilAsync(Task.WhenAll(workers), TimeSpan.FromHours(1));
        }
    }

    [Fact]
    public async Task A_long_work_item_is_waited_for()
    {
        Task<DateTimeOffset> item = Task.Run(async () =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1), _time);
            for (long began = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMilliseconds(100);)
                Thread.SpinWait(100);
            await Task.Delay(TimeSpan.FromSeconds(1), _time);
            return _time.GetUtcNow();
        });
        DateTimeOffset start = _time.GetUtcNow();

        await _time.AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(start + TimeSpan.FromSeconds(2), await item);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_thread_of_the_pool_that_never_comes_back_is_left_out_of_account(bool isSpinning)
    {
        using var end = new ManualResetEventSlim();
        Task blocked = Task.Run(() =>
        {
            while (isSpinning && !end.IsSet)
                Thread.SpinWait(100);
            end.Wait(Patience.Limit);
        });

        Task work = WorkAsync(new Random(1), _time.GetUtcNow());
        await _time.AdvanceUntilAsync(work, TimeSpan.FromHours(1));
        end.Set();
        await blocked.Soon();
        work = WorkAsync(new Random(2), _time.GetUtcNow());
        await _time.AdvanceUntilAsync(work, TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task Work_of_the_callers_context_is_waited_for()
    {
        using var pump = new Pump();
        await pump.RunAsync(async () =>
        {
            DateTimeOffset start = _time.GetUtcNow();
            Task work = WorkAsync(new Random(3), start); // continues in the context
            await _time.AdvanceUntilAsync(work, TimeSpan.FromHours(1));
            Assert.Same(pump, SynchronizationContext.Current);
        }).Soon();
    }

    [Fact]
    public async Task Clocks_of_tests_in_parallel_do_not_disturb_each_other()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(async () =>
        {
            var own = new VirtualTime();
            for (int round = 0; round < 2; round++)
                await own.AdvanceUntilAsync(WorkAsync(new Random(i), own.GetUtcNow(), own), TimeSpan.FromHours(1));
        }))).Soon();
    }

    [Fact]
    public async Task A_process_that_stays_busy_fails_the_wait_with_an_explanation()
    {
        _time.RealTimeLimit = TimeSpan.FromMilliseconds(200);
        using var end = new CancellationTokenSource();
        Task busy = Task.Run(async () =>
        {
            while (!end.IsCancellationRequested)
                await Task.Yield();
        });

        var error = await Assert.ThrowsAsync<TimeoutException>(() => _time.AdvanceAsync(TimeSpan.FromSeconds(1)));

        Assert.Contains("a loop that never waits", error.Message, StringComparison.Ordinal);
        await end.CancelAsync();
        await busy.Soon();
        _time.RealTimeLimit = Patience.Limit;
        await _time.SettleAsync();
    }

    [Fact]
    public async Task A_context_that_is_blocked_fails_the_wait_with_an_explanation()
    {
        using var pump = new Pump();
        using var end = new ManualResetEventSlim();
        Task advancing = Task.CompletedTask;
        pump.Post(_ =>
        {
            _time.RealTimeLimit = TimeSpan.FromMilliseconds(700);
            advancing = _time.AdvanceAsync(TimeSpan.FromSeconds(1));
            end.Wait(Patience.Limit);
        }, null);
        await Patience.Until(() => advancing.IsFaulted);
        end.Set();

        await Assert.ThrowsAsync<TimeoutException>(() => advancing);
    }

    [Fact]
    public async Task A_wait_can_be_cancelled()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _time.SettleAsync(source.Token));
    }

    private async Task WorkAsync(Random random, DateTimeOffset start, VirtualTime? time = null)
    {
        time ??= _time;
        TimeSpan expected = TimeSpan.Zero;
        for (int i = 0; i < 20; i++)
        {
            var delay = TimeSpan.FromMilliseconds(random.Next(1, 5000));
            await Task.Delay(delay, time);
            expected += delay;
            for (int hops = random.Next(6); hops > 0; hops--)
                await Task.Run(() => Thread.SpinWait(random.Next(50_000)));
            Assert.Equal(expected, time.GetUtcNow() - start);
        }
    }
}
