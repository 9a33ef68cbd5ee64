using System.Net.Sockets;

namespace Duplex.Tests;

/// <summary>However a handshake or a session ends, no socket stays open, and none is disposed twice. The client lives on meanwhile: it is not its disposal that cleans up.</summary>
public sealed class SocketReleaseTests
{
    [Theory, InlineData(false), InlineData(true)]
    public async Task After_every_wrong_answer(bool tls)
    {
        foreach (WrongAnswer wrong in WrongAnswer.All)
        {
            var sockets = new CountedSockets();
            using var server = new RawServer(tls);
            using HttpClient client = sockets.CreateClient(ws => ws.Subprotocols.Add("a"));

            Task opening = client.WebSocketSessionAsync(server.Uri);
            using (RawPeer peer = await server.AcceptAsync())
            {
                await wrong.WriteAsync(peer);
                await Assert.ThrowsAsync<WebSocketHandshakeException>(() => opening.Soon());
                if (wrong.Check != HandshakeCheck.Status)
                    await sockets.AreClosedAsync();
            }

            // An answer with a proper end leaves a connection that the client may use again; it notices that the server does not keep it, or goes with the client.
            client.Dispose();
            await sockets.AreClosedAsync();
            Assert.Equal(1, sockets.Made);
        }
    }

    /// <summary>What ends a handshake that no answer ends, how far the server has come by then, and what the error says.</summary>
    public static TheoryData<string, string, string?, bool> Ends
    {
        get
        {
            var data = new TheoryData<string, string, string?, bool>();
            foreach (bool tls in (bool[])[false, true])
            {
                foreach (string moment in (string[])["before a byte is read", "before an answer", "within the answer", "within a refusal's body"])
                {
                    data.Add("token", moment, null, tls);
                    if (moment != "within a refusal's body")
                    {
                        data.Add("handshake timeout", moment, "within WebSocketsOptions.HandshakeTimeout, 15 s", tls);
                        data.Add("client's timeout", moment, "within HttpClient.Timeout, 0.05 s", tls);
                        data.Add("cancel pending requests", moment, "its pending requests were cancelled", tls);
                        data.Add("dispose the client", moment, "was disposed", tls);
                        data.Add("dispose the handler", moment, "disposed", tls);
                    }

                    if (moment != "before a byte is read")
                        data.Add("reset", moment, moment == "within a refusal's body" ? "403 Forbidden" : "The WebSocket handshake failed", tls);
                }
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Ends))]
    public async Task After_a_handshake_that_no_answer_ends(string end, string moment, string? essence, bool tls)
    {
        var sockets = new CountedSockets();
        var time = new TestClock();
        using var server = new RawServer(tls);
        using var handler = new WebSocketsHandler(sockets.CreateHandler(), ws => ws.TimeProvider = time);
        using var client = new HttpClient(handler, disposeHandler: false);
        using var source = new CancellationTokenSource();
        if (end == "client's timeout")
            client.Timeout = TimeSpan.FromMilliseconds(50);

        Task opening = client.WebSocketSessionAsync(server.Uri, cancellationToken: source.Token);
        Task<Socket> accepting = server.AcceptSocketAsync();
        if (end == "client's timeout" && await Task.WhenAny(accepting, opening) == opening)
        {
            // It came before a connection was made: if one is made yet, it is HttpClient's, and goes with the client.
            await AssertFailedAsync();
            server.Dispose();
            handler.Dispose();
            await sockets.AreClosedAsync();
            return;
        }

        using Socket socket = await accepting;
        RawPeer? peer = null;
        try
        {
            if (moment != "before a byte is read")
            {
                Task<RawPeer> receiving = server.ReceiveRequestAsync(socket);
                if (end == "client's timeout" && await Task.WhenAny(receiving, opening) == opening)
                    handler.Dispose(); // no request may come on it any more
                peer = await receiving;
            }

            await Patience.Until(() => peer is not null || socket.Available > 0 || opening.IsCompleted); // something of it is sent
            if (moment == "within the answer" && (end != "client's timeout" || peer!.Request.EndsWith("\r\n\r\n", StringComparison.Ordinal))) // that may come within the request
                await peer!.WriteAsync(peer.Accept()[..^2]);
            if (moment == "within a refusal's body")
                await peer!.WriteAsync("HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nbegun");
        }
        catch (Exception e) when (end == "client's timeout" && e is (IOException or TimeoutException))
        {
            // It may be over already, over TLS before a request is sent.
        }

        switch (end)
        {
            case "token": await source.CancelAsync(); break;
            case "handshake timeout": time.Advance(TimeSpan.FromSeconds(15)); break;
            case "client's timeout": break;
            case "cancel pending requests": client.CancelPendingRequests(); break;
            case "dispose the client": client.Dispose(); break;
            case "dispose the handler": handler.Dispose(); break;
            default: peer!.Reset(); break;
        }

        await AssertFailedAsync();

        // Over TLS that nobody answers HttpClient goes on to connect for five seconds, for its next request.
        bool began = peer is not null || socket.Available > 0;
        if (tls && moment == "before a byte is read")
            socket.Dispose();
        if (began) // the client's timeout may have come before anything was sent: then the connection is HttpClient's, for its next request
            await sockets.AreClosedAsync();
        peer?.Dispose();

        async Task AssertFailedAsync()
        {
            if (essence is null)
            {
                Assert.Equal(source.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.Soon())).CancellationToken);
                return;
            }

