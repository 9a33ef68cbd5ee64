namespace Duplex.Testing;

/// <summary>Decides, by snapshots of the thread pool, whether there is nothing left to do. It has no clock.</summary>
/// <remarks>
/// The caller runs on a thread of the pool. A thread of the pool that is blocked, or runs a long loop, would make the
/// pool look busy indefinitely; after some time it is left out of account until the count of working threads falls.
/// </remarks>
internal sealed class QuietJudge
{
    /// <summary>How many looks in a row must be quiet; one is exact, the others are for surprises.</summary>
    public const int QuietLooks = 3;

    /// <summary>As many as take about 100 us: a thread left out of account may hide one that works.</summary>
    public const int QuietLooksBesideOthers = 100;

    /// <summary>How many looks at a busy pool must agree, so that a process that stood still does not count.</summary>
    public const int StuckLooks = 50;

    /// <summary>Far above the time that a busy machine keeps a thread from running.</summary>
    public static readonly TimeSpan StuckAfter = TimeSpan.FromMilliseconds(500);

    // Accessed by one caller at a time.
    private int _others;
    private int _quiet;
    private long _completed;
    private int _busy;
    private int _fewest;
    private TimeSpan _busySince;

    /// <summary>What to do next.</summary>
    public enum Verdict
    {
        /// <summary>Nothing is left to do.</summary>
        Quiet,

        /// <summary>Look again at once, on the same thread.</summary>
        LookAgain,

        /// <summary>Other threads work: look again, after a pause if that lasts.</summary>
        Busy,

        /// <summary>Leave the thread to the pool's queues, and look again.</summary>
        GiveWay,
    }

    /// <summary>How many threads are left out of account.</summary>
    public int Others => _others;

    /// <summary>Forgets the looks of an earlier wait.</summary>
    public void Begin()
    {
        _quiet = 0;
        _busy = 0;
    }

    /// <summary>Judges a look.</summary>
    /// <param name="pool">What it saw.</param>
    /// <param name="now">The real time since any moment.</param>
    public Verdict Judge(PoolSnapshot pool, TimeSpan now)
    {
        int working = Math.Max(pool.Working - 1, 0); // the caller's thread
        _others = Math.Min(_others, working);
        if (pool.Pending == 0 && working <= _others)
        {
            _busy = 0;
            _quiet = pool.Completed == _completed ? _quiet + 1 : 1;
            _completed = pool.Completed;
            return _quiet < (_others == 0 ? QuietLooks : QuietLooksBesideOthers) ? Verdict.LookAgain : Verdict.Quiet;
        }

        // How many threads have worked at every look? Others come and go.
        _quiet = 0;
        (_fewest, _busySince) = _busy == 0 ? (working, now) : (Math.Min(_fewest, working), _busySince);
        _busy++;
        if (_busy >= StuckLooks && now - _busySince >= StuckAfter)
            (_others, _busy) = (_fewest, 0);
        return pool.Pending > 0 ? Verdict.GiveWay : Verdict.Busy;
    }
}
