namespace Duplex;

/// <summary>A change of what a <see cref="ReconnectingWebSocket"/> is doing.</summary>
/// <param name="Phase">What it does since then.</param>
/// <param name="Epoch">The number of the last connection; 0 before the first.</param>
/// <param name="Verdict">Why the last attempt failed or the last connection ended; null before that.</param>
/// <param name="Delay">The time to the next attempt, if it waits for one.</param>
/// <param name="Missed">How many changes before this one its reader has missed.</param>
public sealed record ConnectionChange(
    ConnectionPhase Phase, int Epoch, DisconnectVerdict? Verdict, TimeSpan? Delay, int Missed);
