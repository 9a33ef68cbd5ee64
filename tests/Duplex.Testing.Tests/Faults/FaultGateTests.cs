namespace Duplex.Tests;

public sealed class FaultGateTests
{
    private readonly ArmedClock _time = new();

    [Fact]
    public void It_is_open_until_it_is_closed()
    {
        using var gate = new FaultGate(_time);

        Assert.True(gate.Opened.IsCompleted);
        gate.Close(null);
        Task opened = gate.Opened;
        Assert.False(opened.IsCompleted);
        gate.Open();
        Assert.True(opened.IsCompleted);
        gate.Open(); // harmless
    }

    [Fact]
    public void It_opens_by_itself_after_its_time()
    {
        using var gate = new FaultGate(_time);
        gate.Close(TimeSpan.FromSeconds(2));

        _time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(gate.Opened.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.True(gate.Opened.IsCompleted);
        Assert.Equal(0, _time.LiveTimers);
    }

    [Fact]
    public void Of_two_times_the_later_end_counts()
    {
        using var gate = new FaultGate(_time);
        gate.Close(TimeSpan.FromSeconds(2));
        gate.Close(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(gate.Opened.IsCompleted);

        gate.Close(TimeSpan.FromSeconds(3));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(gate.Opened.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(gate.Opened.IsCompleted);
    }

    [Fact]
    public void No_time_ends_a_stall_without_one()
    {
        using var gate = new FaultGate(_time);
        gate.Close(TimeSpan.FromSeconds(1));
        gate.Close(null);
        gate.Close(TimeSpan.FromSeconds(1));

        _time.Advance(TimeSpan.FromDays(1));

        Assert.False(gate.Opened.IsCompleted);
    }

    [Fact]
    public void A_stall_of_no_time_is_none()
    {
        using var gate = new FaultGate(_time);
        gate.Close(TimeSpan.Zero);

        Assert.True(gate.Opened.IsCompleted);
    }

    [Fact]
    public void Disposed_it_keeps_no_timer_and_is_not_closed_again()
    {
        var gate = new FaultGate(_time);
        gate.Close(TimeSpan.FromSeconds(1));
        gate.Dispose();
        gate.Open();
        gate.Close(TimeSpan.FromSeconds(1));

        Assert.Equal(0, _time.LiveTimers);
        Assert.True(gate.Opened.IsCompleted);
    }
}
