namespace MarketFeed.Simulation;

/// <summary>A price that moves at random, in steps of a fixed number of decimals.</summary>
/// <param name="start">The first price.</param>
/// <param name="decimals">How many decimals the price has.</param>
/// <param name="volatility">The typical step, as a part of the price.</param>
/// <param name="random">The source of the steps.</param>
public sealed class RandomWalk(double start, int decimals, double volatility, Random random)
{
    private double _price = start;

    /// <summary>The price after the next step. It is never zero or negative.</summary>
    public double Next()
    {
        // The sum of uniform numbers is close to a normal distribution: small steps are common, large ones are rare.
        double step = Enumerable.Range(0, 6).Sum(_ => random.NextDouble() - 0.5);
        _price *= Math.Exp(step * volatility);
        return Math.Max(Math.Round(_price, decimals), Math.Pow(10, -decimals));
    }
}
