using System.Diagnostics;
using System.Globalization;

namespace Duplex.Feeds;

/// <summary>
/// The numbered messages of the feed, the same for all clients. The log grows with time, and nothing is stored: a
/// message is its number and a text of constant length.
/// </summary>
internal sealed class FeedLog
{
    /// <summary>How many messages the log grows by in a second.</summary>
    public const int Rate = 200;

    // With the number about as long as a trade in JSON.
    private static readonly string Rest = new('x', 100);

    private readonly long _began = Stopwatch.GetTimestamp();

    /// <summary>The number of the newest message.</summary>
    public long Head => (long)(Stopwatch.GetElapsedTime(_began).TotalSeconds * Rate);

    /// <summary>The text of a message.</summary>
    public static string TextOf(long number) => string.Create(CultureInfo.InvariantCulture, $"{number} {Rest}");

    /// <summary>The number of a message; it throws if there is none.</summary>
    public static long NumberOf(ReadOnlySpan<char> text) =>
        long.Parse(text[..text.IndexOf(' ')], NumberStyles.None, CultureInfo.InvariantCulture);
}
