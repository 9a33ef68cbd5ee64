using System.Diagnostics;
using Duplex.Tests;

// dotnet run -c Release --project tests/Duplex.Fuzz -- [--minutes N] [--executions N] [--target frames|headers|inflate] [--threads N] [--seed N] [--input HEX]
// Runs until the time is up, the executions are done, or something was found. Exit code 0: nothing was; 1: a finding, with the input that shows it; 2: a hang or growth.
var arguments = new Dictionary<string, string>();
for (int i = 0; i + 1 < args.Length; i += 2)
    arguments[args[i]] = args[i + 1];
string? Argument(string name) => arguments.GetValueOrDefault("--" + name);
FuzzTarget[] targets = [.. FuzzTarget.All.Where(target => Argument("target") is not { } name || target.Name == name)];
if (args.Length % 2 != 0 || targets.Length == 0)
{
    Console.Error.WriteLine("Usage: [--minutes N] [--executions N] [--target frames|headers|inflate] [--threads N] [--seed N] [--input HEX]");
    return 64;
}

if (Argument("input") is { } hex)
{
    Console.WriteLine(targets[0].Run(Convert.FromHexString(hex)));
    return 0;
}

double minutes = double.Parse(Argument("minutes") ?? "1", null);
long executions = long.Parse(Argument("executions") ?? long.MaxValue.ToString(null, null), null);
int threads = int.Parse(Argument("threads") ?? Environment.ProcessorCount.ToString(null, null), null), seed = int.Parse(Argument("seed") ?? Environment.TickCount.ToString(null, null), null);
return new Campaign(targets, threads, seed, TimeSpan.FromMinutes(minutes), executions).Run();

/// <summary>Runs fuzzers on all cores, and watches them for findings, hangs and growth.</summary>
internal sealed class Campaign(FuzzTarget[] targets, int threads, int seed, TimeSpan time, long executions)
{
    // No input of a few hundred bytes takes more than milliseconds, however busy the machine.
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(20);

    // What the corpora of all threads take, and far less than a leak of a byte an execution would.
    private const long MostGrowth = 256L << 20;

    private volatile string? _finding; // set by a worker

    public int Run()
    {
        Console.WriteLine($"seed {seed}, {threads} threads, {string.Join(", ", targets.Select(target => target.Name))}");
        var watch = Stopwatch.StartNew();
        Fuzzer[] fuzzers = [.. Enumerable.Range(0, threads).SelectMany(i => targets.Select(target => new Fuzzer(target, seed + i)))];
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(i => new Thread(() => Work(fuzzers[(i * targets.Length)..((i + 1) * targets.Length)], watch)) { IsBackground = true })];
        foreach (Thread worker in workers)
            worker.Start();

        var current = new Dictionary<Fuzzer, (long Executions, TimeSpan Since)>();
        long baseline = 0;
#pragma warning disable RS0030 // the main thread only watches its workers
        for (TimeSpan told = TimeSpan.Zero; workers.Any(worker => worker.IsAlive); Thread.Sleep(500))
#pragma warning restore RS0030
        {
            if (baseline == 0 && watch.Elapsed > TimeSpan.FromSeconds(20))
                baseline = GC.GetTotalMemory(forceFullCollection: true);
            if (watch.Elapsed - told > TimeSpan.FromSeconds(30))
            {
                told = watch.Elapsed;
                Tell(fuzzers, watch.Elapsed);
            }

            if (IsStuck(fuzzers, current, watch.Elapsed) is { } stuck)
            {
                Console.WriteLine($"HANG: --target {stuck.Target.Name} --input {Convert.ToHexString(stuck.Current)}");
                return 2;
            }
        }

        Tell(fuzzers, watch.Elapsed);
        if (_finding is { } finding)
        {
            Console.WriteLine($"FOUND {finding}");
            return 1;
        }

        long growth = baseline == 0 ? 0 : GC.GetTotalMemory(forceFullCollection: true) - baseline;
        Console.WriteLine($"managed memory grew by {growth / 1024:N0} KiB, working set {Environment.WorkingSet >> 20:N0} MiB");
        return growth > MostGrowth ? 2 : 0;
    }

    // Each thread takes its targets by turns, for about as long.
    private void Work(Fuzzer[] fuzzers, Stopwatch watch)
    {
        try
        {
            foreach (Fuzzer fuzzer in fuzzers)
                fuzzer.RunSeeds();
            while (_finding is null && watch.Elapsed < time && fuzzers.Sum(fuzzer => fuzzer.Executions) < executions / threads)
            {
                foreach (Fuzzer fuzzer in fuzzers)
                    fuzzer.Run(fuzzer.Target.AtATime);
            }
        }
        catch (FindingException e)
        {
            _finding = e.Message;
        }
    }

    // One that has been at the same input for too long; others of its thread only wait for their turn.
    private static Fuzzer? IsStuck(Fuzzer[] fuzzers, Dictionary<Fuzzer, (long Executions, TimeSpan Since)> current, TimeSpan now)
    {
        foreach (Fuzzer fuzzer in fuzzers)
        {
            if (!current.TryGetValue(fuzzer, out (long Executions, TimeSpan Since) last) || last.Executions != fuzzer.Executions)
                current[fuzzer] = (fuzzer.Executions, now);
        }

        return fuzzers.FirstOrDefault(fuzzer => fuzzer.IsRunning && now - current[fuzzer].Since > Hang);
    }

    private static void Tell(Fuzzer[] fuzzers, TimeSpan elapsed) => Console.WriteLine(
        $"{elapsed:hh\\:mm\\:ss} {fuzzers.Sum(fuzzer => fuzzer.Executions):N0} executions ({string.Join(", ", fuzzers.GroupBy(fuzzer => fuzzer.Target.Name).Select(group => $"{group.Key} {group.Sum(fuzzer => fuzzer.Executions):N0}/{group.Max(fuzzer => fuzzer.Outcomes)}"))}), "
        + $"heap {GC.GetTotalMemory(false) >> 20} MiB, working set {Environment.WorkingSet >> 20} MiB");
}
