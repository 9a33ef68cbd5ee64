using CsCheck;

namespace Duplex.Tests;

/// <summary>The queue to the one consumer: its bounds, its waits, and its ends.</summary>
public sealed class FeedQueueTests
{
    [Fact]
    public void It_is_bounded_in_number()
    {
        var queue = new FeedQueue(ChannelConfig.Bounded(2));
        Assert.True(queue.TryAdd(Message(1)));
        Assert.False(queue.IsFull);
        Assert.True(queue.TryAdd(Message(1)));
        Assert.True(queue.IsFull);
        Assert.False(queue.TryAdd(Message(1)));
        Assert.Equal(2, queue.Count);
        Assert.True(queue.TryTake(out _));
        Assert.True(queue.TryAdd(Message(1)));
    }

    [Fact]
    public void It_is_bounded_in_bytes_but_one_message_always_fits()
    {
        var queue = new FeedQueue(ChannelConfig.Bounded(100, maxBytes: 10));
        Assert.True(queue.TryAdd(Message(50)));
        Assert.False(queue.TryAdd(Message(0)));
        Assert.True(queue.TryTake(out _));
        Assert.True(queue.TryAdd(Message(6)));
        Assert.False(queue.TryAdd(Message(5)));
        Assert.True(queue.TryAdd(Message(4)));
    }

    [Fact]
    public void What_must_not_wait_enters_a_full_queue_in_its_turn()
    {
        var queue = new FeedQueue(ChannelConfig.Bounded(1));
        queue.TryAdd(Message(1, epoch: 1));
        queue.AddAnyway(Gap(2));
        queue.AddAnyway(Message(1, epoch: 2));
        Assert.Equal(2, queue.Count); // a gap is no message
        Assert.Equal([(1, false), (2, true), (2, false)], TakeAll(queue));
    }

    [Fact]
    public async Task A_producer_that_waited_goes_on_when_half_is_taken()
    {
        var queue = new FeedQueue(ChannelConfig.Bounded(4));
        for (int number = 0; number < 4; number++)
            queue.TryAdd(Message(1));
        Task room = queue.WaitForRoomAsync(1);
        queue.TryTake(out _);
        Assert.False(room.IsCompleted);
        queue.TryTake(out _);
        await room.Soon();
        Assert.True(queue.WaitForRoomAsync(1).IsCompleted);
    }

    [Fact]
    public async Task A_producer_goes_on_when_only_a_gap_was_in_its_way()
    {
        var queue = new FeedQueue(ChannelConfig.Bounded(1));
        queue.AddAnyway(Gap(2));
        Task room = queue.WaitForRoomAsync(1);
        Task<bool> consumer = queue.WaitForMessageAsync(CancellationToken.None).AsTask();
        await room.Soon();
        Assert.True(queue.TryAdd(Message(1)));
        Assert.True(await consumer.Soon());
    }

    [Fact]
    public async Task A_consumer_that_waits_is_woken_by_a_message_and_by_the_end()
    {
        var queue = new FeedQueue(ChannelConfig.Bounded(2));
        Task<bool> waiting = queue.WaitAsync(CancellationToken.None).AsTask();
        Assert.False(waiting.IsCompleted);
        queue.TryAdd(Message(1));
        Assert.True(await waiting.Soon());
        queue.TryTake(out _);
        waiting = queue.WaitAsync(CancellationToken.None).AsTask();
        queue.Complete(null);
        Assert.False(await waiting.Soon());
        Assert.False(await queue.WaitAsync(CancellationToken.None).Soon());
    }