            var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => opening.Soon());
            Assert.Contains(essence, error.Message, StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task After_a_session_that_ended_in_any_way(Transport transport)
    {
        foreach (SessionKind kind in Enum.GetValues<SessionKind>())
        {
            foreach (string way in (string[])["abort", "abort at once", "close", "dispose twice", "peer closes", "peer vanishes", "peer resets", "violation", "close timeout", "many at once"])
            {
                await using SessionOverHttp<WebSocketSession> test = await SessionOverHttp.OpenAsync(kind, transport);
                await EndAsync(test, way);

                await test.Session.Completion.Soon();
                await test.IsReleasedAsync(); // and once more when the session and the client are disposed
            }
        }
    }

    [Fact]
    public async Task After_a_block_that_throws_and_a_configuration_that_throws()
    {
        var sockets = new CountedSockets();
        using var server = new RawServer();
        using HttpClient client = sockets.CreateClient();

        await Assert.ThrowsAsync<InvalidDataException>(() => client.WebSocketSessionAsync(server.Uri, _ => throw new InvalidDataException()));
        Assert.Equal(0, sockets.Made);
        Task running = client.WebSocketAsync(server.Uri, _ => throw new InvalidDataException());
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();
        Assert.IsType<Frame.Close>(await peer.ReceiveAsync());
        await peer.WriteHexAsync("88 02 03f3");
        await peer.EndAsync();

        await Assert.ThrowsAsync<InvalidDataException>(() => running.Soon());
        await sockets.AreClosedAsync();
    }

    private static async Task EndAsync(SessionOverHttp<WebSocketSession> test, string way)
    {
        switch (way)
        {
            case "abort":
                await test.Session.SendAsync("a");
                await test.Peer.ReceiveAsync();
                test.Session.Abort();
                break;
            case "abort at once":
                Task sending = test.Session.SendAsync(new byte[16 << 20]).AsTask(); // is under way
                test.Session.Abort();
                await Assert.ThrowsAsync<WebSocketClosedException>(() => sending.Soon());
                break;
            case "close":
                Task<CloseResult> closing = test.Session.CloseAsync();
                await AnswerAsync(test.Peer);
                await closing.Soon();
                break;
            case "dispose twice":
                Task disposing = Task.WhenAll(test.Session.DisposeAsync().AsTask(), test.Session.DisposeAsync().AsTask());
                await AnswerAsync(test.Peer);
                await disposing.Soon();
                break;
            case "peer closes":
                await test.Peer.WriteHexAsync("88 02 03e8");
                if (test.Session is RawWebSocketSession)
                    await test.Session.SendAsync(new Frame.Close(CloseReason.Normal));
                Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync());
                await test.Peer.EndAsync();
                break;
            case "peer vanishes":
                await test.Peer.EndAsync();
                break;
            case "peer resets":
                test.Peer.Reset();
                break;
            case "violation":
                await test.Peer.WriteHexAsync("83 00");
                Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync());
                await test.Peer.EndAsync();
                break;
            case "close timeout":
                Task unanswered = test.Session.CloseAsync();
                await test.Peer.ReceiveAsync();
                await Patience.Until(() =>
                {
                    test.Time.Advance(TimeSpan.FromMilliseconds(50));
                    return unanswered.IsCompleted;
                });
                break;
            default:
                Task all = Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
                {
                    if (i % 2 == 0)
                        test.Session.Abort();
                    else
                        await test.Session.DisposeAsync();
                })));
                await all.Soon();
                break;
        }

        static async Task AnswerAsync(RawPeer peer)
        {
            Assert.IsType<Frame.Close>(await peer.ReceiveAsync());
            await peer.WriteHexAsync("88 02 03e8");
            await peer.EndAsync();
        }
    }
}
