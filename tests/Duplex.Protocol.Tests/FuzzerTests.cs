namespace Duplex.Tests;

/// <summary>A short run of the fuzzer, the same each time, and what it must be able to do.</summary>
public sealed class FuzzerTests
{
    [Theory, InlineData("frames"), InlineData("headers"), InlineData("inflate")]
    public void A_short_run_over_each_target_finds_nothing(string name)
    {
        var fuzzer = new Fuzzer(FuzzTarget.All.Single(target => target.Name == name), seed: 1);

        fuzzer.RunSeeds();
        long seeds = fuzzer.Executions;
        int outcomes = fuzzer.Outcomes;
        fuzzer.Run(2000);

        Assert.InRange(seeds, 50, 10_000);
        Assert.Equal(seeds + 2000, fuzzer.Executions);
        Assert.InRange(fuzzer.Outcomes, outcomes + 50, int.MaxValue); // it reaches what the seeds do not
    }

    [Fact]
    public void A_fault_that_few_inputs_show_is_found_and_the_input_is_told()
    {
        var finding = Assert.Throws<FindingException>(() => new Fuzzer(new FaultyTarget(), seed: 2).Run(200_000));

        Assert.StartsWith("faulty: InvalidOperationException: planted", finding.Message, StringComparison.Ordinal);
        string input = finding.Message.Split("--input ")[1].Split('\n')[0];
        Assert.Throws<InvalidOperationException>(() => new FaultyTarget().Run(Convert.FromHexString(input)));
    }

    [Fact]
    public void The_same_seed_makes_the_same_inputs_and_another_others()
    {
        Assert.Equal(Last(seed: 1), Last(seed: 1));
        Assert.NotEqual(Last(seed: 1), Last(seed: 2));

        static byte[] Last(int seed)
        {
            var fuzzer = new Fuzzer(FuzzTarget.All[0], seed);
            fuzzer.RunSeeds();
            fuzzer.Run(200);
            return fuzzer.Current;
        }
    }

    // Step by step: each right byte is an outcome of its own, and brings the fuzzer nearer.
    private sealed class FaultyTarget : FuzzTarget
    {
        private static readonly byte[] Magic = [0x42, 0x99, 0x17, 0xE0];

        public override string Name => "faulty";

        public override IEnumerable<byte[]> Seeds => [];

        public override byte[] Generate(Random random) => [(byte)random.Next(256)];

        public override int Run(ReadOnlySpan<byte> input)
        {
            int right = input.CommonPrefixLength(Magic);
            return right < Magic.Length ? right : throw new InvalidOperationException("planted");
        }
    }
}
