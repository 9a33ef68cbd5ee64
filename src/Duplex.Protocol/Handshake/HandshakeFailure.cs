namespace Duplex.Protocol;

/// <summary>The reason of a failed handshake, as a value.</summary>
/// <param name="Check">Which check failed.</param>
/// <param name="Message">
/// What was expected, what was received and what to do. Of header values it contains at most the names of subprotocols
/// that cannot be secrets.
/// </param>
internal sealed record HandshakeFailure(HandshakeCheck Check, string Message);
