namespace Duplex.Tests;

/// <summary>All workloads over a real connection, opened by HttpClient, or over a stream of one; the other end is a session over the server's stream. For longer runs: DUPLEX_STRESS_SECONDS, see CONTRIBUTING.md.</summary>
public sealed class WorkloadStressOverHttpTests
{
    private static readonly Transport[] Over = [Transport.Tcp, Transport.H2c, Transport.H2];

    public static TheoryData<Transport, WorkloadKind, bool> All =>
        [.. from transport in Over from kind in Enum.GetValues<WorkloadKind>() from isTorn in (bool[])[false, true] select (transport, kind, isTorn)];

    public static TheoryData<Transport> EachTransport => [.. Over];

    [Theory, MemberData(nameof(All))]
    public async Task What_is_sent_arrives_once_whole_and_in_order(Transport transport, WorkloadKind kind, bool isTorn)
    {
        using RawServer listener = await RawServer.ListenAsync(transport);
        using HttpClient client = Clients.Create(ws => StressRounds.Configure(ws)).For(transport);
        await StressRounds.RunAsync(kind, isTorn, async (isRaw, mode, seed) =>
        {
            Task<WebSocketSession> opening = OpenAsync(client, listener.Uri, isRaw, mode);
            RawPeer peer = await listener.AcceptAsync();
            await peer.UpgradeAsync();
            Stream stream = isTorn ? new TornStream(peer.Stream, seed) : peer.Stream;

            // Nobody answers a raw client's pings.
            WebSocketSession server = WebSocketSessions.Create(stream, WebSocketRole.Server, ws => StressRounds.Configure(ws, pings: !isRaw));
            return (await opening, server);
        });
    }

    [Theory, MemberData(nameof(EachTransport))]
    public async Task Of_16_senders_that_flood_each_gets_its_share(Transport transport)
    {
        const int Senders = 16;
        const int Each = 1000;
        using RawServer listener = await RawServer.ListenAsync(transport);
        using HttpClient client = Clients.Create().For(transport);
        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(listener.Uri);
        using RawPeer peer = await listener.AcceptAsync();
        await peer.UpgradeAsync();
        await using DefaultWebSocketSession server = WebSocketSessions.Create(peer.Stream, WebSocketRole.Server);
        await using DefaultClientWebSocketSession session = await opening.Soon();
        using var stop = new CancellationTokenSource();

        // 16 KiB each, so that they wait for the socket, and for each other, all the time.
        Task[] sending = [.. Enumerable.Range(0, Senders).Select(number => Task.Run(() => FloodAsync(number)))];
        int[] counts = new int[Senders];
        int largestGap = 0;
        int[] last = new int[Senders];
        var begun = new HashSet<int>();
        while (begun.Count < Senders) // the last may begin late, and gets its share from then on
        {
            using Received frame = new(await server.Incoming.ReadAsync().Soon());
            begun.Add(frame.Number);
        }

        for (int i = 0; i < Senders * Each; i++)
        {
            using Received frame = new(await server.Incoming.ReadAsync().Soon());
            int number = frame.Number;
            if (counts[number]++ > 0)
                largestGap = Math.Max(largestGap, i - last[number]);
            last[number] = i;
        }

        await stop.CancelAsync();
        Task draining = Task.Run(async () =>
        {
            while (await server.Incoming.WaitToReadAsync())
            {
                while (server.Incoming.TryRead(out Frame? frame))
                    frame.Recycle();
            }
        });
        await Task.WhenAll(sending).Soon();
        await session.CloseAsync().Soon();
        await draining.Soon();

        // The gate is first come, first served, so a share is what a sender's continuation gets of the pool: half of it is far below what was ever seen.
        Assert.All(counts, count => Assert.InRange(count, Each / 2, int.MaxValue));
        TestContext.Current.TestOutputHelper?.WriteLine($"Shares {counts.Min()} to {counts.Max()}, largest gap {largestGap} messages.");

        async Task FloodAsync(int number)
        {
            byte[] data = new byte[16 * 1024];
            data[0] = (byte)number;
            while (!stop.IsCancellationRequested)
                await session.SendAsync(data);
        }
    }

    private static async Task<WebSocketSession> OpenAsync(HttpClient client, Uri uri, bool isRaw, ReceiveMode mode) => isRaw
        ? await client.WebSocketRawSessionAsync(uri)
        : await client.WebSocketSessionAsync(uri, request => request.ReceiveMode = mode);

    private readonly struct Received(Frame frame) : IDisposable
    {
        public int Number => frame.Data.Span[0];

        public void Dispose() => frame.Recycle();
    }
}
