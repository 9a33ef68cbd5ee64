using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

/// <summary>A clock that stands still until a test moves it, and knows which timers are armed: a test waits for the one that it means, and moves the time then.</summary>
internal sealed class ArmedClock : FakeTimeProvider
{
    private readonly Lock _sync = new();
    private readonly List<CountedTimer> _live = [];

    /// <summary>How many timers were created and not disposed.</summary>
    public int LiveTimers
    {
        get
        {
            lock (_sync)
                return _live.Count;
        }
    }

    /// <summary>Waits until a timer is armed that fires in exactly this time.</summary>
    public Task Armed(TimeSpan dueIn) => Patience.Until(() =>
    {
        DateTimeOffset due = GetUtcNow() + dueIn;
        lock (_sync)
            return _live.Any(timer => timer.Due == due);
    });

    /// <summary>Lets the time pass that a timer is armed for, as soon as it is.</summary>
    public async Task Pass(TimeSpan dueIn)
    {
        await Armed(dueIn);
        Advance(dueIn);
    }

    /// <summary>Fires timer after timer, as soon as one is armed, until a task completes.</summary>
    public async Task PassUntil(Task end)
    {
        while (!end.IsCompleted)
        {
            DateTimeOffset? due = null;
            await Patience.Until(() =>
            {
                lock (_sync)
                    due = _live.Min(timer => timer.Due);
                return due is not null || end.IsCompleted;
            });
            if (due > GetUtcNow())
                Advance(due.Value - GetUtcNow());
            else
                await Task.Yield();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new CountedTimer(this);
        lock (_sync)
            _live.Add(timer);
        timer.Start(callback, state, dueTime, period);
        return timer;
    }

    private ITimer CreateInner(TimerCallback callback, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(callback, null, dueTime, period);

    private sealed class CountedTimer(ArmedClock clock) : ITimer
    {
        private ITimer? _inner;

        public DateTimeOffset? Due { get; private set; }

        public void Start(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _inner = clock.CreateInner(
                _ =>
                {
                    Show(null);
                    callback(state);
                },
                Timeout.InfiniteTimeSpan,
                Timeout.InfiniteTimeSpan);
            Change(dueTime, period);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            DateTimeOffset? due = dueTime == Timeout.InfiniteTimeSpan ? null : clock.GetUtcNow() + dueTime;
            Show(due); // first: a timer that is due at once fires within Change
            return _inner!.Change(dueTime, period);
        }

        public void Dispose()
        {
            lock (clock._sync)
                clock._live.Remove(this);
            _inner?.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        private void Show(DateTimeOffset? due)
        {
            lock (clock._sync)
                Due = due;
        }
    }
}
