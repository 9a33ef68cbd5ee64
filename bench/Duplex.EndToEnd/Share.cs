using System.Globalization;

namespace Duplex.EndToEnd;

/// <summary>
/// How 100 sessions of Duplex share one connection of HTTP/2 when the server floods all of them at once: how many
/// messages each had received when the first had all of its own.
/// </summary>
internal sealed record Share(int Size, int Each, int Least, double Mean, int Most)
{
    /// <summary>As many streams as most servers allow on a connection.</summary>
    public const int Sessions = 100;

    /// <summary>Measures several rounds. Returns the one with the median of the least share.</summary>
    public static async Task<Share> MeasureAsync(Uri server, int size, bool quick)
    {
        // One connection: the handler opens no second while streams are left.
        using var client = new HttpClient(
            new WebSocketsHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }));
        var job = new Job("h2-flood", server, size, quick ? 1000 : 10_000);
        var url = new Uri($"{job.Url}&wait=1"); // until all sessions are open
        var rounds = new List<Share>();
        for (int r = 0; r < (quick ? 3 : 5); r++)
            rounds.Add(await RunAsync(client, job, url));
        return rounds.OrderBy(share => share.Least).ElementAt(rounds.Count / 2);
    }

    public string ToRow() => string.Create(
        CultureInfo.InvariantCulture,
        $"| h2-share | {Size} | | | | | | | | | | {Sessions} sessions, when the first had its {Each}: " +
        $"least {Least}, mean {Mean:F0}, most {Most} |");

    public string ToJson() => string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"workload\":\"h2-share\",\"size\":{Size},\"sessions\":{Sessions},\"each\":{Each}," +
        $"\"least\":{Least},\"mean\":{Mean:F0},\"most\":{Most}}}");

    private static async Task<Share> RunAsync(HttpClient client, Job job, Uri url)
    {
        DefaultClientWebSocketSession[] sessions = await Task.WhenAll(
            Enumerable.Range(0, Sessions).Select(_ => client.WebSocketSessionAsync(url, job.Configure)));
        int[] counts = new int[Sessions];
        int[]? shares = null;
        await Task.WhenAll(sessions.Select((session, number) => Task.Run(async () =>
        {
            await session.SendAsync("q").ConfigureAwait(false);
            await foreach (Frame frame in session.Incoming.ConfigureAwait(false))
            {
                frame.Recycle();
                if (++counts[number] < job.Count)
                    continue;
                Interlocked.CompareExchange(ref shares, [.. counts], null);
                break;
            }
        })));
        foreach (DefaultClientWebSocketSession session in sessions)
            await session.DisposeAsync();
        return new Share(job.Size, (int)job.Count, shares!.Min(), shares!.Average(), shares!.Max());
    }
}
