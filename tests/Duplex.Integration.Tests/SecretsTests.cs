namespace Duplex.Tests;

/// <summary>No message of ours and no line of the log repeats a query, user info, a header's value, a body or a payload, whatever fails. The text of a legal Close is no secret: it says why.</summary>
public sealed class SecretsTests : IDisposable
{
    private const string Mine = "s3cret-of-the-client";

    private readonly ListLogger _log = new();

    public void Dispose() => _log.Dispose();

    [Theory, InlineData(false), InlineData(true)]
    public async Task Not_after_a_wrong_answer(bool tls)
    {
        foreach (WrongAnswer wrong in WrongAnswer.All)
        {
            using var server = new RawServer(tls);
            using HttpClient client = Create();
            Task opening = client.WebSocketSessionAsync(new Uri(server.Uri, $"/path?token={Mine}"), AddSecrets);
            using RawPeer peer = await server.AcceptAsync();
            Assert.Contains($"?token={Mine} ", peer.Request, StringComparison.Ordinal);
            Assert.Equal($"Bearer {Mine}", peer.Header("Authorization"));
            await wrong.WriteAsync(peer);

            AssertSafe(await Assert.ThrowsAsync<WebSocketHandshakeException>(() => opening.Soon()));
        }

        // Start and end of each are told, and where to.
        Assert.Equal(2 * WrongAnswer.All.Count, _log.Entries.Count);
        AssertLogIsSafe("/path");
    }

    public static TheoryData<string> Ends => ["token", "client's timeout", "cancel pending requests", "dispose the handler", "reset"];

    [Theory, MemberData(nameof(Ends))]
    public async Task Not_after_a_handshake_that_no_answer_ends(string end)
    {
        using var server = new RawServer();
        using var handler = new WebSocketsHandler(LoopbackCertificate.CreateHandler(), ws => ws.LoggerFactory = _log);
        using var client = new HttpClient(handler, disposeHandler: false);
        using var source = new CancellationTokenSource();
        if (end == "client's timeout")
            client.Timeout = TimeSpan.FromMilliseconds(50);

        Task opening = client.WebSocketSessionAsync(new Uri(server.Uri, $"/path?token={Mine}"), AddSecrets, source.Token);
        using RawPeer? peer = end == "client's timeout" ? null : await server.AcceptAsync(); // that may come before a request is sent
        switch (end)
        {
            case "token": await source.CancelAsync(); break;
            case "cancel pending requests": client.CancelPendingRequests(); break;
            case "dispose the handler": handler.Dispose(); break;
            case "reset": peer!.Reset(); break;
        }

        AssertSafe(await Assert.ThrowsAnyAsync<Exception>(() => opening.Soon()));
        AssertLogIsSafe("/path");
    }

