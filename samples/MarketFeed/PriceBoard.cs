using System.Runtime.CompilerServices;

namespace MarketFeed;

/// <summary>The last quotes, for any number of browsers. Thread-safe.</summary>
/// <remarks>
/// All browsers read the same ring of quotes, each at its own position. The feed never waits for a browser: one that
/// reads too slowly misses the oldest quotes, and learns how many.
/// </remarks>
public sealed class PriceBoard(int capacity = PriceBoard.DefaultCapacity)
{
    // The simulated exchange makes 40 quotes a second: a new browser begins with the last minute.
    private const int DefaultCapacity = 2400;

    private readonly Lock _lock = new();
    private readonly Quote[] _ring = new Quote[capacity];
    private long _added;
    private FeedStatus _status = new(FeedState.Connecting, "The program starts.");
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>How the connection to the feed is.</summary>
    public FeedStatus Status
    {
        get
        {
            lock (_lock)
                return _status;
        }

        set
        {
            lock (_lock)
            {
                _status = value;
                Signal();
            }
        }
    }

    /// <summary>Adds the round trip of a ping to the status.</summary>
    public void SetRoundTrip(TimeSpan roundTrip)
    {
        lock (_lock)
        {
            _status = _status with { RoundTripMs = roundTrip.TotalMilliseconds };
            Signal();
        }
    }

    /// <summary>Adds a quote. Never waits.</summary>
    public void Add(Quote quote)
    {
        lock (_lock)
        {
            _ring[_added++ % capacity] = quote;
            Signal();
        }
    }

    /// <summary>The quotes of the ring, then what is new whenever the caller asks, until the token fires.</summary>
    public async IAsyncEnumerable<BoardUpdate> FollowAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        long position = 0, missed = 0;
        bool isFirst = true;
        while (!cancellationToken.IsCancellationRequested)
        {
            BoardUpdate update;
            Task changed;
            lock (_lock)
            {
                long oldest = Math.Max(position, _added - capacity);
                missed += isFirst ? 0 : oldest - position; // what was before the first update is not missed
                var quotes = new Quote[_added - oldest];
                for (int i = 0; i < quotes.Length; i++)
                    quotes[i] = _ring[(oldest + i) % capacity];
                position = _added;
                update = new BoardUpdate(_status, quotes, missed);
                changed = _changed.Task;
            }

            yield return update; // a slow browser stays here, without a lock
            isFirst = false;
            await changed.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Under the lock. A waiting browser continues on the thread pool, after the lock is free.
    private void Signal()
    {
        _changed.SetResult();
        _changed = NewSignal();
    }
}
