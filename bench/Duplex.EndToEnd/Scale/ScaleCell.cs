using System.Globalization;

namespace Duplex.EndToEnd;

/// <summary>The results of scale with one number of sessions: the rounds of each peer.</summary>
internal sealed class ScaleCell(Job job, ScalePeer[] peers, List<ScaleFigures>[] rounds)
{
    // The pacing loop ticks as often. Below it, its cost is a large part of what is measured for each message.
    private const int TicksPerSecond = 1000;

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    private readonly int _baseline = Array.FindIndex(peers, peer => peer.Name == ScalePeer.Baseline);

    public long Sessions => job.Count;

    public string ToJson() => string.Create(
        Invariant,
        $"{{\"workload\":\"{job.Mode}\",\"size\":{job.Size},\"sessions\":{Sessions},\"count\":{rounds[0][0].Count}" +
        $"{string.Concat(Enumerable.Range(0, peers.Length).Select(ToJson))}}}");

    public string ToRow()
    {
        var more = new List<string> { $"{SpreadOf(0)}; {RoundTripsOf(0)} to {RoundTripsOf(_baseline)}" };
        more.AddRange(Enumerable.Range(1, peers.Length - 1).Where(peer => peer != _baseline).Select(Summary));
        if (rounds[0][0].Rate < TicksPerSecond / 2)
            more.Add($"{rounds[0][0].Count} messages; more ticks of the pacing loop than messages");
        return string.Create(
            Invariant,
            $"| {job.Mode} | {Sessions:N0} session{(Sessions == 1 ? "" : "s")} | " +
            $"{RatioOf(0, Rate):F2} | {RatioOf(0, Cpu):F3} | | | " +
            $"{MedianOf(0, Rate):N0} | {MedianOf(0, Cpu):F2} | {MedianOf(_baseline, Rate):N0} | " +
            $"{MedianOf(_baseline, Cpu):F2} | {MedianOf(0, Allocated):F0} | {string.Join("; ", more)} |");
    }

    /// <summary>The median of a peer's rounds.</summary>
    public double MedianOf(int peer, Func<ScaleFigures, double> figure) => Cell.Median(rounds[peer].Select(figure));

    private static double Rate(ScaleFigures figures) => figures.Rate;

    private static double Cpu(ScaleFigures figures) => figures.Cpu;

    private static double Allocated(ScaleFigures figures) => figures.Allocated;

    // Only rounds that ran together are compared.
    private double[] RatiosOf(int peer, Func<ScaleFigures, double> figure) =>
        [.. rounds[peer].Zip(rounds[_baseline], (one, bcl) => figure(one) / figure(bcl))];

    private double RatioOf(int peer, Func<ScaleFigures, double> figure) => Cell.Median(RatiosOf(peer, figure));

    private string Summary(int peer) => string.Create(
        Invariant,
        $"{peers[peer].Name}: rate {RatioOf(peer, Rate):F2}, CPU {RatioOf(peer, Cpu):F3}, {SpreadOf(peer)}, " +
        $"{MedianOf(peer, Cpu):F2} us, {MedianOf(peer, Allocated):F0} B, {RoundTripsOf(peer)}");

    // Of the rounds' CPU ratios: the least and the most.
    private string SpreadOf(int peer)
    {
        double[] ratios = RatiosOf(peer, Cpu);
        return string.Create(Invariant, $"CPU spread {ratios.Min():F2}-{ratios.Max():F2}");
    }

    private string RoundTripsOf(int peer) => string.Create(
        Invariant, $"p50 {MedianOf(peer, one => one.P50):F0} us, p99 {MedianOf(peer, one => one.P99):F0}");

    private string ToJson(int peer)
    {
        string name = peers[peer].Name;
        double[] ratios = RatiosOf(peer, Cpu);
        return string.Create(
            Invariant,
            $",\"{name}_msg_s\":{MedianOf(peer, Rate):F1},\"{name}_cpu_us\":{MedianOf(peer, Cpu):F3}," +
            $"\"{name}_p50_us\":{MedianOf(peer, one => one.P50):F1}," +
            $"\"{name}_p99_us\":{MedianOf(peer, one => one.P99):F1}," +
            $"\"{name}_alloc_bytes\":{MedianOf(peer, Allocated):F1}") + (peer == _baseline ? "" : string.Create(
            Invariant,
            $",\"{name}_rate_ratio\":{RatioOf(peer, Rate):F3},\"{name}_cpu_ratio\":{Cell.Median(ratios):F4}," +
            $"\"{name}_cpu_ratio_least\":{ratios.Min():F4},\"{name}_cpu_ratio_most\":{ratios.Max():F4}"));
    }
}
