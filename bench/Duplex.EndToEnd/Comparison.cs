using System.Diagnostics;
using System.Globalization;

namespace Duplex.EndToEnd;

/// <summary>
/// Runs the cells interleaved: each round runs every client once, so that other load on the machine affects all of
/// them. Only ratios within one round are meaningful.
/// </summary>
internal static class Comparison
{
    private static readonly (string Mode, int[] Sizes)[] Cells =
    [
        ("pingpong", [32]),
        ("pipe", [64, 1024, 16 * 1024]),
        ("flood", [16, 128, 1024, 64 * 1024, 1024 * 1024]),
        ("tflood", [1024]),
        ("sink", [16, 128, 1024, 64 * 1024, 1024 * 1024]),
        ("dflood", [1024]),
        ("dsink", [1024]),
        ("dsinkfast", [1024]),
        ("decho", [1024]),
        ("dechofast", [1024]),
        ("h2-pingpong", [32]),
        ("h2-pipe", [64, 1024]),
        ("h2-flood", [16, 128, 1024, 64 * 1024]),
        ("h2-sink", [16, 128, 1024, 64 * 1024]),
        ("h2-share", [1024]),
        ("idle", [0]),
        ("idle-tls", [0]),
        ("scale-total", [128]),
        ("scale-each", [128]),
    ];

    public static async Task<int> RunAsync(Settings settings)
    {
        ScalePeer[] scalePeers = ScalePeer.All(settings.Also);
        using Process server = StartServer(out Uri address, out Uri http2, out Uri tls);
        try
        {
            if (!settings.Json)
                WriteHead();
            foreach ((string mode, int[] sizes) in Cells)
            {
                foreach (int size in sizes)
                {
                    var job = new Job(mode, address, size, 1);
                    if (!settings.Includes(job))
                        continue;
                    if (mode == "h2-share")
                    {
                        Share share = await Share.MeasureAsync(http2, size, settings.Quick);
                        Console.WriteLine(settings.Json ? share.ToJson() : share.ToRow());
                        continue;
                    }

                    if (job.IsScale)
                    {
                        await ScaleAsync(scalePeers, job, settings);
                        continue;
                    }

                    Cell cell = job.IsIdle
                        ? await IdleAsync(job.IsTls ? job with { Server = tls } : job, settings.Quick)
                        : await MeasureAsync(job.IsHttp2 ? job with { Server = http2 } : job, settings.Quick);
                    Console.WriteLine(settings.Json ? cell.ToJson() : cell.ToRow());
                }
            }
        }
        finally
        {
            server.StandardInput.Close();
            await server.WaitForExitAsync();
        }

        return 0;
    }

    private static void WriteHead()
    {
        Console.WriteLine(
            "Medians of interleaved rounds. Rate: more is better; CPU for each message: less is better; "
            + "both as ratios to ClientWebSocket in the same round.");
        Console.WriteLine();
        Console.WriteLine(
            "| workload | size | rate | CPU | Websocket.Client rate | CPU | Duplex msg/s | CPU us | "
            + "ClientWebSocket msg/s | CPU us | allocated B | more |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    }

    private static async Task<Cell> MeasureAsync(Job job, bool quick)
    {
        string[] names = Competitors(job);
        double warm = quick ? 0.4 : 2.2;
        double round = quick ? 0.15 : 0.6;
        int rounds = quick ? 3 : job.Workload == "pingpong" ? 9 : 5;

        var peers = names.Select(Peer.Create).ToArray();
        long[] counts = new long[peers.Length];
        for (int i = 0; i < peers.Length; i++)
            counts[i] = await WarmAsync(peers[i], job, warm, round);

        var meters = peers.Select(_ => new List<Meter>()).ToArray();
        for (int r = 0; r < rounds; r++)
        {
            for (int i = 0; i < peers.Length; i++)
                meters[i].Add(await peers[i].RunAsync(job with { Count = counts[i] }));
        }

        return new Cell(job, names, counts, meters);
    }

    private static async Task ScaleAsync(ScalePeer[] peers, Job job, Settings settings)
    {
        var cells = new List<ScaleCell>();
        await foreach (ScaleCell cell in new Scale(peers, settings.Quick).MeasureAsync(job.Mode, job.Server, job.Size))
        {
            Console.WriteLine(settings.Json ? cell.ToJson() : cell.ToRow());
            cells.Add(cell);
        }

        if (settings.Chart is { } directory)
            new ScaleChart(job.Mode, peers, cells).Save(directory);
    }

    // What is received comes in each way: kept, recycled, and as views. The bare socket shows what none can fall below.
    private static string[] Competitors(Job job) => job.Mode switch
    {
        "flood" when job.Size < 64 * 1024 => ["duplex", "bcl", "wsclient", "duplex-recycle", "duplex-direct", "socket"],
        "flood" or "tflood" => ["duplex", "bcl", "duplex-recycle", "duplex-direct", "socket"],
        "dflood" or "h2-flood" => ["duplex", "bcl", "duplex-recycle", "duplex-direct"],
        "pingpong" => ["duplex", "bcl", "wsclient", "duplex-direct", "socket"],
        "h2-pingpong" => ["duplex", "bcl", "duplex-direct"],
        _ => job.IsCompressed || job.IsHttp2 ? ["duplex", "bcl"] : ["duplex", "bcl", "wsclient"],
    };

    // Runs until the time is up. Returns how many messages fill a round.
    private static async Task<long> WarmAsync(Peer peer, Job job, double seconds, double round)
    {
        long count = Math.Max(16, (1 << 20) / Math.Max(job.Size, 64));
        long began = Stopwatch.GetTimestamp();
        Meter meter;
        do
        {
            meter = await peer.RunAsync(job with { Count = count });
            count = (long)Math.Max(16, Math.Min(count * 4, count / meter.Seconds * round));
            await Task.Delay(20);
        }
        while (Stopwatch.GetElapsedTime(began).TotalSeconds < seconds);
        return count;
    }

    // Each client runs in its own process, because a process does not return all memory that it used.
    private static async Task<Cell> IdleAsync(Job job, bool quick)
    {
        job = job with { Count = job.IsTls ? (quick ? 500 : 2000) : (quick ? 1000 : 9000) };
        string[] names = ["duplex", "bcl"];
        var meters = names.Select(_ => new List<Meter>()).ToArray();
        for (int r = 0; r < (quick ? 1 : 3); r++)
        {
            for (int i = 0; i < names.Length; i++)
            {
                string count = job.Count.ToString(CultureInfo.InvariantCulture);
                using Process child = Start(names[i], job.Mode, job.Server.ToString(), "0", count);
                string line = await child.StandardOutput.ReadToEndAsync();
                await child.WaitForExitAsync();
                var result = System.Text.Json.JsonDocument.Parse(line).RootElement;
                meters[i].Add(new Meter
                {
                    ResidentPerConnection = result.GetProperty("rss_per_conn").GetInt64(),
                    HeapPerConnection = result.GetProperty("heap_per_conn").GetInt64(),
                });
            }
        }

        return new Cell(job, names, [job.Count, job.Count], meters);
    }

    private static Process StartServer(out Uri address, out Uri http2, out Uri tls)
    {
        Process server = Start("--server");
        address = new Uri($"ws://127.0.0.1:{server.StandardOutput.ReadLine()}");
        http2 = new Uri($"ws://127.0.0.1:{server.StandardOutput.ReadLine()}");
        tls = new Uri($"wss://127.0.0.1:{server.StandardOutput.ReadLine()}");
        return server;
    }

    private static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }
}
