namespace Duplex.Tests;

/// <summary>RFC 7692: permessage-deflate, as a client.</summary>
internal static class Rfc7692
{
    public static RuleBook Book { get; } = new(7692, "Compression Extensions for WebSocket", [.. Negotiation.Rules, .. CompressedMessages.Rules]);
}
