namespace Duplex.Tests;

public sealed class FaultsTests
{
    [Fact]
    public void A_plan_is_printed_with_all_its_faults()
    {
        Faults faults = Faults.None.Split(3).Delay(TimeSpan.FromMilliseconds(40)).Cut(FaultPoint.AfterReceiving(10)).DropPongs();

        Assert.Equal("Faults: split into 3 bytes (both directions); delay 0.04 s (both directions); reset after receiving 10 messages; drop pongs (receiving)", faults.ToString());
        Assert.Equal("Faults: none", Faults.None.ToString());
        Assert.Equal("Faults (seed 7): none", Faults.None.WithSeed(7).ToString());
    }

    [Fact]
    public void A_plan_never_changes()
    {
        Faults before = Faults.None.Split(3);
        before.Jitter(TimeSpan.FromSeconds(1)).Throttle(100).Corrupt(FaultPoint.Start).Stall(FaultPoint.Start).SplitAtRandom(4).Drop(_ => true);

        Assert.Equal("Faults: split into 3 bytes (both directions)", before.ToString());
    }

    [Fact]
    public void The_same_seed_makes_the_same_plan_and_prints_it()
    {
        Assert.Equal(Faults.Random(42).ToString(), Faults.Random(42).ToString());
        Assert.StartsWith("Faults.Random(42): ", Faults.Random(42).ToString(), StringComparison.Ordinal);
        Assert.Equal(42, Faults.Random(42).Seed);
        Assert.NotEqual(Faults.Random(42).ToString(), Faults.Random(43).ToString());
    }

    [Fact]
    public void What_is_added_to_a_random_plan_keeps_its_seed() => Assert.StartsWith("Faults.Random(42): ", Faults.Random(42).DropPongs().ToString(), StringComparison.Ordinal);

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        Faults none = Faults.None;

        Assert.Throws<ArgumentOutOfRangeException>(() => none.Split(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => none.SplitAtRandom(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => none.Throttle(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => none.Delay(TimeSpan.FromTicks(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => none.Jitter(TimeSpan.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => none.Split(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => none.DropPongs((FaultDirection)4));
        Assert.Throws<ArgumentOutOfRangeException>(() => none.Cut(FaultPoint.Start, (CutKind)9));
        Assert.Throws<ArgumentOutOfRangeException>(() => none.Stall(FaultPoint.Start, TimeSpan.FromTicks(-1)));
        Assert.Throws<ArgumentNullException>(() => none.Cut(null!));
        Assert.Throws<ArgumentNullException>(() => none.Corrupt(null!));
        Assert.Throws<ArgumentNullException>(() => none.Stall(null!));
        Assert.Throws<ArgumentNullException>(() => none.Drop(null!));
    }
}
