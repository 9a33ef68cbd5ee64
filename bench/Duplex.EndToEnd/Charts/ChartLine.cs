namespace Duplex.EndToEnd;

/// <summary>One line of a chart, from left to right.</summary>
internal sealed record ChartLine(string Label, (double X, double Y)[] Points);
