using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

/// <summary>A clock that stands still until a test moves it, and knows which timers are armed: a test waits for the one that it means, and moves the time then.</summary>
internal sealed class ArmedClock : FakeTimeProvider
{
    // For a timer that was armed while the time moved, and fires later than it shows.
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

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
            if (due is { } at)
                Advance(at > GetUtcNow() ? at - GetUtcNow() : Step);
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
        private int _fired;

        public DateTimeOffset? Due { get; private set; }

        public void Start(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _inner = clock.CreateInner(
                _ =>
                {
                    lock (clock._sync)
                    {
                        _fired++;
                        Due = null;
                    }

                    callback(state);
                },
                Timeout.InfiniteTimeSpan,
                Timeout.InfiniteTimeSpan);
            Change(dueTime, period);
        }

        // Armed first, shown afterwards: who sees it may move the time at once. It may have fired by then.
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            int fired = _fired;
            DateTimeOffset? due = dueTime == Timeout.InfiniteTimeSpan ? null : clock.GetUtcNow() + dueTime;
            bool isChanged = _inner!.Change(dueTime, period);
            lock (clock._sync)
            {
                if (_fired == fired)
                    Due = due;
            }

            return isChanged;
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
    }
}
