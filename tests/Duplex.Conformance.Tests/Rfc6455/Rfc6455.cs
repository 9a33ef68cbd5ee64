namespace Duplex.Tests;

/// <summary>RFC 6455, The WebSocket Protocol: all that binds a client or a server, but for what its handshake's HTTP binds everybody to.</summary>
internal static class Rfc6455
{
    public static RuleBook Book { get; } = new(6455, "The WebSocket Protocol", [.. Handshakes.Rules, .. Framing.Rules, .. Fragmentation.Rules, .. ControlFrames.Rules, .. Utf8.Rules, .. Messages.Rules, .. Closing.Rules, .. Limits.Rules]);
}
