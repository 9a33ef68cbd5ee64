namespace Duplex.Tests;

/// <summary>A default session and the peer that it talks to, byte by byte.</summary>
internal sealed class RawSession : IAsyncDisposable
{
    private readonly RawServer _server;
    private readonly HttpClient _client;

    private RawSession(RawServer server, HttpClient client, RawPeer peer, DefaultClientWebSocketSession session)
    {
        _server = server;
        _client = client;
        Peer = peer;
        Session = session;
    }

    public RawPeer Peer { get; }

    public DefaultClientWebSocketSession Session { get; }

    public static async Task<RawSession> OpenAsync(bool tls, Action<WebSocketsOptions>? configure = null)
    {
        var server = new RawServer(tls);
        HttpClient client = Clients.Create(configure);
        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(server.Uri);
        RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();
        return new RawSession(server, client, peer, await opening.Soon());
    }

    public async ValueTask DisposeAsync()
    {
        Session.Abort();
        await Session.DisposeAsync().Soon();
        Peer.Dispose();
        _client.Dispose();
        _server.Dispose();
    }
}
