namespace Duplex.EndToEnd;

/// <summary>One run of scale in this process: opens the sessions, warms them up, and measures.</summary>
internal sealed class ScaleRun
{
    /// <summary>The messages a second of scale-total, and of every warm-up.</summary>
    public const int TotalRate = 10_000;

    // Until the JIT's optimized code is in use, whatever the measured rate.
    private const int WarmSeconds = 2;

    private const int Openers = 32;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Echoes _echoes;
    private readonly PacedSession[] _sessions;
    private readonly Pacer _pacer;
    private readonly Task<Task> _ended;

    private ScaleRun(Echoes echoes, PacedSession[] sessions)
    {
        _echoes = echoes;
        _sessions = sessions;
        _pacer = new Pacer(sessions);
        _ended = Task.WhenAny(sessions.Select(session => session.Receiving));
    }

    /// <summary>Runs a job whose count is the number of sessions. They are left open.</summary>
    public static async Task<ScaleFigures> RunAsync(string name, Job job, double seconds)
    {
        ScaleRun run = await OpenAsync(Peer.Create(name), job);
        var unmeasured = new Meter();
        await run.PaceAsync(TotalRate, TotalRate * WarmSeconds, unmeasured);
        GC.Collect(); // what was opened is not the messages' garbage

        // Every session sends one message a second, or all of them together a fixed number.
        double rate = job.Mode == "scale-each" ? job.Count : TotalRate;
        int count = (int)(rate * seconds);
        var meter = new Meter();
        await run.PaceAsync(rate, count, meter);
        double[] roundTrips = run._echoes.RoundTrips();
        return new ScaleFigures(
            name, job.Mode, job.Size, (int)job.Count, count, meter.Seconds, count / meter.Seconds,
            meter.CpuMicroseconds / count, meter.UserMicroseconds / count, meter.SystemMicroseconds / count,
            (double)meter.Allocated / count, roundTrips[count / 2], roundTrips[(int)(count * 0.99)]);
    }

    private static async Task<ScaleRun> OpenAsync(Peer peer, Job job)
    {
        var echoes = new Echoes(job.Size);
        var sessions = new PacedSession[job.Count];
        int next = -1;
        await Task.WhenAll(Enumerable.Range(0, Openers).Select(async _ =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < sessions.Length;)
                sessions[i] = await peer.OpenPacedAsync(job, echoes);
        }));
        return new ScaleRun(echoes, sessions);
    }

    // Until the last echo has arrived.
    private async Task PaceAsync(double rate, int count, Meter meter)
    {
        _echoes.Expect(count);
        meter.Start();
        await _pacer.RunAsync(rate, count);
        await Task.WhenAny(_echoes.All, _ended, Task.Delay(Patience));
        meter.Stop();
        if (_sessions.FirstOrDefault(session => session.Sending.IsFaulted) is { } failed)
            await failed.Sending;
        if (_ended.IsCompleted)
        {
            await await _ended;
            throw new InvalidOperationException("A session has ended.");
        }

        if (!_echoes.All.IsCompleted)
            throw new InvalidOperationException($"{_echoes.Missing} of {count} echoes are missing.");
    }
}