    [Fact]
    public async Task Not_in_what_is_refused_at_the_call()
    {
        using HttpClient client = Create(), relative = Create(), without = new(), redirecting = new(new WebSocketsHandler(new SocketsHttpHandler(), ws => ws.LoggerFactory = _log));
        relative.BaseAddress = new Uri($"http://{Mine}@localhost/");

        await RefusedAsync(client, $"ws://user:{Mine}@localhost/");
        await RefusedAsync(client, $"ws://{Mine}@localhost/");
        await RefusedAsync(client, $"{Mine}:password@localhost");
        await RefusedAsync(client, $"ftp://localhost/?token={Mine}");
        await RefusedAsync(client, $"ws://localhost/?token={Mine}#{Mine}");
        await RefusedAsync(client, $"/path?token={Mine}");
        await RefusedAsync(client, $"ws://local host/?token={Mine}");
        await RefusedAsync(client, $"ws://[{Mine}]/");
        await RefusedAsync(relative, $"path?token={Mine}");
        await RefusedAsync(without, $"ws://localhost/?token={Mine}");
        await RefusedAsync(redirecting, $"ws://localhost/?token={Mine}");
        await RefusedAsync(client, "ws://localhost/", request => request.Headers.TryAddWithoutValidation("X-Secret", $"{Mine}\r\nX-Evil: {Mine}"));
        await RefusedAsync(client, "ws://localhost/", request => request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", Mine));
        await RefusedAsync(client, "ws://localhost/", request => request.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", $"{Mine} {Mine}"));
        await RefusedAsync(client, "ws://localhost/", request => request.Headers.TryAddWithoutValidation("Host", [Mine, Mine]));
        AssertLogIsSafe(null);

        async Task RefusedAsync(HttpClient by, string url, Func<WebSocketRequest, object?>? configure = null)
        {
            Exception error = await Assert.ThrowsAnyAsync<Exception>(() => by.WebSocketSessionAsync(url, request => configure?.Invoke(request)).Soon());
            Assert.True(error is ArgumentException or InvalidOperationException, $"{error.GetType()} for {url}");
            AssertSafe(error);
        }
    }

    public static TheoryData<string, string> SessionEnds => new()
    {
        { "a Close", "88 02 0fa0" },
        { "a Close with a secret that is no UTF-8", "88 17 0fa0" + Convert.ToHexString("s3cret-of-the-server"u8) + "ff" },
        { "a text with a secret that is no UTF-8", "81 15" + Convert.ToHexString("s3cret-of-the-server"u8) + "ff" },
        { "a secret with a reserved bit", "c1 14" + Convert.ToHexString("s3cret-of-the-server"u8) },
        { "a secret that is too long", "81 7e 03e9" + Convert.ToHexString("s3cret-of-the-server"u8) },
        { "a secret for a full queue", "81 14" + Convert.ToHexString("s3cret-of-the-server"u8) + "81 14" + Convert.ToHexString("s3cret-of-the-server"u8) },
        { "the end of the stream within a secret", "81 7d" + Convert.ToHexString("s3cret-of-the-server"u8) },
    };

    [Theory, MemberData(nameof(SessionEnds))]
    public async Task Not_in_how_a_session_ended(string what, string wire)
    {
        foreach (SessionKind kind in Enum.GetValues<SessionKind>())
        {
            await using SessionOverHttp<WebSocketSession> test = await SessionOverHttp.OpenAsync(kind, Transport.Tcp, ws =>
            {
                ws.LoggerFactory = _log;
                ws.MaxFrameSize = 1000;
                if (what == "a secret for a full queue")
                    ws.Channels.Incoming = ChannelConfig.Bounded(1, 1000, ChannelOverflow.Close);
            });
            await test.Session.SendAsync(Mine);

            await test.Peer.WriteHexAsync(wire);
            if (what == "the end of the stream within a secret")
                await test.Peer.EndAsync();
            await Patience.Until(() => test.Session.State != WebSocketSessionState.Open);
            Task closing = test.Session.CloseAsync(new CloseReason((CloseCode)4000, Mine)); // of a raw session whose peer has closed, the answer
            await test.Peer.EndAsync();
            await closing.Soon();

            CloseResult end = await test.Session.Completion.Soon();
            AssertSafe(end.Error);
            AssertSafe(await Assert.ThrowsAnyAsync<WebSocketException>(() => test.Session.SendAsync("late").Soon()));
            Exception? error = null;
            while (error is null)
            {
                try
                {
                    await test.Session.Incoming.ReadAsync().Soon();
                }
                catch (WebSocketException e)
                {
                    error = e;
                }
            }

            AssertSafe(error);
        }

        Assert.Contains(_log.Entries, entry => entry.Id == 20);
        AssertLogIsSafe("/raw");
    }

    private static void AddSecrets(WebSocketRequest request)
    {
        request.Headers.Authorization = new("Bearer", Mine);
        request.Headers.Add("Cookie", $"session={Mine}");
        request.Subprotocols.Add($"token.{Mine}");
    }

    private static void AssertSafe(Exception? error)
    {
        if (error is null)
            return;
        Assert.DoesNotContain(Mine, error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(WrongAnswer.Secret, error.Message, StringComparison.OrdinalIgnoreCase);
        if (error.InnerException is WebSocketException or TimeoutException)
            AssertSafe(error.InnerException);
    }

    private HttpClient Create() => new(new WebSocketsHandler(LoopbackCertificate.CreateHandler(), ws => ws.LoggerFactory = _log));

    private void AssertLogIsSafe(string? target)
    {
        foreach ((_, _, string line) in _log.Entries)
        {
            Assert.DoesNotContain(Mine, line, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(WrongAnswer.Secret, line, StringComparison.OrdinalIgnoreCase);
        }

        if (target is not null)
            Assert.Contains(_log.Entries, entry => entry.Text.Contains(target, StringComparison.Ordinal));
    }
}
