namespace Duplex.Tests;

public sealed class VirtualTimerTests
{
    private readonly VirtualTime _time = new();
    private int _fired;

    [Fact]
    public void One_that_is_due_at_once_fires_within_the_call_and_is_not_armed()
    {
        using ITimer timer = Create(TimeSpan.Zero);
        Assert.Equal((1, 0), (_fired, _time.ArmedTimers));
    }

    [Fact]
    public void A_change_moves_it_and_a_disposed_one_cannot_be_changed()
    {
        ITimer timer = Create(TimeSpan.FromSeconds(1));
        Assert.True(timer.Change(TimeSpan.FromSeconds(9), Timeout.InfiniteTimeSpan));
        Assert.Equal(TimeSpan.FromSeconds(9), _time.NextTimer);
        Assert.True(timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        Assert.Null(_time.NextTimer);
        timer.Dispose();
        timer.Dispose();
        Assert.False(timer.Change(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan));
        Assert.Equal((0, 0), (_time.LiveTimers, _time.ArmedTimers));
    }

    [Fact]
    public void A_jump_fires_all_that_is_due_in_it()
    {
        using ITimer once = Create(TimeSpan.FromSeconds(3));
        using ITimer often = Create(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(4, _fired); // at 3; at 1, 3 and 5
        Assert.Equal(TimeSpan.FromSeconds(1), _time.NextTimer);
    }

    [Fact]
    public async Task A_period_of_zero_is_none()
    {
        using ITimer timer = Create(TimeSpan.FromSeconds(1), TimeSpan.Zero);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.Equal((1, 0), (_fired, _time.ArmedTimers));
    }

    private ITimer Create(TimeSpan due, TimeSpan? period = null) =>
        _time.CreateTimer(_ => _fired++, null, due, period ?? Timeout.InfiniteTimeSpan);
}
