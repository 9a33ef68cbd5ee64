namespace Duplex.Tests;

/// <summary>Measures the heap of the whole process, so no other test may run beside it.</summary>
[CollectionDefinition(nameof(FrameQueueMemoryTests), DisableParallelization = true)]
[Collection(nameof(FrameQueueMemoryTests))]
public sealed class FrameQueueMemoryTests
{
    [Fact]
    public void What_was_taken_is_not_kept()
    {
        var queue = new FrameQueue(ChannelConfig.DefaultIncoming, new CloseState());
        var frame = new Frame.Binary(new byte[1]);
        long before = HeapAfter(1000);

        long after = HeapAfter(1_000_000);

        Assert.InRange(after - before, long.MinValue, 2_000_000); // a reference for each would be 8 MB

        long HeapAfter(int frames)
        {
            for (int i = 0; i < frames; i++)
            {
                Assert.True(queue.TryAdd(frame));
                queue.Publish();
                Assert.Same(frame, queue.TryTake());
            }

            return GC.GetTotalMemory(forceFullCollection: true);
        }
    }
}
