using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>
/// One timer for all entries of a clock, each due at a time of its own: thousands of sessions cost a place in an array
/// each, not a timer. Thread-safe.
/// </summary>
internal sealed class SharedTimer
{
    private static readonly ConditionalWeakTable<TimeProvider, SharedTimer> ByClock = [];

    private readonly Lock _sync = new();
    private readonly TimeProvider _time;

    // All under _sync. A binary heap: no entry is due before its parent, which has half the place.
    private Entry[] _entries = new Entry[4]; // as many as a small program has sessions
    private int _count;
    private ITimer? _timer; // null without entries
    private long _armedFor; // the timestamp at which the first entry is due; 0 after it has fired

    private SharedTimer(TimeProvider time) => _time = time;

    public static SharedTimer Of(TimeProvider time) =>
        ByClock.GetValue(time, static time => new SharedTimer(time));

    /// <summary>The entry is due once, in this time, and no longer when it was due before.</summary>
    public void Set(Entry entry, TimeSpan due)
    {
        lock (_sync)
        {
            long now = _time.GetTimestamp();
            entry.Due = now + (long)(((Int128)due.Ticks * _time.TimestampFrequency) / TimeSpan.TicksPerSecond);
            if (entry.Place == Entry.Nowhere)
            {
                if (_count == _entries.Length)
                    Array.Resize(ref _entries, 2 * _count);
                Put(entry, _count++);
            }

            Settle(entry);
            Arm(now);
        }
    }

    /// <summary>The entry is no longer due. A call of its <see cref="Entry.OnDue"/> may be in progress.</summary>
    public void Clear(Entry entry)
    {
        lock (_sync)
        {
            if (entry.Place == Entry.Nowhere)
                return;
            Remove(entry);
            Arm(_time.GetTimestamp());
        }
    }

    // As the platform's timers do: the first here, the others on the pool.
    private void Fire()
    {
        Entry? first = null;
        lock (_sync)
        {
            long now = _time.GetTimestamp();
            while (_count > 0 && _entries[0].Due <= now)
            {
                Entry entry = _entries[0];
                Remove(entry);
                if (first is null)
                    first = entry;
                else
                    ThreadPool.UnsafeQueueUserWorkItem(entry, preferLocal: false);
            }

            _armedFor = 0;
            Arm(now);
        }

        first?.OnDue();
    }

    // Under _sync.
    private void Arm(long now)
    {
        if (_count == 0)
        {
            _timer?.Dispose();
            _timer = null;
            return;
        }

        long first = _entries[0].Due;
        if (_timer is not null && _armedFor == first)
            return;
        _armedFor = first;

        // Rounded up to whole milliseconds: the timer never fires early.
        long frequency = _time.TimestampFrequency;
        var due = TimeSpan.FromMilliseconds(((Math.Max(0, first - now) * 1000) + frequency - 1) / frequency);
        if (_timer is not null)
        {
            _timer.Change(due, Timeout.InfiniteTimeSpan);
            return;
        }

        // It outlives the call that needs it first.
        using (AmbientFlow.Suppress())
            _timer = _time.CreateTimer(
                static timer => ((SharedTimer)timer!).Fire(), this, due, Timeout.InfiniteTimeSpan);
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
        /// <summary>The place of an entry that is not due.</summary>
        public const int Nowhere = -1; // no place

        // Both under the timer's lock.
        public long Due { get; set; }

        public int Place { get; set; } = Nowhere;

        /// <summary>Called once for each time that was set, on a thread of the pool or of the clock.</summary>
        public abstract void OnDue();

        void IThreadPoolWorkItem.Execute() => OnDue();
    }
}
