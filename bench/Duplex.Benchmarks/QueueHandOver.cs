using System.Threading.Channels;
using BenchmarkDotNet.Attributes;

namespace Duplex.Benchmarks;

/// <summary>
/// Hands received frames to a consumer through our queue, and through the platform's channel; on one thread, and to a
/// consumer that waits on another.
/// </summary>
[MemoryDiagnoser]
public class QueueHandOver
{
    private const int BatchSize = 64; // the batch size of the receive loop
    private const int Frames = 64 * BatchSize; // the capacity of both queues, so that no producer waits for room

    private readonly Frame _frame = new Frame.Binary(new byte[16]);
    private FrameQueue _queue = new(ChannelConfig.DefaultIncoming, new CloseState());
    private Channel<Frame> _channel = Bounded();

    [GlobalSetup]
    public void Setup()
    {
        _queue = new FrameQueue(ChannelConfig.DefaultIncoming, new CloseState());
        _channel = Bounded();
    }

    [Benchmark(OperationsPerInvoke = Frames)]
    public int Queue()
    {
        int taken = 0;
        while (taken < Frames)
        {
            AddBatch();
            while (_queue.TryTake() is not null)
                taken++;
        }

        return taken;
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Frames)]
    public int Channel()
    {
        int taken = 0;
        while (taken < Frames)
        {
            WriteBatch();
            while (_channel.Reader.TryRead(out _))
                taken++;
        }

        return taken;
    }

    [Benchmark(OperationsPerInvoke = Frames)]
    public async Task<int> QueueAcrossThreads()
    {
        Task<int> consumer = Task.Run(async () =>
        {
            int taken = 0;
            while (taken < Frames && await _queue.WaitToTakeAsync(CancellationToken.None))
            {
                while (_queue.TryTake() is not null)
                    taken++;
            }

            return taken;
        });
        for (int i = 0; i < Frames; i += BatchSize)
            AddBatch();
        return await consumer;
    }

    [Benchmark(OperationsPerInvoke = Frames)]
    public async Task<int> ChannelAcrossThreads()
    {
        Task<int> consumer = Task.Run(async () =>
        {
            int taken = 0;
            while (taken < Frames && await _channel.Reader.WaitToReadAsync())
            {
                while (_channel.Reader.TryRead(out _))
                    taken++;
            }

            return taken;
        });
        for (int i = 0; i < Frames; i += BatchSize)
            WriteBatch();
        return await consumer;
    }

    private static Channel<Frame> Bounded() => System.Threading.Channels.Channel.CreateBounded<Frame>(
        new BoundedChannelOptions(ChannelConfig.DefaultIncoming.Capacity) { SingleWriter = true });

    private void AddBatch()
    {
        for (int i = 0; i < BatchSize; i++)
            _queue.TryAdd(_frame);
        FrameWaiter.QueueAll(_queue.Publish());
    }

    private void WriteBatch()
    {
        for (int i = 0; i < BatchSize; i++)
            _channel.Writer.TryWrite(_frame);
    }
}
