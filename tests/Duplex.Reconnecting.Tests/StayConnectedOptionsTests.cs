namespace Duplex.Tests;

public sealed class StayConnectedOptionsTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue);

    // Each time, and whether it may be infinite.
    private static readonly (string Name, bool MayBeInfinite, Action<StayConnectedOptions, TimeSpan> Set, Func<StayConnectedOptions, TimeSpan> Get)[] Times =
    [
        (nameof(StayConnectedOptions.AttemptTimeout), true, (options, value) => options.AttemptTimeout = value, options => options.AttemptTimeout),
        (nameof(StayConnectedOptions.MinDelay), false, (options, value) => options.MinDelay = value, options => options.MinDelay),
        (nameof(StayConnectedOptions.MaxDelay), false, (options, value) => options.MaxDelay = value, options => options.MaxDelay),
        (nameof(StayConnectedOptions.StableAfter), false, (options, value) => options.StableAfter = value, options => options.StableAfter),
        (nameof(StayConnectedOptions.MaxServerDelay), false, (options, value) => options.MaxServerDelay = value, options => options.MaxServerDelay),
        (nameof(StayConnectedOptions.FatalGrace), true, (options, value) => options.FatalGrace = value, options => options.FatalGrace),
        (nameof(StayConnectedOptions.IdleTimeout), true, (options, value) => options.IdleTimeout = value, options => options.IdleTimeout),
    ];

    [Fact]
    public void The_defaults_are_those_of_the_documentation()
    {
        var options = new StayConnectedOptions();
        Assert.Equal(TimeSpan.FromSeconds(30), options.AttemptTimeout);
        Assert.Equal(TimeSpan.FromSeconds(0.5), options.MinDelay);
        Assert.Equal(2, options.DelayFactor);
        Assert.Equal(TimeSpan.FromSeconds(30), options.MaxDelay);
        Assert.Equal(TimeSpan.FromSeconds(10), options.StableAfter);
        Assert.Equal(TimeSpan.FromMinutes(10), options.MaxServerDelay);
        Assert.Equal(TimeSpan.FromMinutes(10), options.FatalGrace);
        Assert.Equal(Timeout.InfiniteTimeSpan, options.IdleTimeout);
        Assert.Equal((null, 16, "default"), (options.MaxAttempts, options.MaxConcurrentAttempts, options.Name));
        Assert.Null(options.Configure);
        Assert.Null(options.IsTransient);
        Assert.Null(options.ServerDelay);
        Assert.Null(options.TimeProvider);
        Assert.Null(options.Heartbeat);
        Assert.False(options.IsForFeed);
    }

    [Fact]
    public void Times_are_positive_and_fit_a_timer()
    {
        var options = new StayConnectedOptions();
        foreach ((string name, bool mayBeInfinite, Action<StayConnectedOptions, TimeSpan> set, Func<StayConnectedOptions, TimeSpan> get) in Times)
        {
            foreach (TimeSpan valid in (TimeSpan[])[TimeSpan.FromTicks(1), TimeSpan.FromSeconds(1), Longest])
            {
                set(options, valid);
                Assert.Equal(valid, get(options));
            }

            TimeSpan[] invalid = [TimeSpan.Zero, TimeSpan.FromTicks(-1), TimeSpan.MinValue, Longest + TimeSpan.FromTicks(1), TimeSpan.MaxValue];
            foreach (TimeSpan value in invalid)
                Assert.Contains(name, Assert.Throws<ArgumentOutOfRangeException>(() => set(options, value)).Message, StringComparison.Ordinal);
            if (mayBeInfinite)
                set(options, Timeout.InfiniteTimeSpan);
            else
                Assert.Contains("finite", Assert.Throws<ArgumentOutOfRangeException>(() => set(options, Timeout.InfiniteTimeSpan)).Message, StringComparison.Ordinal);
            Assert.Equal(mayBeInfinite ? Timeout.InfiniteTimeSpan : Longest, get(options)); // a refused value changes nothing
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1.0000001)]
    [InlineData(double.MaxValue)]
    public void A_factor_of_at_least_1_is_valid(double factor) =>
        Assert.Equal(factor, new StayConnectedOptions { DelayFactor = factor }.DelayFactor);

    [Theory]
    [InlineData(0.999)]
    [InlineData(0)]
    [InlineData(-2)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Any_other_factor_is_not(double factor) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new StayConnectedOptions { DelayFactor = factor });

    [Fact]
    public void Numbers_of_attempts_are_positive()
    {
        Assert.Equal(1, new StayConnectedOptions { MaxAttempts = 1 }.MaxAttempts);
        Assert.Equal(int.MaxValue, new StayConnectedOptions { MaxAttempts = int.MaxValue }.MaxAttempts);
        Assert.Null(new StayConnectedOptions { MaxAttempts = null }.MaxAttempts);
        Assert.Equal(int.MaxValue, new StayConnectedOptions { MaxConcurrentAttempts = int.MaxValue }.MaxConcurrentAttempts);
        foreach (int number in (int[])[0, -1, int.MinValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => new StayConnectedOptions { MaxAttempts = number });
            Assert.Throws<ArgumentOutOfRangeException>(() => new StayConnectedOptions { MaxConcurrentAttempts = number });
        }
    }

    [Fact]
    public void The_name_is_not_empty()
    {
        Assert.Equal(" ", new StayConnectedOptions { Name = " " }.Name);
        Assert.Throws<ArgumentNullException>(() => new StayConnectedOptions { Name = null! });
        Assert.Throws<ArgumentException>(() => new StayConnectedOptions { Name = "" });
    }

    [Fact]
    public void A_copy_has_all_and_does_not_follow()
    {
        var options = new StayConnectedOptions { Name = "a", MaxAttempts = 3, Configure = (_, _, _) => default };
        StayConnectedOptions copy = options.Copy();
        options.Name = "b";
        options.MaxAttempts = 4;
        Assert.Equal(("a", 3, options.Configure), (copy.Name, copy.MaxAttempts!.Value, copy.Configure));
    }

    [Fact]
    public void Random_numbers_are_from_0_to_1_and_differ()
    {
        Func<double> random = new StayConnectedOptions().Random;
        double[] rolls = [.. Enumerable.Range(0, 100).Select(_ => random())];
        Assert.All(rolls, roll => Assert.InRange(roll, 0, 1));
        Assert.True(rolls.Distinct().Count() > 90);
    }

    [Fact]
    public void The_smallest_and_the_largest_values_together_make_delays_that_a_timer_takes()
    {
        foreach (double roll in (double[])[0, 0.999999])
        {
            var smallest = new StayConnectedOptions { MinDelay = TimeSpan.FromTicks(1), MaxDelay = TimeSpan.FromTicks(1), DelayFactor = 1 };
            var largest = new StayConnectedOptions { MinDelay = Longest, MaxDelay = Longest, DelayFactor = double.MaxValue };
            var crossed = new StayConnectedOptions { MinDelay = Longest, MaxDelay = TimeSpan.FromTicks(1) };
            foreach (StayConnectedOptions options in (StayConnectedOptions[])[smallest, largest, crossed])
            {
                var policy = new ReconnectPolicy(options);
                for (int failure = 0; failure < 50; failure++)
                    Assert.InRange(policy.Judge(Ended.Failed(), TimeSpan.Zero, roll).NextDelay!.Value, TimeSpan.Zero, Longest);
            }
        }
    }
}
