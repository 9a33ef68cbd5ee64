namespace Duplex;

/// <summary>Why a receive loop parses no more.</summary>
/// <param name="Violation">What the peer did wrong; null otherwise.</param>
/// <param name="Error">The end of the stream, or the error of its read; null if the peer closed, or there was a violation.</param>
internal readonly record struct ReceiveEnd(ProtocolViolation? Violation = null, Exception? Error = null);
