using System.Text;

namespace Duplex.Tests;

/// <summary>Where it is installed, and which requests it looks for.</summary>
public sealed class ConnectionTakerTests
{
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";

    [Fact]
    public async Task It_is_installed_where_nothing_is_in_its_way()
    {
        var taker = new ConnectionTaker();
        using var fresh = new SocketsHttpHandler();
        taker.TryInstall(fresh);
        Assert.Same(taker, fresh.PlaintextStreamFilter!.Target);

        using var filtering = new SocketsHttpHandler { PlaintextStreamFilter = (context, _) => new(context.PlaintextStream) };
        taker.TryInstall(filtering);
        Assert.NotSame(taker, filtering.PlaintextStreamFilter.Target);

        using var used = new SocketsHttpHandler { ConnectCallback = (_, _) => throw new IOException("unreachable") };
        using (var client = new HttpClient(used, disposeHandler: false))
            await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri("http://server.test/")));
        taker.TryInstall(used);
        Assert.Null(used.PlaintextStreamFilter);

        using var other = new HttpClientHandler();
        taker.TryInstall(other);
        taker.TryInstall(null);
    }

    [Fact]
    public void A_handshake_is_found_by_its_key_while_it_is_expected()
    {
        var taker = new ConnectionTaker();
        byte[] request = Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: {Key}\r\n\r\n");
        Assert.Null(taker.Find(request));
        ConnectionTaker.Handshake handshake = taker.Expect(Key);
        Assert.Same(handshake, taker.Find(request));
        Assert.Null(taker.Find("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8));
        Assert.Null(taker.Find(request.AsSpan(..^5))); // the key is cut off
        Assert.Null(taker.Find("GET / HTTP/1.1\r\nSec-WebSocket-Key: xxxxxxxxxxxxxxxxxxxxxx==\r\n\r\n"u8)); // another's
        handshake.Dispose();
        Assert.Null(taker.Find(request));
    }
}
