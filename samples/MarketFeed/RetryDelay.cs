namespace MarketFeed;

/// <summary>Delays that double with each attempt, up to a longest one.</summary>
/// <remarks>
/// Each is shortened by a random part of up to a half. Otherwise all clients of a feed that restarts would come back at
/// the same moments.
/// </remarks>
public sealed class RetryDelay(TimeSpan first, TimeSpan longest, Random? random = null)
{
    private readonly Random _random = random ?? Random.Shared;
    private int _attempts;

    /// <summary>The delay before the next attempt.</summary>
    public TimeSpan Next()
    {
        double seconds = Math.Min(first.TotalSeconds * Math.Pow(2, _attempts++), longest.TotalSeconds);
        return TimeSpan.FromSeconds(seconds * (1 - _random.NextDouble() / 2));
    }

    /// <summary>Begins again with the first delay: the last attempt succeeded.</summary>
    public void Reset() => _attempts = 0;
}
