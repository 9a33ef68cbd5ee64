namespace Duplex.Tests;

/// <summary>Sessions that share one connection of HTTP/2: none starves another.</summary>
public sealed class Http2FairnessTests(KestrelServer server) : IClassFixture<KestrelServer>
{
    public static TheoryData<Transport> Over => [Transport.H2c, Transport.H2];

    [Theory, MemberData(nameof(Over))]
    public async Task Twenty_floods_that_nobody_receives_do_not_slow_a_session_that_talks(Transport transport)
    {
        var sockets = new CountedSockets();
        using HttpClient client = sockets.CreateClient().For(transport);
        await using DefaultClientWebSocketSession talking = await client.WebSocketSessionAsync(new Uri(server[transport], "/echo")).Soon();
        var floods = new List<DefaultClientWebSocketSession>();
        for (int i = 0; i < 20; i++)
            floods.Add(await client.WebSocketSessionAsync(new Uri(server[transport], "/flood")).Soon());
        int full = floods[0].Incoming.Count;
        await Patience.Until(() => floods.TrueForAll(flood => flood.Incoming.Count > 0) && full == (full = floods.Sum(flood => flood.Incoming.Count)));

        long began = TimeProvider.System.GetTimestamp();
        for (int i = 0; i < 100; i++)
        {
            await talking.SendAsync($"{i}");
            Assert.Equal($"{i}", await talking.ReceiveTextAsync().AsTask().Soon());
        }

        TimeSpan elapsed = TimeProvider.System.GetElapsedTime(began);
        TestContext.Current.TestOutputHelper?.WriteLine($"{elapsed.TotalMilliseconds:0} ms");
        Assert.InRange(elapsed, TimeSpan.Zero, Patience.Limit); // seen: 10 to 350 ms; a session that waits for the others never ends
        Assert.Equal(1, sockets.Made);
        foreach (DefaultClientWebSocketSession flood in floods)
            flood.Abort();
    }

    [Theory, MemberData(nameof(Over))]
    public async Task Of_100_sessions_on_one_connection_that_all_send_each_gets_its_share(Transport transport)
    {
        const int Sessions = 100; // Kestrel allows no more on a connection
        const int Each = 40;
        var sockets = new CountedSockets();
        using RawServer listener = await RawServer.ListenAsync(transport);
        using HttpClient client = sockets.CreateClient().For(transport);
        var senders = new List<DefaultClientWebSocketSession>();
        var receivers = new List<DefaultWebSocketSession>();
        for (int i = 0; i < Sessions; i++)
        {
            Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(listener.Uri);
            RawPeer peer = await listener.AcceptAsync();
            await peer.UpgradeAsync();
            receivers.Add(WebSocketSessions.Create(peer.Stream, WebSocketRole.Server));
            senders.Add(await opening.Soon());
        }

        // 16 KiB each, so that they wait for the connection, and for each other, all the time. They end at once, when all together have sent enough.
        using var stop = new CancellationTokenSource();
        int[] counts = new int[Sessions];
        int[]? shares = null;
        int begun = 0, total = 0;
        Task[] receiving = [.. receivers.Select((session, number) => Task.Run(() => CountAsync(session, number)))];
        Task[] sending = [.. senders.Select(session => Task.Run(() => FloodAsync(session)))];
        await Task.WhenAll(sending).Soon();
        await Task.WhenAll(senders.Select(session => session.CloseAsync())).Soon();
        await Task.WhenAll(receiving).Soon();

        Assert.Equal(1, sockets.Made);
        TestContext.Current.TestOutputHelper?.WriteLine($"Shares {shares!.Min()} to {shares!.Max()} of {Each}.");
        Assert.All(shares!, share => Assert.InRange(share, Each / 4, 4 * Each));
        foreach (WebSocketSession session in (WebSocketSession[])[.. senders, .. receivers])
            await session.DisposeAsync().Soon();

        async Task FloodAsync(DefaultClientWebSocketSession session)
        {
            byte[] data = new byte[16 * 1024];
            while (!stop.IsCancellationRequested)
                await session.SendAsync(data);
        }

        async Task CountAsync(DefaultWebSocketSession session, int number)
        {
            bool hasBegun = false;
            await foreach (Frame frame in session.Incoming)
            {
                frame.Recycle();
                if (!hasBegun)
                    Interlocked.Increment(ref begun);
                hasBegun = true;
                if (Volatile.Read(ref begun) < Sessions)
                    continue; // the last may begin late
                Interlocked.Increment(ref counts[number]);
                if (Interlocked.Increment(ref total) == Sessions * Each)
                {
                    shares = [.. counts];
                    await stop.CancelAsync();
                }
            }
        }
    }
}
