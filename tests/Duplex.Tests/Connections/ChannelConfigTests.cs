namespace Duplex.Tests;

public sealed class ChannelConfigTests
{
    [Fact]
    public void A_bounded_queue_keeps_what_it_was_given_and_waits_by_default()
    {
        ChannelConfig config = ChannelConfig.Bounded(3, 1000);

        Assert.Equal(3, config.Capacity);
        Assert.Equal(1000, config.MaxBytes);
        Assert.Equal(ChannelOverflow.Suspend, config.Overflow);
        Assert.False(config.IsUnlimited);
        Assert.Equal(ChannelOverflow.Close, ChannelConfig.Bounded(3, 1000, ChannelOverflow.Close).Overflow);
    }

    [Fact]
    public void The_defaults_are_those_of_the_documentation()
    {
        Assert.Equal((4096, 4L << 20, ChannelOverflow.Suspend), (ChannelConfig.DefaultIncoming.Capacity, ChannelConfig.DefaultIncoming.MaxBytes, ChannelConfig.DefaultIncoming.Overflow));
        Assert.Equal((4096, 256L << 10, ChannelOverflow.Suspend), (ChannelConfig.DefaultOutgoing.Capacity, ChannelConfig.DefaultOutgoing.MaxBytes, ChannelConfig.DefaultOutgoing.Overflow));
    }

    [Fact]
    public void Unlimited_has_neither_bound_and_one_bound_is_not_unlimited()
    {
        Assert.True(ChannelConfig.Unlimited.IsUnlimited);
        Assert.False(ChannelConfig.Bounded(int.MaxValue, 1).IsUnlimited);
        Assert.False(ChannelConfig.Bounded(1, long.MaxValue).IsUnlimited);
    }

    [Theory]
    [InlineData(0, 1, "capacity")]
    [InlineData(-1, 1, "capacity")]
    [InlineData(1, 0, "maxBytes")]
    [InlineData(1, -1, "maxBytes")]
    public void A_bound_below_one_is_refused_with_what_came_and_what_to_do(int capacity, long maxBytes, string parameter)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(parameter, () => ChannelConfig.Bounded(capacity, maxBytes));

        Assert.Contains($"got {(parameter == "capacity" ? capacity : maxBytes)}", error.Message, StringComparison.Ordinal);
        Assert.Contains("MaxValue", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_overflow_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>("overflow", () => ChannelConfig.Bounded(1, 1, (ChannelOverflow)7));
}
