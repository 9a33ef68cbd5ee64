namespace Duplex.Feeds;

/// <summary>What a client has received: which numbers are missing, and which came twice. Thread-safe.</summary>
/// <param name="first">The first number that the client subscribes from.</param>
/// <param name="onPassed">Called when a number that is watched has been passed.</param>
internal sealed class Inbox(long first, Action<long> onPassed)
{
    private readonly Lock _sync = new();

    // Under _sync.
    private readonly HashSet<long> _missing = [];
    private long _last = first - 1;
    private long _watched = long.MaxValue;

    /// <summary>The highest number that was received.</summary>
    public long Last
    {
        get
        {
            lock (_sync)
                return _last;
        }
    }

    public long Duplicates { get; private set; }

    public long Missing
    {
        get
        {
            lock (_sync)
                return _missing.Count;
        }
    }

    public void Add(long number)
    {
        long passed = 0;
        lock (_sync)
        {
            if (number <= _last && !_missing.Remove(number))
                Duplicates++;
            for (; _last < number; _last++)
            {
                if (_last + 1 < number)
                    _missing.Add(_last + 1);
            }

            if (_last > _watched)
                (passed, _watched) = (_watched, long.MaxValue);
        }

        if (passed != 0)
            onPassed(passed);
    }

    /// <summary>Reports when a message after a number arrives, or has arrived.</summary>
    public void Watch(long number)
    {
        lock (_sync)
        {
            if (_last <= number)
            {
                _watched = number;
                return;
            }
        }

        onPassed(number);
    }
}
