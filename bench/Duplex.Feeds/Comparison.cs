using System.Diagnostics;

namespace Duplex.Feeds;

/// <summary>Runs the scripts, a few at a time, each with all clients at once.</summary>
internal static class Comparison
{
    public static async Task<int> RunAsync(Script[] scripts, string[] clients, int seed, Pace pace, int parallel)
    {
        long began = Stopwatch.GetTimestamp();
        await using FeedServer server = await FeedServer.StartAsync();
        using var turns = new SemaphoreSlim(parallel);
        TrialResult[][] results = await Task.WhenAll(scripts.Select(async script =>
        {
            await turns.WaitAsync();
            try
            {
                TrialResult[] all = await Task.WhenAll(
                    clients.Select(client => RunAsync(server, script, client, seed, pace)));
                foreach (TrialResult one in all)
                {
                    string elapsed = $"{Stopwatch.GetElapsedTime(began):mm\\:ss}";
                    await Console.Error.WriteLineAsync($"{elapsed} {one}");
                }

                return all;
            }
            finally
            {
                turns.Release();
            }
        }));
        Table.Write([.. results.SelectMany(result => result)], Console.Out);
        return 0;
    }

    private static async Task<TrialResult> RunAsync(
        FeedServer server, Script script, string client, int seed, Pace pace)
    {
        await using var trial = new Trial(server, script, client, seed, pace);
        return await trial.RunAsync();
    }
}
