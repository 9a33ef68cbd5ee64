using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>Answers that break a rule and are overlooked on request, over a real connection; and .NET's own server, which needs no leniency.</summary>
public sealed class HandshakeStrictnessTests : IDisposable
{
    private const string Head = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n";

    private readonly ListLogger _log = new();

    public static TheoryData<string, bool> Answers => new()
    {
        { $"HTTP/1.0 101 Switching Protocols\r\n{Head}\r\n", false },
        { $"HTTP/1.1 101 Switching Protocols\r\n{Head}Sec-WebSocket-Extensions: Permessage-Deflate\r\n\r\n", true },
        { $"HTTP/1.1 101 Switching Protocols\r\n{Head}Sec-WebSocket-Extensions: permessage-deflate;\r\n\r\n", true },
        { $"HTTP/1.1 101 Switching Protocols\r\n{Head}Sec-WebSocket-Extensions:\r\n\r\n", false },
    };

    public void Dispose() => _log.Dispose();

    [Theory, MemberData(nameof(Answers))]
    public async Task Leniently_a_listed_fault_opens_the_session_and_is_logged_once(string answer, bool isCompressed)
    {
        (Task<DefaultClientWebSocketSession> opening, RawPeer peer, RawServer server) = await AnswerAsync(answer, HandshakeStrictness.Lenient);
        using RawServer own = server;
        using RawPeer connection = peer;

        await using DefaultClientWebSocketSession session = await opening.Soon();
        await peer.WriteHexAsync("81 01 61");
        Assert.Equal("a", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync().Soon()).ReadText());

        Assert.Equal(isCompressed, session.TryGetExtension(out PerMessageDeflate? _));
        (_, LogLevel level, string text) = Assert.Single(_log.Entries, entry => entry.Text.Contains("Lenient", StringComparison.Ordinal));
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains(server.Uri.AbsolutePath, text, StringComparison.Ordinal);
        session.Abort();
    }

    [Theory, MemberData(nameof(Answers))]
    public async Task Strictly_it_is_refused_and_the_option_named(string answer, bool isCompressed)
    {
        _ = isCompressed;
        (Task<DefaultClientWebSocketSession> opening, RawPeer peer, RawServer server) = await AnswerAsync(answer, HandshakeStrictness.Strict);
        using RawServer own = server;
        using RawPeer connection = peer;

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => opening.Soon());

        Assert.EndsWith(HandshakeRefusals.LenientAccepts, error.Message, StringComparison.Ordinal);
        await peer.IsReleasedAsync();
    }

    [Theory, InlineData(""), InlineData(" \t ")]
    public async Task An_empty_subprotocol_says_that_none_was_chosen_and_needs_no_leniency(string value)
    {
        (Task<DefaultClientWebSocketSession> opening, RawPeer peer, RawServer server) = await AnswerAsync(
            $"HTTP/1.1 101 Switching Protocols\r\n{Head}Sec-WebSocket-Protocol:{value}\r\n\r\n", HandshakeStrictness.Strict);
        using RawServer own = server;
        using RawPeer connection = peer;

        await using DefaultClientWebSocketSession session = await opening.Soon();

        Assert.Null(session.Call.Subprotocol);
        Assert.DoesNotContain(_log.Entries, entry => entry.Text.Contains("Lenient", StringComparison.Ordinal));
        session.Abort();
    }

    private async Task<(Task<DefaultClientWebSocketSession> Opening, RawPeer Peer, RawServer Server)> AnswerAsync(string answer, HandshakeStrictness strictness)
    {
        var server = new RawServer();
        HttpClient client = Clients.Create(ws =>
        {
            ws.HandshakeStrictness = strictness;
            ws.LoggerFactory = _log;
            ws.Subprotocols.Add("mqtt");
            ws.Extensions.InstallPerMessageDeflate();
        });
        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(server.Uri);
        RawPeer peer = await server.AcceptAsync();
        await peer.WriteAsync(answer.Replace("{accept}", HandshakeKey.ComputeAccept(peer.Header("Sec-WebSocket-Key")!), StringComparison.Ordinal));
        return (opening, peer, server);
    }
}
