using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;

namespace Duplex.Tests;

/// <summary>docs/how-to/telemetry.md is a contract: it lists each instrument and each event of the log, and no other.</summary>
public sealed class TelemetryPageTests
{
    private static readonly string[] Lines = File.ReadAllLines(Path.Combine(RepositoryRoot.Path, "docs", "how-to", "telemetry.md"));

    [Fact]
    public void It_lists_each_instrument_with_kind_and_unit()
    {
        using var probe = new MeterProbe(listens: false);
        _ = probe.Instruments;

        Assert.Equal(
            probe.Published.Select(instrument => $"`{instrument.Name}` {Kind(instrument)} `{instrument.Unit}`").Order(StringComparer.Ordinal),
            Rows("instrument").Select(cells => $"{cells[0]} {cells[1]} {cells[2]}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Each_instrument_says_what_it_measures()
    {
        using var probe = new MeterProbe(listens: false);
        _ = probe.Instruments;

        Assert.Equal(15, probe.Published.Count);
        Assert.All(probe.Published, instrument => Assert.EndsWith(".", instrument.Description, StringComparison.Ordinal));
    }

    [Fact]
    public void It_lists_each_event_of_the_log()
    {
        // Of every library, by its source: they do not see each other.
        IEnumerable<int> logged = Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Regex.Matches(File.ReadAllText(file), @"\[LoggerMessage\(\s*(?:EventId = )?(\d+)").Select(match => int.Parse(match.Groups[1].Value)));
        IEnumerable<int> listed = Rows("event").SelectMany(cells => cells[0].Split(", ")).Select(int.Parse).Distinct();

        Assert.Equal(logged.Order(), listed.Order());
    }

    [Fact]
    public void The_dashboard_asks_only_for_series_that_the_instruments_have()
    {
        using var probe = new MeterProbe(listens: false);
        _ = probe.Instruments;
        string board = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "how-to", "grafana.json"));
        string[] attributes = [.. Lines.Where(line => line.StartsWith("| `", StringComparison.Ordinal)).SelectMany(line => line.Split('`')).Select(name => name.Replace('.', '_'))];

        IEnumerable<string> asked = Regex.Matches(board, @"\bduplex_\w+").Select(match => match.Value).Distinct();

        Assert.Empty(asked.Except(probe.Published.SelectMany(Series)).Except(attributes));
    }

    // The names that OpenTelemetry's rules for Prometheus give: units are appended, "{…}" is dropped.
    private static IEnumerable<string> Series(Instrument instrument)
    {
        string name = instrument.Name.Replace('.', '_') + instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        return instrument switch
        {
            Histogram<double> => [$"{name}_bucket", $"{name}_count", $"{name}_sum"],
            Counter<long> => [$"{name}_total"],
            _ => [name],
        };
    }

    private static string Kind(Instrument instrument) => instrument switch
    {
        Histogram<double> => "histogram",
        Counter<long> => "counter",
        ObservableUpDownCounter<long> => "up-down counter",
        _ => instrument.GetType().Name,
    };

    // The rows of the table whose first column has this head.
    private static IEnumerable<string[]> Rows(string head) => Lines
        .SkipWhile(line => !line.StartsWith($"| {head} |", StringComparison.Ordinal))
        .Skip(2)
        .TakeWhile(line => line.StartsWith('|'))
        .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries));
}
