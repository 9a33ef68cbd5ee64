namespace Duplex.Tests;

/// <summary>Runs each workload in all its variants, at least once, and then again until its time is up.</summary>
internal static class StressRounds
{
    // What a plain run of the tests has for it, for each place where the workloads run. For more: DUPLEX_STRESS_SECONDS, see CONTRIBUTING.md.
    private const double Seconds = 2;

    private static readonly int[] PipeSizes = [64, 1024, 16 * 1024];
    private static readonly int[] FloodSizes = [16, 128, 1024];

    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(
        double.Parse(Environment.GetEnvironmentVariable("DUPLEX_STRESS_SECONDS") ?? $"{Seconds}", System.Globalization.CultureInfo.InvariantCulture) / Enum.GetValues<WorkloadKind>().Length);

    /// <summary>Pings go between messages all the time, and the close waits for a busy machine.</summary>
    public static void Configure(WebSocketsOptions options, bool pings = true)
    {
        options.PingInterval = pings ? TimeSpan.FromMilliseconds(10) : Timeout.InfiniteTimeSpan;
        options.CloseTimeout = Patience.Limit;
    }

    /// <summary>Runs rounds of one workload.</summary>
    /// <param name="kind">The workload.</param>
    /// <param name="isTorn">Whether the connection splits and delays; then there are fewer messages.</param>
    /// <param name="connect">Opens the two ends for a round: whether the client is a raw session, how it receives, a seed.</param>
    public static async Task RunAsync(WorkloadKind kind, bool isTorn, Func<bool, ReceiveMode, int, Task<(WebSocketSession Client, WebSocketSession Server)>> connect)
    {
        long began = TimeProvider.System.GetTimestamp();
        for (int round = 0; ; round++)
        {
            foreach (Reading reading in Enum.GetValues<Reading>())
            {
                // Of ping-pong there is one message at a time, one without bytes bears no number, and where only the server receives it does so in one way.
                if (reading == Reading.Many && kind is (WorkloadKind.PingPong or WorkloadKind.Sizes))
                    continue;
                if (reading != Reading.ForEach && kind == WorkloadKind.Sink)
                    continue;
                foreach (bool isRaw in reading is Reading.Streams or Reading.Views ? (bool[])[false] : [false, true])
                {
                    (WebSocketSession client, WebSocketSession server) = await connect(isRaw, ModeOf(reading, round), (round * 31) + (int)reading).Soon();
                    (int size, int count) = Scale(kind, round, isTorn);
                    await new Workload(kind, reading, recycles: (round + (isRaw ? 1 : 0)) % 2 == 0, size, count).RunAsync(client, server).Soon();
                    await Task.WhenAll(client.DisposeAsync().AsTask(), server.DisposeAsync().AsTask()).Soon();
                    CloseResult end = await server.Completion;
                    Assert.True(end.WasClean, $"{kind}, {reading}, raw {isRaw}: {end} {end.Error}");
                }
            }

            if (TimeProvider.System.GetElapsedTime(began) >= Budget)
                return;
        }
    }

    // What Incoming gives comes by the loop in one round, and by the consumer in the next.
    private static ReceiveMode ModeOf(Reading reading, int round) => reading switch
    {
        Reading.Streams => ReceiveMode.Streams,
        Reading.Views => ReceiveMode.Direct,
        _ => round % 2 == 0 ? ReceiveMode.Messages : ReceiveMode.Direct,
    };

    private static (int Size, int Count) Scale(WorkloadKind kind, int round, bool isTorn)
    {
        (int size, int count) = kind switch
        {
            WorkloadKind.PingPong => (32, 100),
            WorkloadKind.Sizes => (0, 48),
            WorkloadKind.Pipe => (PipeSizes[round % PipeSizes.Length], 1000),
            WorkloadKind.TextFlood => (1024, 1000),
            _ => (FloodSizes[round % FloodSizes.Length], 5000),
        };
        return (size, isTorn && kind != WorkloadKind.Sizes ? count / 5 : count);
    }
}
