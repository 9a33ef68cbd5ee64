using System.Xml.Linq;

namespace Duplex.EndToEnd;

/// <summary>A chart of one workload of scale, as SVG: the CPU of a message and its p99 over the sessions.</summary>
internal sealed class ScaleChart(string mode, ScalePeer[] peers, List<ScaleCell> cells)
{
    private const int Width = 760;
    private const int Height = 640;
    private const int Left = 72;
    private const int Right = 600; // the labels follow

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private string Title => mode == "scale-each"
        ? "Every session echoes one message of 128 bytes a second"
        : "All sessions together echo 10,000 messages of 128 bytes a second";

    /// <summary>Writes the chart, named after the workload.</summary>
    public void Save(string directory)
    {
        Directory.CreateDirectory(directory);
        using StreamWriter file = File.CreateText(Path.Combine(directory, $"{mode}.svg")); // UTF-8 without a mark
        ToSvg().Save(file);
        file.WriteLine();
    }

    private XDocument ToSvg() => new(new XElement(
        Svg + "svg",
        new XAttribute("viewBox", $"0 0 {Width} {Height}"),
        new XAttribute("width", Width),
        new XAttribute("height", Height),
        new XAttribute("role", "img"),
        new XAttribute("aria-labelledby", "title desc"),
        new XAttribute("font-family", "sans-serif"),
        new XAttribute("font-size", 13),
        new XElement(Svg + "title", new XAttribute("id", "title"), Title),
        new XElement(Svg + "desc", new XAttribute("id", "desc"), Description()),
        new XElement(
            Svg + "rect", // readable on a dark page, too
            new XAttribute("width", Width),
            new XAttribute("height", Height),
            new XAttribute("fill", "#ffffff")),
        new XElement(
            Svg + "text",
            new XAttribute("x", 16),
            new XAttribute("y", 28),
            new XAttribute("font-size", 17),
            new XAttribute("font-weight", "bold"),
            new XAttribute("fill", "#222222"),
            Title),
        Panel("CPU of the client for each message, in µs", Cpu, top: 80, bottom: 340).ToSvg(),
        Panel("p99 of the round trip, in µs", figures => figures.P99, top: 430, bottom: 585).ToSvg()));

    private static double Cpu(ScaleFigures figures) => figures.Cpu;

    private ChartPanel Panel(string title, Func<ScaleFigures, double> figure, int top, int bottom) => new(
        title,
        [.. peers.Select((peer, index) => new ChartLine(
            peer.Label, [.. cells.Select(cell => ((double)cell.Sessions, cell.MedianOf(index, figure)))]))],
        Left,
        Right,
        top,
        bottom);

    private string Description() =>
        "Two line charts over the number of sessions. Above, the CPU of the client process for each message, in " +
        "microseconds. Below, the 99th percentile of the round trip. CPU: " + string.Join("; ", peers.Select(
            (peer, index) => $"{peer.Label} " + string.Join(", ", cells.Select(
                cell => FormattableString.Invariant($"{cell.MedianOf(index, Cpu):F1} at {cell.Sessions:N0}"))))) + ".";
}
