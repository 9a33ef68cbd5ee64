namespace Duplex.Tests;

public sealed class SharedTimerTests
{
    private readonly TestClock _clock = new();
    private readonly List<int> _due = [];
    private readonly Lock _sync = new();

    private SharedTimer Timer => SharedTimer.Of(_clock);

    [Fact]
    public void Each_clock_has_one()
    {
        Assert.Same(Timer, SharedTimer.Of(_clock));
        Assert.NotSame(Timer, SharedTimer.Of(new TestClock()));
    }

    [Fact]
    public void An_entry_is_due_once_at_its_time_and_not_before()
    {
        Timer.Set(new Numbered(this, 1), TimeSpan.FromMilliseconds(10));

        _clock.Advance(TimeSpan.FromMilliseconds(9.9));
        Assert.Empty(Due());
        _clock.Advance(TimeSpan.FromMilliseconds(0.1));
        Assert.Equal([1], Due());
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal([1], Due());
    }

    [Fact]
    public void A_time_that_is_set_replaces_the_one_before_and_one_that_is_cleared_is_gone()
    {
        var later = new Numbered(this, 1);
        var earlier = new Numbered(this, 2);
        var gone = new Numbered(this, 3);
        Timer.Set(later, TimeSpan.FromSeconds(1));
        Timer.Set(earlier, TimeSpan.FromSeconds(5));
        Timer.Set(gone, TimeSpan.FromSeconds(2));
        Timer.Set(later, TimeSpan.FromSeconds(4));
        Timer.Set(earlier, TimeSpan.FromSeconds(3));
        Timer.Clear(gone);
        Timer.Clear(gone);
        Timer.Clear(new Numbered(this, 4));

        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Empty(Due());
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([2], Due());
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([2, 1], Due());
    }

