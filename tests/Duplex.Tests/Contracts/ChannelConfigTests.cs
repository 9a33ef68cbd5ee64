namespace Duplex.Tests;

public sealed class ChannelConfigTests
{
    [Fact]
    [KtorParity("channels/bounded-capacity-onOverflow")]
    public void A_bounded_queue_suspends_unless_it_is_told_to_close()
    {
        var suspending = ChannelConfig.Bounded(3, 4);
        var closing = ChannelConfig.Bounded(3, 4, ChannelOverflow.Close);

        Assert.Equal((3, 4L, ChannelOverflow.Suspend, false), (suspending.Capacity, suspending.MaxBytes, suspending.Overflow, suspending.IsUnlimited));
        Assert.Equal(ChannelOverflow.Close, closing.Overflow);
    }

    [Fact]
    public void A_bound_in_frames_alone_is_none_in_bytes()
    {
        var config = ChannelConfig.Bounded(100);

        Assert.Equal((100, long.MaxValue, ChannelOverflow.Suspend), (config.Capacity, config.MaxBytes, config.Overflow));
        Assert.Equal((100, ChannelOverflow.Close), (ChannelConfig.Bounded(100, overflow: ChannelOverflow.Close).Capacity, ChannelConfig.Bounded(100, overflow: ChannelOverflow.Close).Overflow));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-1, 1)]
    [InlineData(1, 0)]
    [InlineData(1, -1)]
    [KtorParity("channels/bounded-capacity-onOverflow")]
    public void A_bound_that_is_not_positive_is_refused(int capacity, long maxBytes) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ChannelConfig.Bounded(capacity, maxBytes));

    [Fact]
    [KtorParity("channels/unlimited-UNLIMITED")]
    public void Only_a_queue_without_either_bound_is_unlimited()
    {
        Assert.True(ChannelConfig.Unlimited.IsUnlimited);
        Assert.False(ChannelConfig.Bounded(int.MaxValue, 1).IsUnlimited);
        Assert.False(ChannelConfig.Bounded(1, long.MaxValue).IsUnlimited);
    }

    [Fact]
    [KtorParity("channels/ChannelConfig-capacity-onOverflow-canSuspend")]
    public void The_defaults_are_those_that_the_documentation_names()
    {
        Assert.Equal((4096, 4L * 1024 * 1024, ChannelOverflow.Suspend), (ChannelConfig.DefaultIncoming.Capacity, ChannelConfig.DefaultIncoming.MaxBytes, ChannelConfig.DefaultIncoming.Overflow));
        Assert.Equal((4096, 256L * 1024, ChannelOverflow.Suspend), (ChannelConfig.DefaultOutgoing.Capacity, ChannelConfig.DefaultOutgoing.MaxBytes, ChannelConfig.DefaultOutgoing.Overflow));
    }
}
