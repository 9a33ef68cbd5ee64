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

    [Fact]
    public async Task Entries_that_are_due_together_do_not_wait_for_each_other()
    {
        using var release = new ManualResetEventSlim();
        var slow = new Slow(release);
        Timer.Set(slow, TimeSpan.FromSeconds(1));
        Timer.Set(new Numbered(this, 1), TimeSpan.FromSeconds(1));
        Timer.Set(new Numbered(this, 2), TimeSpan.FromSeconds(1));

        Task advancing = Task.Run(() => _clock.Advance(TimeSpan.FromSeconds(1)));
        await Patience.Until(() => Due().Length == 2);

        release.Set();
        await advancing.Soon();
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
    public async Task Whatever_is_set_and_cleared_each_is_due_at_its_time()
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
                    int[] expected = [.. model.Where(due => due.Value <= now).Select(due => due.Key).Order()];
                    await Patience.Until(() => Due().Length >= expected.Length);
                    Assert.Equal(expected, Due().Order());
                    foreach (int number in expected)
                        model.Remove(number);
                    lock (_sync)
                        _due.Clear();
                    break;
                default:
                    int wait = random.Next(1, 200);
                    Timer.Set(entry, TimeSpan.FromMilliseconds(wait));
                    model[entry.Number] = now + wait;
                    break;
            }

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
        public override void OnDue() => release.Wait(TestContext.Current.CancellationToken);
    }
}