    [Fact]
    public void All_entries_have_one_timer_of_the_clock_and_without_entries_there_is_none()
    {
        Numbered[] entries = [.. Enumerable.Range(0, 100).Select(i => new Numbered(this, i))];
        foreach (Numbered entry in entries)
            Timer.Set(entry, TimeSpan.FromSeconds(1));
        Assert.Equal(1, _clock.LiveTimers);

        foreach (Numbered entry in entries)
            Timer.Clear(entry);
        Assert.Equal(0, _clock.LiveTimers);
        Timer.Set(entries[0], TimeSpan.FromSeconds(1));
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(0, _clock.LiveTimers);
        Assert.Equal([0], Due());
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task By_the_platforms_timers_entries_do_not_wait_for_each_other(bool tellsAnotherTime)
    {
        using var release = new ManualResetEventSlim();
        SharedTimer timer = SharedTimer.Of(tellsAnotherTime ? new LateClock() : TimeProvider.System);
        var slow = new Slow(release);
        timer.Set(slow, TimeSpan.Zero);
        timer.Set(new Numbered(this, 1), TimeSpan.Zero);
        timer.Set(new Numbered(this, 2), TimeSpan.Zero);

        await Patience.Until(() => Due().Length == 2);
        release.Set();
        await slow.Done.Soon();
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(10_000_000)]
    [InlineData(30_000_000_000)]
    public void Whatever_the_clocks_frequency_an_entry_is_not_due_early(long frequency)
    {
        var clock = new HandClock(frequency);
        foreach (TimeSpan wait in (TimeSpan[])[TimeSpan.FromMicroseconds(350), TimeSpan.FromMilliseconds(20), TimeSpan.FromDays(24.8)])
        {
            var entry = new Numbered(this, 1);
            SharedTimer.Of(clock).Set(entry, wait);
            Assert.InRange(clock.Due!.Value, wait, TimeSpan.MaxValue);

            clock.Pass(wait - TimeSpan.FromMicroseconds(300));
            clock.Fire();
            Assert.Empty(Due());
            Assert.InRange(clock.Due!.Value, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(2));
            clock.Pass(TimeSpan.FromMilliseconds(2));
            clock.Fire();
            Assert.Equal([1], Due());
            _due.Clear();
        }
    }

    [Fact]
    public void A_clock_that_refuses_once_is_asked_again()
    {
        var clock = new HandClock(1000);
        SharedTimer timer = SharedTimer.Of(clock);
        timer.Set(new Numbered(this, 1), TimeSpan.FromSeconds(5));
        clock.Refuses = true;
        Assert.Throws<InvalidOperationException>(() => timer.Set(new Numbered(this, 2), TimeSpan.FromSeconds(1)));
        clock.Refuses = false;

        timer.Set(new Numbered(this, 3), TimeSpan.FromSeconds(9));

        Assert.Equal(TimeSpan.FromSeconds(1), clock.Due);
    }

    [Fact]
    public void To_clear_one_of_many_asks_nothing_of_the_clock()
    {
        var clock = new HandClock(1000);
        SharedTimer timer = SharedTimer.Of(clock);
        var first = new Numbered(this, 1);
        timer.Set(first, TimeSpan.FromSeconds(1));
        timer.Set(new Numbered(this, 2), TimeSpan.FromSeconds(5));
        clock.Refuses = true;

        timer.Clear(first);

        clock.Refuses = false;
        clock.Pass(TimeSpan.FromSeconds(1));
        clock.Fire();
        Assert.Empty(Due());
        Assert.Equal(TimeSpan.FromSeconds(4), clock.Due);
        clock.Pass(TimeSpan.FromSeconds(4));
        clock.Fire();
        Assert.Equal([2], Due());
    }

    [Fact]
    public void A_clock_may_run_what_is_due_while_its_timer_is_set()
    {
        var clock = new HandClock(1000);
        SharedTimer timer = SharedTimer.Of(clock);
        timer.Set(new Numbered(this, 1), TimeSpan.FromSeconds(5));
        clock.WhileSetting = () =>
        {
            clock.WhileSetting = null;
            clock.Pass(TimeSpan.FromSeconds(5));
            clock.Fire();
        };
        timer.Set(new Numbered(this, 2), TimeSpan.FromSeconds(3));

        Assert.Equal([2, 1], Due());
        Assert.Null(clock.Due);
        timer.Set(new Numbered(this, 3), TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(1), clock.Due);
    }

    [Fact]
    public async Task Many_threads_may_set_and_clear_while_time_passes()
    {
        Numbered[] entries = [.. Enumerable.Range(0, 40).Select(i => new Numbered(this, i))];
        Task time = Task.Run(async () =>
        {
            for (int i = 0; i < 500; i++)
            {
                _clock.Advance(TimeSpan.FromMilliseconds(1));
                await Task.Yield();
            }
        });
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            var random = new Random(worker);
            for (int i = 0; i < 2000; i++)
            {
                Numbered entry = entries[(random.Next(10) * 4) + worker];
                if (random.Next(3) == 0)
                    Timer.Clear(entry);
                else
                    Timer.Set(entry, TimeSpan.FromMilliseconds(random.Next(1, 10)));
            }
        })));
        await time.Soon();

        foreach (Numbered entry in entries)
            Timer.Set(entry, TimeSpan.FromMilliseconds(entry.Number + 1));
        lock (_sync)
            _due.Clear();
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(Enumerable.Range(0, 40), Due());
        Assert.Equal(0, _clock.LiveTimers);
    }

    [Fact]
    public void An_entry_may_be_set_again_when_it_is_due()
    {
        var entry = new Again(this);
        Timer.Set(entry, TimeSpan.FromSeconds(1));

        for (int i = 1; i <= 5; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(i, Due().Length);
        }
    }

    [Fact]
    public void Whatever_is_set_and_cleared_each_is_due_at_its_time()
    {
        var random = new Random(1);
        Numbered[] entries = [.. Enumerable.Range(0, 60).Select(i => new Numbered(this, i))];
        var model = new Dictionary<int, long>(); // in milliseconds
        long now = 0;
        for (int step = 0; step < 5000; step++)
        {
            Numbered entry = entries[random.Next(entries.Length)];
            switch (random.Next(4))
            {
                case 0:
                    Timer.Clear(entry);
                    model.Remove(entry.Number);
                    break;
                case 1:
                    int pass = random.Next(20);
                    _clock.Advance(TimeSpan.FromMilliseconds(pass));
                    now += pass;
                    int[] expected = [.. model.Where(due => due.Value <= now).Select(due => due.Key)];
                    Assert.Equal(expected.Order(), Due().Order());
                    Assert.Equal(Due().Select(number => model[number]).Order(), Due().Select(number => model[number]));
                    foreach (int number in expected)
                        model.Remove(number);
                    _due.Clear();
                    break;
                default:
                    int wait = random.Next(1, 200);
                    Timer.Set(entry, TimeSpan.FromMilliseconds(wait));
                    model[entry.Number] = now + wait;
                    break;
            }

            Assert.Empty(Due());
            Assert.Equal(model.Count == 0 ? 0 : 1, _clock.LiveTimers);
        }
    }

    private int[] Due()
    {
        lock (_sync)
            return [.. _due];
    }

    private class Numbered(SharedTimerTests tests, int number) : SharedTimer.Entry
    {
        public int Number => number;

        public override void OnDue()
        {
            lock (tests._sync)
                tests._due.Add(number);
        }
    }

    private sealed class Again(SharedTimerTests tests) : Numbered(tests, 0)
    {
        private readonly SharedTimerTests _tests = tests;

        public override void OnDue()
        {
            base.OnDue();
            _tests.Timer.Set(this, TimeSpan.FromSeconds(1));
        }
    }

    private sealed class Slow(ManualResetEventSlim release) : SharedTimer.Entry
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Done => _done.Task;

        public override void OnDue()
        {
            release.Wait();
            _done.SetResult();
        }
    }

    private sealed class LateClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() - TimeSpan.FromHours(1);
    }

    // Time passes by hand, and a timer fires when it is told to.
    private sealed class HandClock(long frequency) : TimeProvider
    {
        private readonly List<HandTimer> _timers = [];
        private long _now = 1;

        public override long TimestampFrequency => frequency;

        public bool Refuses { get; set; }

        public Action? WhileSetting { get; set; }

        public TimeSpan? Due => _timers.SingleOrDefault()?.Due;

        public override long GetTimestamp() => _now;

        public void Pass(TimeSpan time) => _now += (long)((Int128)time.Ticks * frequency / TimeSpan.TicksPerSecond);

        public void Fire() => _timers.Single().Fire();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new HandTimer(this, callback, state) { Due = dueTime };
            _timers.Add(timer);
            return timer;
        }

        private sealed class HandTimer(HandClock clock, TimerCallback callback, object? state) : ITimer
        {
            public TimeSpan? Due { get; set; }

            public void Fire() => callback(state);

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                if (clock.Refuses)
                    throw new InvalidOperationException("Not now.");
                Due = dueTime;
                clock.WhileSetting?.Invoke();
                return true;
            }

            public void Dispose() => clock._timers.Remove(this);

            public ValueTask DisposeAsync()
            {
                Dispose();
                return default;
            }
        }
    }
}
