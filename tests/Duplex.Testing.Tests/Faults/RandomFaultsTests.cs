namespace Duplex.Tests;

public sealed class RandomFaultsTests
{
    [Fact]
    public void Each_kind_that_is_asked_for_occurs_and_no_other()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            Fault[] all = [.. RandomFaults.Create(seed, FaultKinds.All)];
            Assert.Equal(8, all.Select(fault => fault.GetType()).Distinct().Count());
            Assert.Empty(RandomFaults.Create(seed, FaultKinds.None));
            Assert.All(RandomFaults.Create(seed, FaultKinds.Cut), fault => Assert.IsType<Fault.Cut>(fault));
        }
    }

    [Fact]
    public void Leaving_out_a_kind_does_not_change_the_others()
    {
        string[] all = Describe(FaultKinds.All);
        string[] some = Describe(FaultKinds.All & ~FaultKinds.Jitter);

        Assert.Equal(all.Where(text => !text.StartsWith("jitter", StringComparison.Ordinal)), some);

        static string[] Describe(FaultKinds kinds) => [.. RandomFaults.Create(7, kinds).Select(fault => fault.ToString())];
    }

    [Fact]
    public void Lossless_faults_end_and_change_nothing()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            foreach (Fault fault in RandomFaults.Create(seed, FaultKinds.Lossless))
                Assert.True(fault is Fault.Split or Fault.Delay or Fault.Jitter or Fault.Throttle or Fault.Stall { Duration: not null }, fault.ToString());
        }
    }

    [Fact]
    public void Seeds_lead_to_many_different_points() => Assert.True(
        Enumerable.Range(0, 200).Select(seed => RandomFaults.Create(seed, FaultKinds.Cut).Single().ToString()).Distinct().Count() > 100);
}
