namespace Duplex;

/// <summary>A message of <see cref="ReconnectingWebSocket.IncomingWithGaps"/>, or a change of connections.</summary>
/// <param name="Epoch">The number of the connection of the message, or of the one after the gap.</param>
/// <param name="Frame">The message; null for a gap.</param>
/// <param name="Gap">Why the connection changed; null for a message.</param>
public readonly record struct FeedItem(int Epoch, Frame? Frame, GapKind? Gap);