    [Fact]
    public async Task A_second_consumer_that_waits_is_refused_until_the_first_is_gone()
    {
        var queue = new FeedQueue(ChannelConfig.Bounded(2));
        using var cancel = new CancellationTokenSource();
        Task<bool> first = queue.WaitAsync(cancel.Token).AsTask();
        Assert.Throws<InvalidOperationException>(() => { _ = queue.WaitAsync(CancellationToken.None); });
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.Soon());
        Task<bool> second = queue.WaitAsync(CancellationToken.None).AsTask();
        queue.TryAdd(Message(1));
        Assert.True(await second.Soon());
    }

    [Fact]
    public async Task A_token_that_has_fired_comes_first()
    {
        var queue = new FeedQueue(ChannelConfig.Bounded(2));
        queue.TryAdd(Message(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queue.WaitAsync(new CancellationToken(true)).Soon());
        Assert.Equal(1, queue.Count);
    }

    [Fact]
    public async Task What_was_added_comes_before_the_error_of_the_end()
    {
        var queue = new FeedQueue(ChannelConfig.Bounded(2));
        queue.TryAdd(Message(1));
        queue.Complete(new FormatException());
        queue.Complete(null); // the first end counts
        Assert.True(queue.TryAdd(Message(1))); // dropped: its producer does not wait
        Assert.True(await queue.WaitAsync(CancellationToken.None).Soon());
        Assert.Single(TakeAll(queue));
        await Assert.ThrowsAsync<FormatException>(() => queue.WaitAsync(CancellationToken.None).Soon());
        await Assert.ThrowsAsync<FormatException>(() => queue.WaitForMessageAsync(CancellationToken.None).Soon());
    }

    [Fact]
    public async Task The_end_frees_a_producer_and_a_drop_leaves_nothing()
    {
        var queue = new FeedQueue(ChannelConfig.Bounded(1));
        queue.TryAdd(Message(1));
        Task room = queue.WaitForRoomAsync(1);
        queue.Drop();
        await room.Soon();
        queue.AddAnyway(Message(1));
        Assert.False(queue.TryTake(out _));
        Assert.False(await queue.WaitAsync(CancellationToken.None).Soon());
    }

    [Fact]
    public async Task Nothing_can_be_taken_after_a_drop_however_it_meets_a_producer()
    {
        for (int round = 0; round < 500; round++)
        {
            var queue = new FeedQueue(ChannelConfig.Unlimited);
            bool isOver = false;
            Task producing = Task.Run(() =>
            {
                while (!Volatile.Read(ref isOver))
                    queue.TryAdd(Message(1));
            });
            await Patience.Until(() => queue.Count > 0);
            queue.Drop();
            Assert.False(queue.TryTake(out _));
            Volatile.Write(ref isOver, true);
            await producing.Soon();
            Assert.False(queue.TryTake(out _));
        }
    }

    [Fact]
    public async Task Every_message_arrives_in_order_through_the_smallest_queue_with_a_consumer_that_gives_up_at_random()
    {
        const int Messages = 3000;
        var queue = new FeedQueue(ChannelConfig.Bounded(2, maxBytes: 100));
        Task producing = Task.Run(async () =>
        {
            var random = new Random(1);
            for (int number = 0; number < Messages; number++)
            {
                if (random.Next(5) == 0)
                    queue.AddAnyway(Gap(number));
                int length = random.Next(120);
                FeedItem item = Message(length, number);
                while (!queue.TryAdd(item))
                    await queue.WaitForRoomAsync(length);
            }

            queue.Complete(null);
        });
        List<int> got = [];
        var cancels = new Random(2);
        bool isOver = false;
        while (!isOver)
        {
            using var cancel = new CancellationTokenSource();
            Task cancelling = cancels.Next(2) == 0 ? Task.Run(cancel.Cancel) : Task.CompletedTask;
            try
            {
                isOver = !await queue.WaitForMessageAsync(cancel.Token).Soon();
                if (!isOver)
                {
                    Assert.True(queue.TryTake(out FeedItem item));
                    Assert.Null(item.Gap);
                    got.Add(item.Epoch);
                }
            }
            catch (OperationCanceledException)
            {
            }

            await cancelling;
        }

        await producing.Soon();
        Assert.Equal(Enumerable.Range(0, Messages), got);
    }

    [Fact]
    public void Its_bounds_hold_for_any_sequence_of_calls()
    {
        const int Capacity = 5, MaxBytes = 20;
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 25]).Array[0, 60].Sample(steps =>
        {
            var queue = new FeedQueue(ChannelConfig.Bounded(Capacity, MaxBytes));
            var model = new Queue<int>(); // the lengths, -1 for a gap
            foreach ((int what, int length) in steps)
            {
                int bytes = model.Sum(one => Math.Max(0, one));
                if (what == 0)
                {
                    int messages = model.Count(one => one >= 0);
                    bool fits = messages == 0 || (messages < Capacity && bytes + length <= MaxBytes);
                    if (queue.WaitForRoomAsync(length).IsCompleted != fits || queue.TryAdd(Message(length)) != fits)
                        return false;
                    if (fits)
                        model.Enqueue(length);
                }
                else if (what == 1 && length < 5)
                {
                    queue.AddAnyway(Gap(1));
                    if (model.LastOrDefault() != -1) // of several gaps, one is kept
                        model.Enqueue(-1);
                }
                else
                {
                    bool taken = queue.TryTake(out FeedItem item);
                    if (taken != model.TryDequeue(out int expected))
                        return false;
                    if (taken && (item.Frame?.Data.Length ?? -1) != expected)
                        return false;
                }
            }

            return queue.Count == model.Count(one => one >= 0);
        });
    }

    private static FeedItem Message(int length, int epoch = 1) => new(epoch, new Frame.Binary(new byte[length]), null);

    private static FeedItem Gap(int epoch) => new(epoch, null, GapKind.Lost);

    private static List<(int Epoch, bool IsGap)> TakeAll(FeedQueue queue)
    {
        List<(int, bool)> taken = [];
        while (queue.TryTake(out FeedItem item))
            taken.Add((item.Epoch, item.Gap is not null));
        return taken;
    }
}
