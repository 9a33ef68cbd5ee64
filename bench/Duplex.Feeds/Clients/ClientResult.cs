namespace Duplex.Feeds;

/// <summary>What a client's process reports at its end.</summary>
/// <param name="Last">The last number that it received.</param>
/// <param name="Missing">How many numbers before the last it did not receive.</param>
/// <param name="Duplicates">How many messages it received again.</param>
/// <param name="Hung">The calls that did not return in time.</param>
/// <param name="Sent">What it knows of each message it sent, see <see cref="Outbox.ToString"/>.</param>
internal sealed record ClientResult(
    long Last, long Missing, long Duplicates, string[] Hung, string Sent);
