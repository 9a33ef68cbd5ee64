namespace Duplex.Testing;

/// <summary>The timers of a clock, in the order in which they are due.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class TimerSet
{
    private readonly Lock _sync = new();
    private readonly SortedSet<(DateTimeOffset Due, long Number)> _armed = []; // under _sync

    // Under _sync.
    private long _created;
    private int _live;

    public int Live
    {
        get
        {
            lock (_sync)
                return _live;
        }
    }

    public int Armed
    {
        get
        {
            lock (_sync)
                return _armed.Count;
        }
    }

    /// <summary>When the next timer is due; null if none is armed.</summary>
    public DateTimeOffset? Next
    {
        get
        {
            lock (_sync)
                return _armed.Count == 0 ? null : _armed.Min.Due;
        }
    }

    /// <summary>Counts a new timer, and gives it a number.</summary>
    public long Add()
    {
        lock (_sync)
        {
            _live++;
            return ++_created;
        }
    }

    /// <summary>Notes that a timer's time has changed.</summary>
    public void Move(long number, DateTimeOffset? from, DateTimeOffset? to)
    {
        lock (_sync)
        {
            if (from is { } old)
                _armed.Remove((old, number));
            if (to is { } due)
                _armed.Add((due, number));
        }
    }

    /// <summary>Notes that a timer was disposed.</summary>
    public void Remove(long number, DateTimeOffset? due)
    {
        Move(number, due, to: null);
        lock (_sync)
            _live--;
    }
}
