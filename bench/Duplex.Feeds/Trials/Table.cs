using System.Globalization;

namespace Duplex.Feeds;

/// <summary>The results in Markdown.</summary>
internal static class Table
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    public static void Write(IReadOnlyList<TrialResult> results, TextWriter output)
    {
        output.WriteLine(
            "| script | client | missing | duplicates | ready again, s: median | most | attempts a minute | "
            + "hung calls | heap, KiB |");
        output.WriteLine("|---|---|---:|---:|---:|---:|---:|---|---:|");
        foreach (TrialResult result in results)
        {
            output.WriteLine(
                $"| {result.Script} | {result.Client} | {result.Missing} | {result.Duplicates} | "
                + $"{Seconds(Median(result.Outages))} | {Seconds(result.Outages.DefaultIfEmpty().Max())} | "
                + $"{AttemptsOf(result)} | {HungOf(result)} | "
                + string.Create(Invariant, $"{result.HeapGrowth / 1024.0:+0;-0;0} |"));
        }

        TrialResult[] senders = [.. results.Where(result => result.Sent > 0)];
        if (senders.Length == 0)
            return;
        output.WriteLine();
        output.WriteLine(
            "| script | client | sent | arrived | twice | said to have failed | of these arrived | "
            + "said to be unknown | of these arrived | lost without a trace |");
        output.WriteLine("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|");
        foreach (TrialResult result in senders)
        {
            output.WriteLine(string.Create(
                Invariant,
                $"| {result.Script} | {result.Client} | {result.Sent} | {result.Arrived} | {result.ArrivedTwice} | "
                + $"{result.Failed} | {result.FailedButArrived} | {result.Unknown} | {result.UnknownButArrived} | "
                + $"{result.Lost}{(result.Pending > 0 ? $", {result.Pending} pending" : "")} |"));
        }
    }

    private static string AttemptsOf(TrialResult result) =>
        result.AttemptsPerMinute is { } rate ? string.Create(Invariant, $"{rate:F0}")
        : result.EarlyAttempts > 0 ? string.Create(Invariant, $"{result.EarlyAttempts} too early")
        : "";

    private static string HungOf(TrialResult result) => result.Hung.Length == 0
        ? "0"
        : string.Join(", ", result.Hung.CountBy(call => call).Select(call =>
            string.Create(Invariant, $"{call.Value} {call.Key}")));

    private static string Seconds(double seconds) => double.IsInfinity(seconds)
        ? "never"
        : string.Create(Invariant, $"{seconds:F2}");

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? 0 : sorted[sorted.Length / 2];
    }
}
