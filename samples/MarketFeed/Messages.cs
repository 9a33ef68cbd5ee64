using System.Text.Json;
using System.Text.Json.Serialization;

namespace MarketFeed;

/// <summary>From us to the feed: which symbols we want.</summary>
public sealed record Subscribe(string[] Symbols);

/// <summary>From the feed: a new price, and when the exchange made it.</summary>
public sealed record Tick(string Symbol, double Price, DateTimeOffset Time);

/// <summary>To the browser: a tick with the time that it took from the exchange to this program.</summary>
public sealed record Quote(string Symbol, double Price, DateTimeOffset Time, double LatencyMs);

/// <summary>To the browser: how the connection to the feed is.</summary>
/// <param name="State">Whether there is a session.</param>
/// <param name="Detail">For people: the address, or how the last session ended.</param>
/// <param name="RoundTripMs">How long the session's last ping took; null before the first pong.</param>
public sealed record FeedStatus(FeedState State, string Detail, double? RoundTripMs = null);

[JsonConverter(typeof(JsonStringEnumConverter<FeedState>))]
public enum FeedState
{
    Connecting,
    Open,
    Waiting,
    Stopped,
}

/// <summary>To the browser: what is new since its last update.</summary>
/// <param name="Status">How the connection to the feed is now.</param>
/// <param name="Quotes">The new quotes, the oldest first.</param>
/// <param name="Missed">How many quotes this browser has missed so far, because it read too slowly.</param>
public sealed record BoardUpdate(FeedStatus Status, IReadOnlyList<Quote> Quotes, long Missed);

// Generated at build time: no reflection when it runs, and it works with native AOT.
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Subscribe))]
[JsonSerializable(typeof(Tick))]
[JsonSerializable(typeof(BoardUpdate))]
public sealed partial class MarketJson : JsonSerializerContext;
