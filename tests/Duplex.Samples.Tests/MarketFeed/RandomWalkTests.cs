using MarketFeed.Simulation;

namespace Duplex.Tests;

/// <summary>The prices of the simulated exchange.</summary>
public sealed class RandomWalkTests
{
    [Fact]
    public void The_same_source_gives_the_same_prices() => Assert.Equal(Prices(7), Prices(7));

    [Fact]
    public void The_price_moves_in_small_steps_of_its_decimals()
    {
        double last = 1.0842;
        int moves = 0;
        foreach (double price in Prices(7))
        {
            Assert.InRange(Math.Abs(price / last - 1), 0, 0.01);
            Assert.Equal(price, Math.Round(price, 5));
            moves += price == last ? 0 : 1;
            last = price;
        }

        Assert.InRange(moves, 900, 1000);
    }

    [Fact]
    public void The_price_stays_above_zero()
    {
        var walk = new RandomWalk(0.02, decimals: 2, volatility: 1, new Random(7));

        Assert.All(Enumerable.Range(0, 1000), _ => Assert.True(walk.Next() >= 0.01));
    }

    private static List<double> Prices(int seed)
    {
        var walk = new RandomWalk(1.0842, decimals: 5, volatility: 1e-3, new Random(seed));
        return [.. Enumerable.Range(0, 1000).Select(_ => walk.Next())];
    }
}
