using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

/// <summary>
/// A clock that stands still until a test moves it, and knows which timers run. Code under test arms its timers on other threads: a test waits until the one that it means is
/// armed, and moves the time then. What is still armed at the end was leaked.
/// </summary>
/// <remarks>Each timer fires at its own time, as on a machine that keeps up; <see cref="StandStill"/> is for one that does not.</remarks>
internal sealed class TestClock : FakeTimeProvider
{
    private readonly Lock _sync = new();
    private readonly List<CountedTimer> _live = [];
    private int _created;

    /// <summary>How many timers were created and not disposed, those that have fired included.</summary>
    public int LiveTimers
    {
        get
        {
            lock (_sync)
                return _live.Count;
        }
    }

    /// <summary>How many timers are going to fire.</summary>
    public int ArmedTimers
    {
        get
        {
            DateTimeOffset now = GetUtcNow();
            lock (_sync)
                return _live.Count(timer => timer.Due > now); // one that was due before it was shown has fired
        }
    }

    /// <summary>How many timers were ever created.</summary>
    public int CreatedTimers
    {
        get
        {
            lock (_sync)
                return _created;
        }
    }

    private DateTimeOffset? NextDue
    {
        get
        {
            lock (_sync)
                return _live.Min(timer => timer.Due);
        }
    }

    /// <summary>Whether a timer will fire in exactly this time, or looks at a deadline in this time as early as <see cref="LateTick"/> has it.</summary>
    public bool IsArmed(TimeSpan dueIn)
    {
        DateTimeOffset now = GetUtcNow();
        DateTimeOffset due = now + dueIn, look = now + LateTick.NextLook(dueIn, dueIn);
        lock (_sync)
            return _live.Any(timer => timer.Due == due || timer.Due == look);
    }

    /// <summary>Lets time pass, and every timer fire in it that is due.</summary>
    public new void Advance(TimeSpan delta)
    {
        DateTimeOffset end = GetUtcNow() + delta;
        while (NextDueUntil(end) is { } due)
            base.Advance(due - GetUtcNow());
        base.Advance(end - GetUtcNow());
    }

    /// <summary>Lets time pass in which the process stands still: whatever timer was due in it fires at its end.</summary>
    public void StandStill(TimeSpan delta) => base.Advance(delta);

    /// <summary>Waits until a timer is armed that fires in exactly this time, or that looks at a deadline in this time.</summary>
    public Task Armed(TimeSpan dueIn) => Patience.Until(() => IsArmed(dueIn));

    /// <summary>Lets the time pass that a timer is armed for, as soon as it is.</summary>
    public async Task Pass(TimeSpan dueIn)
    {
        await Armed(dueIn);
        Advance(dueIn);
    }

    private DateTimeOffset? NextDueUntil(DateTimeOffset end)
    {
        DateTimeOffset now = GetUtcNow();
        lock (_sync)
            return _live.Select(timer => timer.Due).Where(due => due > now && due <= end).Min();
    }

    /// <summary>Lets time pass, timer by timer, each as soon as it is armed: code that looks at the time again and again is never late.</summary>
    /// <param name="time">How much time.</param>
    /// <param name="end">After which no more timers are armed.</param>
    public async Task PassStepwise(TimeSpan time, Task? end = null)
    {
        for (TimeSpan rest = time; rest > TimeSpan.Zero;)
        {
            DateTimeOffset? due = null;
            await Patience.Until(() => (due = NextDue) is not null || end is { IsCompleted: true });
            TimeSpan step = due is null ? rest : due.Value - GetUtcNow();
            if (step <= TimeSpan.Zero)
                step = TimeSpan.FromMilliseconds(1); // it was armed while the time moved, so it is due a little later
            step = step < rest ? step : rest;
            Advance(step);
            rest -= step;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new CountedTimer(this, callback, period);
        lock (_sync)
            _live.Add(timer);
        timer.Start(base.CreateTimer(timer.Fire, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan), dueTime);
        lock (_sync)
            _created++;
        return timer;
    }

    private sealed class CountedTimer(TestClock clock, TimerCallback callback, TimeSpan period) : ITimer
    {
        private ITimer? _inner;

        public DateTimeOffset? Due { get; private set; }

        public void Start(ITimer inner, TimeSpan dueTime)
        {
            _inner = inner;
            Change(dueTime, period);
        }

        public void Fire(object? state)
        {
            if (period == Timeout.InfiniteTimeSpan)
            {
                lock (clock._sync)
                    Due = null;
            }

            callback(state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan newPeriod)
        {
            // Armed first, shown afterwards: who sees it may move the time at once.
            DateTimeOffset? due = dueTime == Timeout.InfiniteTimeSpan ? null : clock.GetUtcNow() + dueTime;
            bool isChanged = _inner!.Change(dueTime, newPeriod);
            lock (clock._sync)
                Due = due;
            return isChanged;
        }

        public void Dispose()
        {
            lock (clock._sync)
                clock._live.Remove(this);
            _inner!.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
