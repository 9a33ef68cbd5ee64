using System.Net;
using System.Net.Http.Headers;

namespace Duplex.Tests;

/// <summary>What handlers above the plugin may do with a handshake over a real connection, and what they may not.</summary>
public sealed class OuterHandlerTests
{
    public static TheoryData<bool, string> Refusals => new()
    {
        { false, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 7\r\n\r\nexpired" },
        { false, "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" },
        { true, "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 7\r\n\r\nexpired" },
    };

    [Theory, MemberData(nameof(Refusals))]
    public async Task One_that_repeats_with_a_new_token_what_was_refused_opens_a_session_with_another_key(bool tls, string refusal)
    {
        var sockets = new CountedSockets();
        using var server = new RawServer(tls);
        using var client = new HttpClient(new TokenRefresh { InnerHandler = new WebSocketsHandler(sockets.CreateHandler()) });

        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(server.Uri);
        using RawPeer first = await server.AcceptAsync();
        string firstKey = first.Header("Sec-WebSocket-Key")!;
        Assert.Equal("Bearer old", first.Header("Authorization"));
        await first.WriteAsync(refusal);

        // A connection that may be used again may be, or not.
        Task<RawPeer> another = server.AcceptAsync();
        Task same = refusal.Contains("close", StringComparison.Ordinal) ? new TaskCompletionSource().Task : first.ReadRequestAsync();
        RawPeer second = await Task.WhenAny(another, same).Soon() == another ? await another : first;
        Assert.NotEqual(firstKey, second.Header("Sec-WebSocket-Key"));
        Assert.Equal("Bearer new", second.Header("Authorization"));
        await second.UpgradeAsync();
        DefaultClientWebSocketSession session = await opening.Soon();
        Assert.Equal(HttpStatusCode.SwitchingProtocols, session.Call.Response!.StatusCode);
        await second.WriteHexAsync("81 01 61");
        Assert.Equal("a", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync().Soon()).ReadText());

        session.Abort();
        await session.DisposeAsync().Soon();
        client.Dispose();
        await sockets.AreClosedAsync();
        server.Dispose();
        if (second == first)
            await Assert.ThrowsAnyAsync<Exception>(() => another); // the server is gone
        else
            second.Dispose();
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task One_that_repeats_until_it_gives_up_leaves_the_last_refusal(bool tls)
    {
        var sockets = new CountedSockets();
        using var server = new RawServer(tls);
        using var client = new HttpClient(new TokenRefresh { InnerHandler = new WebSocketsHandler(sockets.CreateHandler()) });

        Task opening = client.WebSocketSessionAsync(server.Uri);
        for (int i = 1; i <= 2; i++)
        {
            using RawPeer peer = await server.AcceptAsync();
            await peer.WriteAsync($"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nX-Attempt: {i}\r\nContent-Length: 0\r\n\r\n");
            await peer.IsReleasedAsync();
        }

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => opening.Soon());
        Assert.Equal(["2"], error.Headers!.GetValues("X-Attempt"));
        await sockets.AreClosedAsync();
    }

    public static TheoryData<string, bool> Spoilers
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (string what in (string[])["buffer", "read as text", "read as a stream", "replace the content", "replace the response", "throw", "dispose"])
            {
                data.Add(what, false);
                data.Add(what, true);
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Spoilers))]
    public async Task One_that_spoils_the_answer_fails_readably_and_the_connection_is_released(string what, bool tls)
    {
        var sockets = new CountedSockets();
        using var server = new RawServer(tls);
        using var client = new HttpClient(new Spoiler(what) { InnerHandler = new WebSocketsHandler(sockets.CreateHandler()) });

        Task opening = client.WebSocketSessionAsync(server.Uri);
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => opening.Soon());
        if (what != "throw")
        {
            Assert.Contains("handler", error.Message, StringComparison.Ordinal);
            Assert.Contains("Let that handler pass responses with status 101 on as they are.", error.Message, StringComparison.Ordinal);
        }

        await peer.IsReleasedAsync();
        await sockets.AreClosedAsync();
    }

    /// <summary>What token refreshes look like.</summary>
    private sealed class TokenRefresh : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "old");
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            if (response.StatusCode != HttpStatusCode.Unauthorized)
                return response;
            response.Dispose();
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "new");
            return await base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Spoiler(string what) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            switch (what)
            {
                case "buffer":
                    await response.Content.LoadIntoBufferAsync(cancellationToken);
                    break;
                case "read as text":
                    await response.Content.ReadAsStringAsync(cancellationToken);
                    break;
                case "read as a stream":
                    await response.Content.ReadAsStreamAsync(cancellationToken);
                    break;
                case "replace the content":
                    response.Content = new StringContent("mine");
                    break;
                case "replace the response":
                    return new HttpResponseMessage(HttpStatusCode.SwitchingProtocols);
                case "dispose":
                    response.Dispose();
                    break;
                default:
                    throw new InvalidOperationException("mine");
            }

            return response;
        }
    }
}
