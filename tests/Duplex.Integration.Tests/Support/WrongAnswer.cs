namespace Duplex.Tests;

/// <summary>An answer to a handshake that a client must refuse.</summary>
/// <param name="Name">What is wrong with it.</param>
/// <param name="Text">The answer as it stands on the wire, but for the value of its accept header.</param>
/// <param name="Check">The check that it fails.</param>
/// <param name="Essence">What the error must say, and no other.</param>
/// <remarks>Where it has a place for one, it holds <see cref="Secret"/>, which nobody may repeat.</remarks>
internal sealed record WrongAnswer(string Name, string Text, HandshakeCheck Check, string Essence)
{
    /// <summary>What a server may send, and no message may hold.</summary>
    public const string Secret = "s3cret-of-the-server";

    // Its place is filled with the proper value for the client's key.
    private const string Accept = "{accept}";
    private const string Head = "HTTP/1.1 101 Switching Protocols\r\n";
    private const string Proper = $"{Head}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {Accept}\r\nX-Secret: {Secret}\r\n";

    public static IReadOnlyList<WrongAnswer> All { get; } =
    [
        new("status 200", $"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{Secret}", HandshakeCheck.Status, "200 OK"),
        new("status 302", $"HTTP/1.1 302 Found\r\nLocation: /{Secret}\r\nContent-Length: 0\r\n\r\n", HandshakeCheck.Status, "302 Found"),
        new("status 401", $"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm={Secret}\r\nContent-Length: 0\r\n\r\n", HandshakeCheck.Status, "401 Unauthorized"),
        new("status 426", "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8\r\nContent-Length: 0\r\n\r\n", HandshakeCheck.Status, "426 UpgradeRequired"),
        new("status 500", $"HTTP/1.1 500 Internal Server Error\r\n\r\n{Secret} until the end", HandshakeCheck.Status, "500 InternalServerError"),
        new("HTTP/1.0", Proper.Replace("HTTP/1.1", "HTTP/1.0", StringComparison.Ordinal) + "\r\n", HandshakeCheck.HttpVersion, "HTTP/1.0"),
        new("no Upgrade", $"{Head}Connection: Upgrade\r\nSec-WebSocket-Accept: {Accept}\r\n\r\n", HandshakeCheck.Upgrade, "no Upgrade header"),
        new("wrong Upgrade", $"{Head}Upgrade: {Secret}\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {Accept}\r\n\r\n", HandshakeCheck.Upgrade, "Upgrade header is not exactly \"websocket\""),
        new("two Upgrades", $"{Head}Upgrade: websocket, h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {Accept}\r\n\r\n", HandshakeCheck.Upgrade, "Upgrade header is not exactly \"websocket\""),
        new("no Connection", $"{Head}Upgrade: websocket\r\nSec-WebSocket-Accept: {Accept}\r\n\r\n", HandshakeCheck.Connection, "no Connection header"),
        new("wrong Connection", $"{Head}Upgrade: websocket\r\nConnection: {Secret}\r\nSec-WebSocket-Accept: {Accept}\r\n\r\n", HandshakeCheck.Connection, "Connection header lacks the token"),
        new("no accept", $"{Head}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", HandshakeCheck.Accept, "no Sec-WebSocket-Accept header"),
        new("wrong accept", $"{Head}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {Secret}\r\n\r\n", HandshakeCheck.Accept, "Accept header does not answer our key"),
        new("two accepts", $"{Proper}Sec-WebSocket-Accept: {Accept}\r\n\r\n", HandshakeCheck.Accept, "Expected one Sec-WebSocket-Accept header in the response; 2 came"),
        new("a subprotocol not offered", $"{Proper}Sec-WebSocket-Protocol: token.{Secret}\r\n\r\n", HandshakeCheck.Subprotocol, "the subprotocol (26 characters, not shown), which was not offered"),
        new("two subprotocols in a line", $"{Proper}Sec-WebSocket-Protocol: a, b\r\n\r\n", HandshakeCheck.Subprotocol, "Sec-WebSocket-Protocol header is a list"),
        new("two subprotocols in two lines", $"{Proper}Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n\r\n", HandshakeCheck.Subprotocol, "at most one Sec-WebSocket-Protocol header"),
        new("an extension not offered", $"{Proper}Sec-WebSocket-Extensions: {Secret}\r\n\r\n", HandshakeCheck.Extensions, "Extension 1 of the 1 that the server accepted was not offered"),
        new("a malformed extension", $"{Proper}Sec-WebSocket-Extensions: {Secret}; ;=\"\r\n\r\n", HandshakeCheck.Extensions, "Sec-WebSocket-Extensions header is malformed"),
        new("no HTTP", $"220 {Secret} ESMTP\r\n\r\n", HandshakeCheck.Transport, "is not HTTP (InvalidResponse)"),
    ];

    public static TheoryData<string> Names => new(All.Select(wrong => wrong.Name));

    public int Status => int.Parse(Text.Split(' ')[1], null);

    public static WrongAnswer Named(string name) => All.Single(wrong => wrong.Name == name);

    /// <summary>Answers the peer's request.</summary>
    public async Task WriteAsync(RawPeer peer)
    {
        await peer.WriteAsync(Text.Replace(Accept, HandshakeKey.ComputeAccept(peer.Header("Sec-WebSocket-Key")!), StringComparison.Ordinal));
        if (Text.EndsWith("until the end", StringComparison.Ordinal))
            await peer.EndAsync();
    }
}
