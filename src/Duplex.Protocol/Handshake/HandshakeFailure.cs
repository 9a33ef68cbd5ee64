namespace Duplex;

/// <summary>Why a handshake failed, as a value.</summary>
/// <param name="Check">Which check failed.</param>
/// <param name="Message">What was expected, what came and what to do. It never holds a header's value.</param>
public sealed record HandshakeFailure(HandshakeCheck Check, string Message);
