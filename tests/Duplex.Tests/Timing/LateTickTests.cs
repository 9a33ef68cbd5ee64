using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class LateTickTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly FakeTimeProvider _time = new();
    private readonly long _began;
    private LateTick _late;

    public LateTickTests()
    {
        _late = new LateTick(_time);
        _began = _time.GetTimestamp();
    }

    [Theory]
    [InlineData(20, 1)]
    [InlineData(4, 1)]
    [InlineData(2, 0.5)]
    [InlineData(0.4, 0.1)]
    public void A_call_is_timely_up_to_a_second_or_a_quarter_of_a_short_timeout(double timeout, double expected) =>
        Assert.Equal(TimeSpan.FromSeconds(expected), LateTick.Tolerance(TimeSpan.FromSeconds(timeout)));

    [Theory]
    [InlineData(20, 20, 18)]
    [InlineData(2, 20, 2)]
    [InlineData(2.5, 20, 0.5)]
    [InlineData(2, 2, 1)]
    public void A_deadline_is_looked_at_two_tolerances_before_its_end_and_at_its_end(double left, double timeout, double expected) =>
        Assert.Equal(TimeSpan.FromSeconds(expected), LateTick.NextLook(TimeSpan.FromSeconds(left), TimeSpan.FromSeconds(timeout)));

    [Fact]
    public void A_timely_call_changes_nothing()
    {
        Ask(20);

        Assert.Equal(TimeSpan.FromSeconds(1), Left(19));
        Assert.Equal(TimeSpan.FromSeconds(-1), Left(2));
    }

    [Fact]
    public void A_call_before_anything_was_asked_for_or_after_nothing_was_is_never_late()
    {
        Assert.Equal(TimeSpan.FromSeconds(-80), Left(100));

        _late.Ask(_time.GetTimestamp(), Timeout.InfiniteTimeSpan);
        Assert.Equal(TimeSpan.FromSeconds(-180), Left(100));
    }

    [Fact]
    public void A_late_call_grants_a_second_from_then_on()
    {
        Ask(20);

        Assert.Equal(TimeSpan.FromSeconds(1), Left(60));
        Assert.Equal(TimeSpan.FromSeconds(0.25), Left(0.75)); // another call meanwhile
        Assert.Equal(TimeSpan.Zero, Left(0.25));
    }

    [Fact]
    public void A_late_call_grants_no_more_than_the_timeout_itself()
    {
        _late.Ask(_began, TimeSpan.FromSeconds(0.2));
        _time.Advance(TimeSpan.FromSeconds(60));

        Assert.Equal(TimeSpan.FromSeconds(0.2), _late.Left(_time.GetTimestamp(), TimeSpan.FromSeconds(-59.8), TimeSpan.FromSeconds(0.2)));
    }

    [Fact]
    public void A_late_call_that_leaves_too_little_time_grants_a_second_too()
    {
        Ask(18);

        Assert.Equal(TimeSpan.FromSeconds(1), Left(19.5)); // by the clock it is half a second
    }

    [Fact]
    public void A_late_call_with_time_enough_leaves_the_clocks_word()
    {
        Ask(5);

        Assert.Equal(TimeSpan.FromSeconds(10), Left(10));
    }

    [Fact]
    public void A_second_late_call_grants_nothing_until_one_is_timely()
    {
        Ask(20);
        Assert.Equal(TimeSpan.FromSeconds(1), Left(60));
        Ask(1);
        Assert.True(Left(60) < TimeSpan.Zero);

        Ask(1);
        Assert.True(Left(1.5) < TimeSpan.Zero); // timely
        Ask(1);
        Assert.Equal(TimeSpan.FromSeconds(1), Left(60));
    }

    [Fact]
    public void A_second_late_call_grants_again_if_the_peer_was_heard_since()
    {
        Ask(20);
        Assert.Equal(TimeSpan.FromSeconds(1), Left(60));
        Ask(1);
        _time.Advance(TimeSpan.FromSeconds(60));
        long heard = _time.GetTimestamp() - 1;

        Assert.Equal(TimeSpan.FromSeconds(1), _late.Left(_time.GetTimestamp(), TimeSpan.Zero, Limit, heard));
    }

    private void Ask(double seconds) => _late.Ask(_time.GetTimestamp(), TimeSpan.FromSeconds(seconds));

    // What is left of a limit that began with the test, after some seconds more.
    private TimeSpan Left(double after)
    {
        _time.Advance(TimeSpan.FromSeconds(after));
        return _late.Left(_time.GetTimestamp(), Limit - _time.GetElapsedTime(_began), Limit);
    }
}
