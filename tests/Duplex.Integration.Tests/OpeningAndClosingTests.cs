namespace Duplex.Tests;

/// <summary>Sessions that are opened and closed leave nothing: no session, no socket, no memory. It looks at the whole process, so no other test may run beside it.</summary>
[CollectionDefinition(nameof(OpeningAndClosingTests), DisableParallelization = true)]
[Collection(nameof(OpeningAndClosingTests))]
public sealed class OpeningAndClosingTests(KestrelServer server) : IClassFixture<KestrelServer>
{
    private const int AtOnce = 16;
    private const int WarmUp = 500;

    // Pools of buffers, and the server's, may grow a little; a session leaves less than a pointer.
    private const long Most = 1_500_000;
    private const int MostEach = 8;

    // DUPLEX_OPENS=60000 is the long run, of a minute or two.
    private static readonly int Opens = int.Parse(Environment.GetEnvironmentVariable("DUPLEX_OPENS") ?? "2000", null);

    [Theory]
    [InlineData("ws", ReceiveMode.Messages)]
    [InlineData("ws", ReceiveMode.Direct)]
    [InlineData("wss over 1.1", ReceiveMode.Messages)]
    public async Task Sessions_that_were_opened_and_closed_leave_nothing_behind(string endpoint, ReceiveMode mode)
    {
        using HttpClient client = Clients.Create();
        var url = new Uri(server[endpoint], "/echo");
        List<WeakReference> sessions = [];
        int opens = endpoint == "ws" ? Opens : Opens / 4; // a handshake of TLS takes its time
        await OpenAsync(WarmUp, null);
        (long bytes, int files) before = Take();

        await OpenAsync(opens, sessions);

        (long bytes, int files) after = (0, 0);
        await Patience.Until(() => (after = Take()).files <= before.files + 4); // the server lets go a moment later; of a session two sockets are this process's
        Assert.True(after.bytes - before.bytes < Most + ((long)opens * MostEach), $"{after.bytes - before.bytes:N0} bytes more after {opens:N0} sessions.");
        Assert.InRange(sessions.Count(session => session.IsAlive), 0, AtOnce); // a thread of the pool may keep the last that it ran

        async Task OpenAsync(int count, List<WeakReference>? references)
        {
            int next = 0;
            await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
            {
                while (Interlocked.Increment(ref next) <= count)
                    await OpenOneAsync(references);
            }))).WaitAsync(TimeSpan.FromMinutes(20));
        }

        // Apart: no local of a loop keeps the last session.
        async Task OpenOneAsync(List<WeakReference>? references)
        {
            await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(url, request => request.ReceiveMode = mode);
            await session.SendAsync("x");
            Assert.Equal("x", await session.ReceiveTextAsync());
            Assert.True((await session.CloseAsync()).WasClean);
            if (references is null)
                return;
            lock (references)
            {
                if (references.Count < 1000) // they take memory, too
                    references.Add(new WeakReference(session));
            }
        }
    }

    private static (long Bytes, int Files) Take()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        int files = OperatingSystem.IsLinux() ? Directory.GetFiles("/proc/self/fd").Length : 0;
        return (GC.GetTotalMemory(forceFullCollection: true), files);
    }
}
