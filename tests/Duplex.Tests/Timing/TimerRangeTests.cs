namespace Duplex.Tests;

public sealed class TimerRangeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    [InlineData(Timeout.Infinite)]
    public void A_time_that_a_timer_can_count_passes(int milliseconds)
    {
        var time = TimeSpan.FromMilliseconds(milliseconds);
        Assert.Equal(time, TimerRange.Checked(time));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    [InlineData(int.MaxValue + 1L)]
    public void Any_other_is_refused_by_the_name_of_what_was_set(long milliseconds)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(
            "PingInterval", () => TimerRange.Checked(TimeSpan.FromMilliseconds(milliseconds), "PingInterval"));

        Assert.StartsWith(
            "PingInterval must be positive and at most 24.8 days, or Timeout.InfiniteTimeSpan to turn it off.",
            error.Message, StringComparison.Ordinal);
    }
}
