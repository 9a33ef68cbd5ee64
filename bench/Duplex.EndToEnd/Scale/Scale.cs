namespace Duplex.EndToEnd;

/// <summary>
/// How the cost of a message changes with the number of sessions. Each run of each client has a process of its own, so
/// that none inherits the memory or the compiled code of another.
/// </summary>
internal sealed class Scale(ScalePeer[] peers, bool quick)
{
    // Below this rate a window is longer, so that it has some messages.
    private const int FewMessages = 20;

    private static readonly int[] Steps = [1, 10, 100, 1000, 9000];
    private static readonly int[] QuickSteps = [1, 100, 1000];

    private readonly int _rounds = quick ? 1 : 3;

    /// <summary>Measures each number of sessions, in interleaved rounds.</summary>
    public async IAsyncEnumerable<ScaleCell> MeasureAsync(string mode, Uri server, int size)
    {
        foreach (int sessions in quick ? QuickSteps : Steps)
        {
            var job = new Job(mode, server, size, sessions);
            double seconds = SecondsOf(job);
            var rounds = peers.Select(_ => new List<ScaleFigures>()).ToArray();
            for (int r = 0; r < _rounds; r++)
            {
                for (int i = 0; i < peers.Length; i++)
                    rounds[i].Add(await peers[i].RunAsync(job, seconds));
            }

            yield return new ScaleCell(job, peers, rounds);
        }
    }

    private double SecondsOf(Job job) => job.Mode == "scale-each" && job.Count < FewMessages
        ? quick ? 3 : 5
        : quick ? 1 : 2;
}
