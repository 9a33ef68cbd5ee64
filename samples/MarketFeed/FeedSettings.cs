namespace MarketFeed;

/// <summary>The section <c>Feed</c> of the configuration.</summary>
public sealed class FeedSettings
{
    /// <summary>Where the feed is; null for the simulated exchange of this program.</summary>
    public Uri? BaseAddress { get; init; }

    /// <summary>The path of its WebSocket.</summary>
    public string Path { get; init; } = "/exchange";

    /// <summary>What to subscribe to.</summary>
    public string[] Symbols { get; init; } = [];

    /// <summary>How long to wait before the first attempt after an end. It doubles with each failure.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>The longest wait between two attempts.</summary>
    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromSeconds(15);
}
