using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class FaultPaceTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Without_faults_nothing_is_cut_or_delayed()
    {
        FaultPace pace = Pace(Faults.None);

        Assert.False(pace.Tears);
        Assert.Equal(TimeSpan.Zero, pace.NextDelay());
        Assert.Equal(1_000_000, pace.NextPiece(1_000_000));
        Assert.Equal(TimeSpan.Zero, pace.Hold(1_000_000));
    }

    [Fact]
    public void Delays_add_up_and_jitter_stays_within_its_limit()
    {
        FaultPace pace = Pace(Faults.None.Delay(TimeSpan.FromSeconds(1)).Delay(TimeSpan.FromSeconds(2), FaultDirection.Receiving).Jitter(TimeSpan.FromSeconds(1)));

        TimeSpan[] delays = [.. Enumerable.Range(0, 100).Select(_ => pace.NextDelay())];

        Assert.All(delays, delay => Assert.InRange(delay, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(4)));
        Assert.True(delays.Distinct().Count() > 50);
    }

    [Fact]
    public void The_same_seed_gives_the_same_pieces_and_delays_and_directions_differ()
    {
        Faults faults = Faults.None.WithSeed(5).SplitAtRandom(100).Jitter(TimeSpan.FromSeconds(1));

        Assert.Equal(Draw(Pace(faults)), Draw(Pace(faults)));
        Assert.NotEqual(Draw(Pace(faults)), Draw(Pace(faults.WithSeed(6))));
        Assert.NotEqual(Draw(Pace(faults)), Draw(new FaultPace(faults.Items, FaultDirection.Sending, 5, _time)));

        static (int, TimeSpan)[] Draw(FaultPace pace) => [.. Enumerable.Range(0, 20).Select(_ => (pace.NextPiece(1000), pace.NextDelay()))];
    }

    [Fact]
    public void The_smallest_split_counts_and_pieces_are_never_empty()
    {
        FaultPace pace = Pace(Faults.None.Split(7).SplitAtRandom(3));

        Assert.True(pace.Tears);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.InRange(pace.NextPiece(1000), 1, 3));
        Assert.Equal(1, pace.NextPiece(1));
    }

    [Fact]
    public void A_throttle_holds_each_piece_until_the_ones_before_have_passed()
    {
        FaultPace pace = Pace(Faults.None.Throttle(100).Throttle(1000));

        Assert.Equal(5, pace.NextPiece(1000)); // 50 ms
        Assert.Equal(TimeSpan.Zero, pace.Hold(5));
        Assert.Equal(TimeSpan.FromMilliseconds(50), pace.Hold(5));
        _time.Advance(TimeSpan.FromMilliseconds(80));
        Assert.Equal(TimeSpan.FromMilliseconds(20), pace.Hold(5));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.Zero, pace.Hold(5)); // a pause is not made up for
        Assert.Equal(TimeSpan.FromMilliseconds(50), pace.Hold(5));
    }

    [Fact]
    public void The_slowest_throttle_passes_single_bytes() => Assert.Equal(1, Pace(Faults.None.Throttle(1)).NextPiece(1000));

    [Fact]
    public void The_other_direction_is_not_meant() =>
        Assert.False(Pace(Faults.None.Split(1, FaultDirection.Sending).Throttle(1, FaultDirection.Sending)).Tears);

    private FaultPace Pace(Faults faults) => new(faults.Items, FaultDirection.Receiving, faults.Seed, _time);
}
