namespace Duplex.Feeds;

/// <summary>The numbered messages of one client that arrived at the server. Thread-safe.</summary>
internal sealed class Arrivals
{
    private readonly Lock _sync = new();

    // Under _sync: how often each number arrived.
    private readonly Dictionary<int, int> _counts = [];

    public void Add(int number)
    {
        lock (_sync)
            _counts[number] = _counts.GetValueOrDefault(number) + 1;
    }

    /// <summary>How often a number arrived.</summary>
    public int CountOf(int number)
    {
        lock (_sync)
            return _counts.GetValueOrDefault(number);
    }
}
