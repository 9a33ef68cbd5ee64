namespace Duplex.Protocol;

/// <summary>Why a handshake failed, as a value.</summary>
/// <param name="Check">Which check failed.</param>
/// <param name="Message">What was expected, what came and what to do. Of header values it holds at most the names of subprotocols that cannot be taken for a secret.</param>
internal sealed record HandshakeFailure(HandshakeCheck Check, string Message);
