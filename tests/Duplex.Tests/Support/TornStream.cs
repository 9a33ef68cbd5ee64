using System.Collections.Concurrent;

namespace Duplex.Tests;

/// <summary>
/// A proxy that splits and delays what is read and written, at random: by nothing, by a yield, or by a hop to another thread, of the pool or not, that runs what follows within itself.
/// </summary>
internal sealed class TornStream(Stream inner, int seed) : BareStream
{
    private readonly Random _reading = new(seed);
    private readonly Random _writing = new(~seed);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await DelayAsync(_reading);
        int read = await inner.ReadAsync(buffer.IsEmpty ? buffer : buffer[..Part(_reading, buffer.Length)], cancellationToken);
        await DelayAsync(_reading);
        return read;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            await DelayAsync(_writing);
            int part = Part(_writing, buffer.Length);
            await inner.WriteAsync(buffer[..part], cancellationToken);
            buffer = buffer[part..];
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    protected override void Dispose(bool disposing)
    {
        inner.Dispose();
        base.Dispose(disposing);
    }

    // Often all of it, sometimes a few bytes, which tears headers.
    private static int Part(Random random, int length) => random.Next(4) switch
    {
        0 => Math.Min(length, random.Next(1, 16)),
        1 => Math.Min(length, random.Next(1, 8000)),
        _ => length,
    };

    private static ValueTask DelayAsync(Random random)
    {
        switch (random.Next(8))
        {
            case 0:
                return new ValueTask(YieldAsync());
            case 1:
                var onPool = new TaskCompletionSource(); // what awaits it runs within SetResult
                ThreadPool.UnsafeQueueUserWorkItem(static hop => hop.SetResult(), onPool, preferLocal: false);
                return new ValueTask(onPool.Task);
            case 2:
                var elsewhere = new TaskCompletionSource();
                ForeignThread.Run(elsewhere);
                return new ValueTask(elsewhere.Task);
            default:
                return default;
        }
    }

    private static async Task YieldAsync() => await Task.Yield();

    // A thread that is not the pool's, shared by all.
    private static class ForeignThread
    {
        private static readonly BlockingCollection<TaskCompletionSource> Hops = [];

        static ForeignThread() => new Thread(() =>
        {
            foreach (TaskCompletionSource hop in Hops.GetConsumingEnumerable())
                hop.SetResult();
        })
        { IsBackground = true }.Start();

        public static void Run(TaskCompletionSource hop) => Hops.Add(hop);
    }
}
