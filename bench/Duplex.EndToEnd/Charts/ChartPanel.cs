using System.Globalization;
using System.Xml.Linq;

namespace Duplex.EndToEnd;

/// <summary>One panel of a chart: axes, and lines that have their labels at their ends.</summary>
internal sealed class ChartPanel(string title, ChartLine[] lines, double left, double right, double top, double bottom)
{
    private const double LabelHeight = 16;
    private const string Grey = "#595959";
    private const string Pale = "#dddddd";

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    // The dashes tell the lines apart without the colours; those differ for the colour-blind, too.
    private static readonly (string Colour, string Dashes)[] Styles =
    [
        ("#0072b2", "none"), ("#00805d", "8 3"), ("#b84d00", "none"), ("#333333", "2 3"), ("#9a4c8b", "8 3 2 3"),
    ];

    private readonly ChartAxis _x =
        ChartAxis.Logarithmic([.. lines[0].Points.Select(point => point.X)], left, right);

    private readonly ChartAxis _y =
        ChartAxis.For([.. lines.SelectMany(line => line.Points).Select(point => point.Y)], bottom, top);

    public XElement ToSvg() => new(
        Svg + "g",
        Text($"{title}, {_y.Kind}", 16, top - 14, "start", "#222222", isBold: true),
        _y.Ticks.Select(YTick),
        _x.Ticks.Select(XTick),
        Text("sessions, logarithmic", (left + right) / 2, bottom + 36, "middle", Grey),
        lines.Select(Line),
        Labels());

    private static XElement Text(
        string text, double x, double y, string anchor, string colour, bool isBold = false) => new(
        Svg + "text",
        new XAttribute("x", Format(x)),
        new XAttribute("y", Format(y)),
        new XAttribute("text-anchor", anchor),
        new XAttribute("fill", colour),
        isBold ? new XAttribute("font-weight", "bold") : null,
        text);

    private static string Format(double position) => position.ToString("0.#", CultureInfo.InvariantCulture);

    private static string FormatTick(double value) => value.ToString("#,0.##", CultureInfo.InvariantCulture);

    private static XElement Rule(double x1, double y1, double x2, double y2) => new(
        Svg + "line",
        new XAttribute("x1", Format(x1)),
        new XAttribute("y1", Format(y1)),
        new XAttribute("x2", Format(x2)),
        new XAttribute("y2", Format(y2)),
        new XAttribute("stroke", Pale));

    private XElement[] YTick(double value)
    {
        double y = _y.Position(value);
        return [Rule(left, y, right, y), Text(FormatTick(value), left - 8, y + 4, "end", Grey)];
    }

    private XElement[] XTick(double value)
    {
        double x = _x.Position(value);
        return [Rule(x, bottom, x, bottom + 5), Text(FormatTick(value), x, bottom + 19, "middle", Grey)];
    }

    private XElement[] Line(ChartLine line, int index)
    {
        (string colour, string dashes) = Styles[index % Styles.Length];
        (string X, string Y)[] points =
            [.. line.Points.Select(point => (Format(_x.Position(point.X)), Format(_y.Position(point.Y))))];
        var polyline = new XElement(
            Svg + "polyline",
            new XAttribute("points", string.Join(' ', points.Select(point => $"{point.X},{point.Y}"))),
            new XAttribute("fill", "none"),
            new XAttribute("stroke", colour),
            new XAttribute("stroke-width", "2"),
            new XAttribute("stroke-dasharray", dashes));
        IEnumerable<XElement> dots = points.Select(point => new XElement(
            Svg + "circle",
            new XAttribute("cx", point.X),
            new XAttribute("cy", point.Y),
            new XAttribute("r", "3"),
            new XAttribute("fill", colour)));
        return [polyline, .. dots];
    }

    // At the lines' ends, moved apart where they would overlap.
    private IEnumerable<XElement> Labels()
    {
        var labels = lines
            .Select((line, index) =>
                (line.Label, Y: _y.Position(line.Points[^1].Y), Styles[index % Styles.Length].Colour))
            .OrderBy(label => label.Y)
            .ToArray();
        for (int i = 1; i < labels.Length; i++)
            labels[i].Y = Math.Max(labels[i].Y, labels[i - 1].Y + LabelHeight);
        double limit = bottom;
        for (int i = labels.Length - 1; i >= 0; i--)
        {
            labels[i].Y = Math.Min(labels[i].Y, limit);
            limit = labels[i].Y - LabelHeight;
        }

        return labels.Select(label => Text(label.Label, right + 10, label.Y + 4, "start", label.Colour, isBold: true));
    }
}
