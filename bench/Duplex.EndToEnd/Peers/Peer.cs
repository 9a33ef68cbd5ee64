using System.Net.Security;

namespace Duplex.EndToEnd;

/// <summary>A measured client, which runs each workload through its ordinary API.</summary>
internal abstract class Peer
{
    /// <summary>The limit of messages in flight of the pipelined echo.</summary>
    protected const int PipelineDepth = 1000;

    /// <summary>Runs a job once.</summary>
    public async Task<Meter> RunAsync(Job job)
    {
        var meter = new Meter();
        await (job.Workload switch
        {
            "pingpong" => PingPongAsync(job, meter),
            "pipe" or "decho" or "dechofast" => PipeAsync(job, meter),
            "flood" or "tflood" or "dflood" => FloodAsync(job, meter),
            "sink" or "dsink" or "dsinkfast" => SinkAsync(job, meter),
            "idle" => IdleAsync(job, meter),
            _ => throw new ArgumentException($"There is no workload '{job.Mode}'."),
        });
        return meter;
    }

    public static Peer Create(string name) => name switch
    {
        "duplex" => new DuplexPeer(recycles: false),
        "duplex-recycle" => new DuplexPeer(recycles: true),
        "duplex-direct" => new DuplexDirectPeer(),
        "duplex-raw" => new DuplexRawPeer(),
        "bcl" => new BclPeer(),
        "wsclient" => new WebsocketClientPeer(),
        "socket" => new SocketPeer(),
        _ => throw new ArgumentException(
            $"There is no peer '{name}'. There are duplex, duplex-recycle, duplex-direct, duplex-raw, bcl, " +
            "wsclient and socket."),
    };

    /// <summary>Opens one of many sessions whose messages are paced; its receive loop is running.</summary>
    public virtual Task<PacedSession> OpenPacedAsync(Job job, Echoes echoes) =>
        throw new ArgumentException("Of the peers here duplex, duplex-recycle, duplex-direct and bcl run scale.");

    protected abstract Task PingPongAsync(Job job, Meter meter);

    protected abstract Task PipeAsync(Job job, Meter meter);

    protected abstract Task FloodAsync(Job job, Meter meter);

    protected abstract Task SinkAsync(Job job, Meter meter);

    /// <summary>Opens an idle connection with a pending receive.</summary>
    protected abstract Task<object> OpenIdleAsync(Job job);

    /// <summary>Creates a handler that accepts certificates of any issuer: our server's is self-signed.</summary>
    protected static SocketsHttpHandler TrustingHandler() => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        SslOptions =
        {
            RemoteCertificateValidationCallback = (_, _, _, errors) =>
                errors is SslPolicyErrors.None or SslPolicyErrors.RemoteCertificateChainErrors,
        },
    };

    protected static void Check(long bytes, Job job)
    {
        if (bytes != job.Count * job.Size)
            throw new InvalidOperationException($"{bytes} bytes came where {job.Count * job.Size} were sent.");
    }

    private async Task IdleAsync(Job job, Meter meter)
    {
        // Warm-up connections, so that what is needed once, as the JIT's code, is not counted.
        const int First = 1000;
        object[] kept = new object[job.Count + First];
        for (int i = 0; i < First; i++)
            kept[job.Count + i] = await OpenIdleAsync(job);
        await Task.Delay(1000); // the JIT optimizes in the background

        long resident = await SettledAsync();
        long heap = GC.GetTotalMemory(forceFullCollection: true);
        meter.Start();
        long next = -1;
        await Task.WhenAll(Enumerable.Range(0, 32).Select(async _ =>
        {
            for (long i; (i = Interlocked.Increment(ref next)) < job.Count;)
                kept[i] = await OpenIdleAsync(job);
        }));
        meter.Stop();
        meter.ResidentPerConnection = (await SettledAsync() - resident) / job.Count;
        meter.HeapPerConnection = (GC.GetTotalMemory(forceFullCollection: true) - heap) / job.Count;
        GC.KeepAlive(kept);
    }

    private static async Task<long> SettledAsync()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        await Task.Delay(TimeSpan.FromMilliseconds(700)); // the kernel is still reclaiming memory
        return Environment.WorkingSet;
    }
}
