using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>
/// One timer for all entries of a clock, each due at a time of its own: thousands of sessions cost a place in an array
/// each, not a timer. Thread-safe.
/// </summary>
/// <remarks>A heap of its own: the platform's <c>PriorityQueue</c> looks at every entry to remove one.</remarks>
internal sealed class SharedTimer
{
    private const long NoTimer = long.MinValue; // no timestamp
    private const long Spent = long.MinValue + 1; // no timestamp either

    private static readonly ConditionalWeakTable<TimeProvider, SharedTimer> ByClock = [];

    // A clock that only tells another time has the platform's timers.
    private static readonly Type PlatformTimer = TypeOfPlatformTimer();

    private readonly Lock _sync = new();
    private readonly TimeProvider _time;

    // All under _sync. A binary heap: the entry at (place - 1) / 2 is due no later than that at a place.
    private Entry[] _entries = new Entry[4]; // as many as a small program has sessions
    private int _count;
    private long _armedFor = NoTimer; // when the timer fires; Spent if it has, or could not be set
    private bool _isArming; // a thread sets the timer, and will look again

    // Only touched by the thread that is arming; null while there are no entries.
    private ITimer? _timer;

    // Written with it, read by any thread.
    private volatile bool _isPlatforms;

    private SharedTimer(TimeProvider time) => _time = time;

    public static SharedTimer Of(TimeProvider time) =>
        ByClock.GetValue(time, static time => new SharedTimer(time));

    /// <summary>The entry is due once, in this time. This replaces an earlier time that has not come.</summary>
    public void Set(Entry entry, TimeSpan due)
    {
        // Rounded up: it is never due early.
        var ticks = (((Int128)due.Ticks * _time.TimestampFrequency) + TimeSpan.TicksPerSecond - 1)
            / TimeSpan.TicksPerSecond;
        long at = _time.GetTimestamp() + (long)ticks;
        lock (_sync)
        {
            entry.Due = at;
            if (entry.Place == Entry.Nowhere)
            {
                if (_count == _entries.Length)
                    Array.Resize(ref _entries, 2 * _count);
                Put(entry, _count++);
            }

            Settle(entry);
        }

        Arm();
    }

    /// <summary>The entry is no longer due. A call of its <see cref="Entry.OnDue"/> may still be on its way.</summary>
    public void Clear(Entry entry)
    {
        lock (_sync)
        {
            if (entry.Place == Entry.Nowhere)
                return;
            Remove(entry);
            if (_count > 0)
                return; // fired too early, the timer is set again: no clock can fail here
        }

        Arm();
    }

    // The platform's timers fire on the pool, where entries need not wait for each other. Those of another clock run
    // them in order, as they would run timers of theirs.
    private void Fire()
    {
        List<Entry> due = [];
        long now = _time.GetTimestamp();
        lock (_sync)
        {
            for (; _count > 0 && _entries[0].Due <= now; Remove(due[^1]))
                due.Add(_entries[0]);
            _armedFor = Spent;
        }

        int next = 0;
        try
        {
            Arm();
            while (!_isPlatforms && next < due.Count)
                due[next++].OnDue();
        }
        finally
        {
            for (; next < due.Count; next++) // also if the clock, or an entry, has failed
                ThreadPool.UnsafeQueueUserWorkItem(due[next], preferLocal: false);
        }
    }

    // Outside _sync: some clocks run timers on the thread that sets one. Of several threads one sets the timer, until
    // it finds that it is right.
    private void Arm()
    {
        while (true)
        {
            long due;
            lock (_sync)
            {
                due = _count == 0 ? NoTimer : _entries[0].Due;
                if (_isArming || due == _armedFor)
                    return;
                _isArming = true;
                _armedFor = due;
            }

            bool isArmed = false;
            try
            {
                SetTimer(due);
                isArmed = true;
            }
            finally
            {
                lock (_sync)
                {
                    _isArming = false;
                    if (!isArmed)
                        _armedFor = Spent;
                }
            }
        }
    }

    private void SetTimer(long due)
    {
        if (due == NoTimer)
        {
            _timer?.Dispose();
            _timer = null;
            return;
        }

        // Rounded up to whole milliseconds: the timer never fires early.
        long frequency = _time.TimestampFrequency;
        Int128 left = Math.Max(0, due - _time.GetTimestamp());
        var wait = TimeSpan.FromMilliseconds((long)(((left * 1000) + frequency - 1) / frequency));
        if (_timer is not null)
        {
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
            return;
        }

        // It outlives the call that needs it first.
        using (AmbientFlow.Suppress())
            _timer = _time.CreateTimer(
                static timer => ((SharedTimer)timer!).Fire(), this, wait, Timeout.InfiniteTimeSpan);
        _isPlatforms = _timer.GetType() == PlatformTimer;
    }

    private static Type TypeOfPlatformTimer()
    {
        using ITimer timer = TimeProvider.System.CreateTimer(
            static _ => { }, state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        return timer.GetType();
    }

    // Under _sync.
    private void Remove(Entry entry)
    {
        Entry last = _entries[--_count];
        _entries[_count] = null!;
        if (last != entry)
        {
            Put(last, entry.Place);
            Settle(last);
        }

        entry.Place = Entry.Nowhere;
    }

    // Under _sync. Moves an entry towards the first, or away from it, to where it belongs.
    private void Settle(Entry entry)
    {
        int place = entry.Place;
        for (int parent; place > 0 && entry.Due < _entries[parent = (place - 1) / 2].Due; place = parent)
            Put(_entries[parent], place);
        while ((2 * place) + 1 is var child && child < _count)
        {
            if (child + 1 < _count && _entries[child + 1].Due < _entries[child].Due)
                child++;
            if (entry.Due <= _entries[child].Due)
                break;
            Put(_entries[child], place);
            place = child;
        }

        Put(entry, place);
    }

    private void Put(Entry entry, int place)
    {
        _entries[place] = entry;
        entry.Place = place;
    }

    /// <summary>What is due.</summary>
    public abstract class Entry : IThreadPoolWorkItem
    {
        /// <summary>The place of an entry that is not due: before the first, 0.</summary>
        internal const int Nowhere = -1;

        // Both are set by the timer alone, under its lock.
        internal long Due { get; set; }

        internal int Place { get; set; } = Nowhere;

        /// <summary>Called once for each time that came.</summary>
        public abstract void OnDue();

        void IThreadPoolWorkItem.Execute() => OnDue();
    }
}
