namespace Duplex.Tests;

public sealed class TimerSetTests
{
    private static readonly DateTimeOffset One = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_next_is_the_earliest_and_two_may_be_due_together()
    {
        var timers = new TimerSet();
        (long a, long b) = (timers.Add(), timers.Add());
        Assert.Null(timers.Next);
        timers.Move(a, null, One.AddHours(1));
        timers.Move(b, null, One.AddHours(1));
        Assert.Equal((2, 2, One.AddHours(1)), (timers.Live, timers.Armed, timers.Next));

        timers.Move(b, One.AddHours(1), One);
        Assert.Equal(One, timers.Next);
        timers.Remove(b, One);
        timers.Move(a, One.AddHours(1), null);
        Assert.Equal((1, 0, null), (timers.Live, timers.Armed, timers.Next));
    }
}
