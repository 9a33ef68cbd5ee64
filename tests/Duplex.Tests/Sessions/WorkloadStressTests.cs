namespace Duplex.Tests;

/// <summary>All workloads of the benchmarks, in memory, with every byte and the order of all messages checked. For longer runs: DUPLEX_STRESS_SECONDS, see CONTRIBUTING.md.</summary>
public sealed class WorkloadStressTests
{
    public static TheoryData<WorkloadKind, bool> All => [.. from kind in Enum.GetValues<WorkloadKind>() from isTorn in (bool[])[false, true] select (kind, isTorn)];

    [Theory, MemberData(nameof(All))]
    public async Task What_is_sent_arrives_once_whole_and_in_order(WorkloadKind kind, bool isTorn) => await StressRounds.RunAsync(kind, isTorn, (isRaw, mode, seed) =>
    {
        (Stream ours, Stream theirs) = MemoryLink.Create();
        if (isTorn)
            (ours, theirs) = (new TornStream(ours, seed), new TornStream(theirs, seed + 1));
        WebSocketSession client = isRaw
            ? WebSocketSessions.CreateRaw(ours, WebSocketRole.Client, ws => StressRounds.Configure(ws))
            : WebSocketSessions.Create(ours, WebSocketRole.Client, ws => StressRounds.Configure(ws), mode);

        // Nobody answers a raw client's pings.
        WebSocketSession server = WebSocketSessions.Create(theirs, WebSocketRole.Server, ws => StressRounds.Configure(ws, pings: !isRaw));
        return Task.FromResult((client, server));
    });
}
