namespace Duplex.EndToEnd;

/// <summary>Maps values to positions, linearly from zero or by their logarithm.</summary>
internal sealed class ChartAxis
{
    // Beyond this ratio small values would lie on the axis.
    private const double MostLinear = 20;

    private const int Intervals = 4;

    private static readonly double[] RoundFactors = [1, 2, 5, 10];

    private readonly bool _isLogarithmic;
    private readonly double _first;
    private readonly double _last;
    private readonly double _start;
    private readonly double _end;

    private ChartAxis(bool isLogarithmic, double[] ticks, double start, double end)
    {
        _isLogarithmic = isLogarithmic;
        Ticks = ticks;
        (_first, _last) = (Scale(ticks[0]), Scale(ticks[^1]));
        (_start, _end) = (start, end);
    }

    /// <summary>The values to label, in ascending order; the first and the last are the axis' ends.</summary>
    public double[] Ticks { get; }

    public string Kind => _isLogarithmic ? "logarithmic" : "linear";

    /// <summary>An axis by the logarithm, with given ticks.</summary>
    public static ChartAxis Logarithmic(double[] ticks, double start, double end) => new(true, ticks, start, end);

    /// <summary>An axis for values: from zero, unless they differ too much.</summary>
    public static ChartAxis For(IReadOnlyCollection<double> values, double start, double end)
    {
        if (values.Max() / values.Min() <= MostLinear)
            return new ChartAxis(false, Steps(values.Max()), start, end);
        int least = (int)Math.Floor(Math.Log10(values.Min()));
        int most = (int)Math.Ceiling(Math.Log10(values.Max()));
        double[] powers = [.. Enumerable.Range(least, most - least + 1).Select(power => Math.Pow(10, power))];
        return new ChartAxis(true, powers, start, end);
    }

    public double Position(double value) =>
        _start + ((Scale(value) - _first) / (_last - _first) * (_end - _start));

    // Multiples of 1, 2 or 5 times a power of ten.
    private static double[] Steps(double most)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(most / Intervals)));
        double step = power * RoundFactors.First(factor => factor * power * Intervals >= most);
        return [.. Enumerable.Range(0, (int)Math.Ceiling(most / step) + 1).Select(i => i * step)];
    }

    private double Scale(double value) => _isLogarithmic ? Math.Log10(value) : value;
}
