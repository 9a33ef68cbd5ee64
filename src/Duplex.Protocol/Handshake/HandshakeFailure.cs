namespace Duplex.Protocol;

/// <summary>Why a handshake failed, as a value.</summary>
/// <param name="Check">Which check failed.</param>
/// <param name="Message">Of header values it has at most names of subprotocols that cannot be secrets.</param>
internal sealed record HandshakeFailure(HandshakeCheck Check, string Message);
