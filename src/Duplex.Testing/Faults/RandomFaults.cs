namespace Duplex.Testing;

/// <summary>Chooses faults by a seed. The faults of one kind do not depend on which other kinds are allowed.</summary>
internal static class RandomFaults
{
    // A frame in pieces of this size has a torn header now and then, and some pieces that hold several frames.
    private const int MostSplit = 64;

    // Enough for hundreds of small messages a second, so that a test with a real clock does not take minutes.
    private const int LeastRate = 20_000;

    // Ten times the least rate: above it, a throttle no longer shows.
    private const int MostRate = 10 * LeastRate;

    // In the range of a connection around the world, and far below any timeout.
    private const int MostDelayMilliseconds = 100;

    // Shorter than the timeouts that tests usually have.
    private const int MostStallMilliseconds = 2000;

    // Reached by most conversations of a test.
    private const int MostMessages = 20;

    // The size of 20 small messages.
    private const int MostBytes = 1000;

    // Stalls do not end a connection, so there can be a few.
    private const int MostStalls = 3;

    public static IEnumerable<Fault> Create(int seed, FaultKinds kinds)
    {
        foreach (FaultKinds kind in Enum.GetValues<FaultKinds>())
        {
            if (!int.IsPow2((int)kind) || !kinds.HasFlag(kind))
                continue;
            var random = new Random(unchecked((seed * 397) ^ (int)kind));
            int count = kind == FaultKinds.Stall ? random.Next(1, MostStalls + 1) : 1;
            for (int i = 0; i < count; i++)
                yield return Create(random, kind);
        }
    }

    private static Fault Create(Random random, FaultKinds kind) => kind switch
    {
        FaultKinds.Split => new Fault.Split(random.Next(1, MostSplit + 1), IsRandom: true, Direction(random)),
        FaultKinds.Delay => new Fault.Delay(Milliseconds(random, MostDelayMilliseconds), Direction(random)),
        FaultKinds.Jitter => new Fault.Jitter(Milliseconds(random, MostDelayMilliseconds), Direction(random)),
        FaultKinds.Throttle => new Fault.Throttle(random.Next(LeastRate, MostRate + 1), Direction(random)),
        FaultKinds.Stall => new Fault.Stall(
            Point(random), Direction(random), Milliseconds(random, MostStallMilliseconds)),
        FaultKinds.Cut => new Fault.Cut(Point(random), random.Next(2) == 0 ? CutKind.Reset : CutKind.End),
        FaultKinds.Corrupt => new Fault.Corrupt(Point(random), (byte)(1 << random.Next(8))),
        _ => Fault.Drop.Pongs(Direction(random)),
    };

    private static FaultDirection Direction(Random random) => (FaultDirection)random.Next(1, 4);

    private static TimeSpan Milliseconds(Random random, int most) =>
        TimeSpan.FromMilliseconds(random.Next(1, most + 1));

    private static FaultPoint Point(Random random)
    {
        bool isReceiving = random.Next(2) == 0;
        if (random.Next(2) == 0)
        {
            int bytes = random.Next(MostBytes);
            return isReceiving ? FaultPoint.AfterReceivingBytes(bytes) : FaultPoint.AfterSendingBytes(bytes);
        }

        int messages = random.Next(1, MostMessages + 1);
        return isReceiving ? FaultPoint.AfterReceiving(messages) : FaultPoint.AfterSending(messages);
    }
}
