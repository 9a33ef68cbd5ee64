namespace Duplex;

/// <summary>A row of <see cref="DisconnectTable"/>.</summary>
/// <param name="Case">What happened, for the page.</param>
/// <param name="Rule">What follows.</param>
/// <param name="Why">The words of <see cref="DisconnectVerdict.Why"/>, without any text of the peer.</param>
/// <param name="Matches">Whether the row applies.</param>
internal sealed record DisconnectRow(
    string Case, DisconnectRule Rule, string Why, Func<DisconnectFacts, bool> Matches);
