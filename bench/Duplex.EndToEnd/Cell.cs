using System.Globalization;

namespace Duplex.EndToEnd;

/// <summary>The results of one workload of one size: the rounds of Duplex, ClientWebSocket, and any others.</summary>
internal sealed class Cell(Job job, string[] names, long[] counts, List<Meter>[] meters)
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    private double RateRatio => Ratio(0, Rate);

    private double CpuRatio => Ratio(0, Cpu);

    private double Allocated => AllocatedBy(0);

    public string ToJson() => job.IsIdle
        ? string.Create(
            Invariant,
            $"{{\"workload\":\"{job.Mode}\",\"size\":0,\"connections\":{job.Count}," +
            $"\"duplex_rss\":{Resident(0):F0},\"bcl_rss\":{Resident(1):F0}," +
            $"\"rss_ratio\":{Resident(0) / Resident(1):F3}," +
            $"\"duplex_heap\":{Heap(0):F0},\"bcl_heap\":{Heap(1):F0}," +
            $"\"heap_ratio\":{Heap(0) / Heap(1):F3}}}")
        : string.Create(
            Invariant,
            $"{{\"workload\":\"{job.Mode}\",\"size\":{job.Size}," +
            $"\"duplex_msg_s\":{MedianOf(0, Rate):F0},\"bcl_msg_s\":{MedianOf(1, Rate):F0}," +
            $"\"rate_ratio\":{RateRatio:F3}," +
            $"\"duplex_cpu_us\":{MedianOf(0, Cpu):F4},\"bcl_cpu_us\":{MedianOf(1, Cpu):F4}," +
            $"\"cpu_ratio\":{CpuRatio:F4},\"alloc_bytes\":{Allocated:F1}" +
            $"{Latency()}{Fields("recycle", "duplex-recycle")}{Fields("direct", "duplex-direct")}" +
            $"{Fields("socket", "socket")}{Compression()}}}");

    public string ToRow()
    {
        if (job.IsIdle)
        {
            return string.Create(
                Invariant,
                $"| {job.Mode} | {job.Count} connections | resident memory {Resident(0) / Resident(1):F2} | " +
                $"heap {Heap(0) / Heap(1):F2} | | | " +
                $"{Resident(0) / 1024:F1} KiB | | {Resident(1) / 1024:F1} KiB | | | |");
        }

        int other = Array.IndexOf(names, "wsclient");
        string third = other > 0
            ? string.Create(Invariant, $"{Ratio(other, Rate):F2} | {Ratio(other, Cpu):F2}")
            : " | ";
        string more = string.Join("; ", new[]
        {
            job.Workload == "pingpong"
                ? string.Create(
                    Invariant, $"p50 {P50(0):F0} us to {P50(1):F0}, p99 {P99(0):F0} to {P99(1):F0}")
                : null,
            Variant("recycling", Array.IndexOf(names, "duplex-recycle")),
            Variant("direct", Array.IndexOf(names, "duplex-direct")),
            Variant("bare socket", Array.IndexOf(names, "socket")),
            job.IsCompressed ? string.Create(Invariant, $"compressed to {meters[0][0].Ratio:F3}") : null,
        }.Where(part => part is not null));
        return string.Create(
            Invariant,
            $"| {job.Mode} | {job.Size} | {RateRatio:F2} | {CpuRatio:F3} | {third} | " +
            $"{MedianOf(0, Rate):N0} | {MedianOf(0, Cpu):F3} | {MedianOf(1, Rate):N0} | {MedianOf(1, Cpu):F3} | " +
            $"{Allocated:F0} | {more} |");
    }

    private static double Rate(Meter meter, long count) => count / meter.Seconds;

    private static double Cpu(Meter meter, long count) => meter.CpuMicroseconds / count;

    private double MedianOf(int peer, Func<Meter, long, double> figure) =>
        Median(meters[peer].Select(meter => figure(meter, counts[peer])));

    // Only rounds that ran together are compared.
    private double Ratio(int peer, Func<Meter, long, double> figure) => Median(meters[peer].Zip(
        meters[1], (one, bcl) => figure(one, counts[peer]) / figure(bcl, counts[1])));

    private double Resident(int peer) =>
        Median(meters[peer].Select(meter => (double)meter.ResidentPerConnection));

    private double Heap(int peer) => Median(meters[peer].Select(meter => (double)meter.HeapPerConnection));

    private double P50(int peer) => Median(meters[peer].Select(meter => meter.P50));

    private double P99(int peer) => Median(meters[peer].Select(meter => meter.P99));

    private string Latency() => job.Workload == "pingpong"
        ? string.Create(
            Invariant,
            $",\"duplex_p50_us\":{P50(0):F1},\"bcl_p50_us\":{P50(1):F1}," +
            $"\"p50_ratio\":{Median(meters[0].Zip(meters[1], (one, bcl) => one.P50 / bcl.P50)):F3}," +
            $"\"duplex_p99_us\":{P99(0):F1},\"bcl_p99_us\":{P99(1):F1}")
        : "";

    private string? Variant(string how, int peer) => peer > 0
        ? string.Create(
            Invariant,
            $"{how}: rate {Ratio(peer, Rate):F2}, CPU {Ratio(peer, Cpu):F3} ({Spread(peer)}), " +
            $"{AllocatedBy(peer):F0} B") + (job.Workload == "pingpong"
                ? string.Create(Invariant, $", p50 {P50(peer):F0}, p99 {P99(peer):F0}")
                : "")
        : null;

    // Of the rounds' CPU ratios: the least and the most.
    private string Spread(int peer)
    {
        double[] ratios = [.. meters[peer].Zip(
            meters[1], (one, bcl) => Cpu(one, counts[peer]) / Cpu(bcl, counts[1]))];
        return string.Create(Invariant, $"{ratios.Min():F2}-{ratios.Max():F2}");
    }

    // Only where this peer ran.
    private string Fields(string key, string name) => Array.IndexOf(names, name) is > 0 and var peer
        ? string.Create(
            Invariant,
            $",\"{key}_rate_ratio\":{Ratio(peer, Rate):F3},\"{key}_cpu_ratio\":{Ratio(peer, Cpu):F4}," +
            $"\"{key}_alloc_bytes\":{AllocatedBy(peer):F1}")
        : "";

    private double AllocatedBy(int peer) =>
        Median(meters[peer].Select(meter => (double)meter.Allocated / counts[peer]));

    private string Compression() =>
        job.IsCompressed ? string.Create(Invariant, $",\"ratio\":{meters[0][0].Ratio:F3}") : "";

    public static double Median(IEnumerable<double> figures)
    {
        double[] sorted = [.. figures.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
