using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Duplex.Tests;

public sealed class FrameQueueTests
{
    private readonly CountingPool _pool = new();
    private readonly CloseState _state = new();
    private FrameQueue _queue;

    public FrameQueueTests() => _queue = new FrameQueue(ChannelConfig.DefaultIncoming, _state);

    [Fact]
    public void Frames_come_out_in_the_order_in_which_they_went_in_across_segments()
    {
        for (int i = 0; i < 1000; i++)
        {
            Assert.True(_queue.TryAdd(Numbered(i)));
            if (i % 7 == 0)
                FrameWaiter.QueueAll(_queue.Publish());
        }

        FrameWaiter.QueueAll(_queue.Publish());
        Assert.Equal(1000, _queue.Count);
        for (int i = 0; i < 1000; i++)
            Assert.Equal(i, NumberOf(_queue.TryTake()));
        Assert.Null(_queue.TryTake());
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public async Task What_is_added_is_seen_when_it_is_published()
    {
        Task<bool> wait = _queue.WaitToTakeAsync(default).AsTask();
        Assert.True(_queue.TryAdd(Numbered(1)));
        Assert.True(_queue.TryAdd(Numbered(2)));
        Assert.Null(_queue.TryTake());
        Assert.Equal(0, _queue.Count);
        Assert.False(wait.IsCompleted);

        FrameWaiter.QueueAll(_queue.Publish());

        Assert.True(await wait.Soon());
        Assert.Equal(2, _queue.Count);
        Assert.True(_queue.WaitToTakeAsync(default).IsCompletedSuccessfully);
    }

    [Fact]
    public void Its_depth_has_the_frames_that_can_be_taken_and_the_bytes_of_all()
    {
        for (int i = 1; i <= 3; i++)
            Assert.True(_queue.TryAdd(new Frame.Binary(new byte[10 * i])));
        Assert.Equal((0, 60), _queue.Depth);
        Assert.Null(_queue.Publish());
        Assert.Equal((3, 60), _queue.Depth);

        Assert.NotNull(_queue.TryTake());

        Assert.Equal((2, 50), _queue.Depth);
        Assert.Equal(1, _queue.TakenFrames);
        _queue.Offer();
        Assert.Equal(3, _queue.Count);
        _queue.Withdraw();
        Assert.Equal(2, _queue.Count);
        Assert.Null(_queue.Announce());
        Assert.Equal(3, _queue.Count);
    }

    [Fact]
    public void What_is_dropped_unpublished_leaves_its_depth()
    {
        Assert.True(_queue.TryAdd(new Frame.Binary(new byte[10])));
        _queue.Complete();

        Assert.Null(_queue.Publish());

        Assert.Equal((0, 0), _queue.Depth);
    }

    [Fact]
    public void A_segment_that_was_emptied_serves_again()
    {
        Frame frame = Numbered(1);
        long before = 0;
        for (int i = 0; i < 3000; i++)
        {
            if (i == 1000)
                before = GC.GetAllocatedBytesForCurrentThread();
            _queue.TryAdd(frame);
            _queue.Publish();
            _queue.TryTake();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    [KtorParity("channels/ChannelOverflow.SUSPEND")]
    public async Task The_producer_pauses_at_the_frame_bound_and_goes_on_at_half()
    {
        _queue = new FrameQueue(ChannelConfig.Bounded(4, 1_000_000), _state);
        for (int i = 0; i < 4; i++)
        {
            Assert.True(_queue.MayAdd);
            Assert.True(_queue.TryAdd(Numbered(i)));
        }

        FrameWaiter.QueueAll(_queue.Publish());
        Assert.False(_queue.MayAdd);
        Task room = _queue.WaitForRoomAsync();
        Assert.Equal((true, 1), (_queue.IsFull, _queue.Pauses));
        Assert.NotNull(_queue.TryTake());
        Assert.False(room.IsCompleted);
        Assert.True(_queue.MayAdd); // there is some, but it waits for more

        Assert.NotNull(_queue.TryTake());

        await room.Soon();
        Assert.True(_queue.WaitForRoomAsync().IsCompletedSuccessfully);
        Assert.Equal((false, 1), (_queue.IsFull, _queue.Pauses));
    }

    [Fact]
    public async Task The_producer_pauses_at_the_byte_bound_and_goes_on_at_half()
    {
        _queue = new FrameQueue(ChannelConfig.Bounded(1000, 40), _state);
        Add(10, 10, 10, 9);
        Assert.True(_queue.MayAdd);
        Add(1);
        Assert.False(_queue.MayAdd);
        Task room = _queue.WaitForRoomAsync();

        _queue.TryTake();
        Assert.False(room.IsCompleted);
        _queue.TryTake();

        await room.Soon(); // 20 of 40
    }

    [Fact]
    public async Task One_frame_fits_an_empty_queue_however_large_it_is_and_the_next_waits_until_it_is_gone()
    {
        _queue = new FrameQueue(ChannelConfig.Bounded(1000, 10), _state);
        Assert.True(_queue.MayAdd);
        Add(5000);
        Assert.False(_queue.MayAdd);
        Task room = _queue.WaitForRoomAsync();
        Assert.False(room.IsCompleted);

        Assert.Equal(5000, _queue.TryTake()!.Data.Length);

        await room.Soon();
        Assert.True(_queue.MayAdd);
    }

    [Fact]
    [KtorParity("channels/the-capacity-counts-at-each-stage-anew")]
    public async Task A_bound_of_one_frame_gives_and_takes_one_at_a_time()
    {
        _queue = new FrameQueue(ChannelConfig.Bounded(1, 1000), _state);
        for (int i = 0; i < 20; i++)
        {
            Add(1);
            Assert.False(_queue.MayAdd);
            Task room = _queue.WaitForRoomAsync();
            Assert.False(room.IsCompleted);
            Assert.NotNull(_queue.TryTake());
            await room.Soon();
        }
    }

    [Fact]
    [KtorParity("channels/ChannelOverflow.CLOSE")]
    public void A_queue_that_closes_on_overflow_never_pauses_gives_the_frame_back_and_shows_those_before_it()
    {
        _queue = new FrameQueue(ChannelConfig.Bounded(2, 1000, ChannelOverflow.Close), _state);
        Assert.True(_queue.TryAdd(Numbered(1)));
        Assert.True(_queue.TryAdd(Numbered(2)));
        Assert.True(_queue.MayAdd);
        Frame tooMany = Pooled(3);

        Assert.False(_queue.TryAdd(tooMany));

        Assert.Equal(3, NumberOf(tooMany)); // still the caller's
        End(_queue, _state, new ChannelOverflowException());
        Assert.Equal(1, NumberOf(_queue.TryTake()));
        Assert.Equal(2, NumberOf(_queue.TryTake()));
        Assert.Equal(0, _queue.Dropped);
    }

    [Fact]
    public async Task Once_it_stops_pausing_the_first_frame_that_does_not_fit_is_dropped_with_all_that_follow()
    {
        _queue = new FrameQueue(ChannelConfig.Bounded(2, 1000), _state);
        Add(4, 4);
        Task room = _queue.WaitForRoomAsync();
        Assert.False(room.IsCompleted);

        _queue.StopPausing();

        await room.Soon();
        Assert.True(_queue.MayAdd);
        Assert.True(_queue.WaitForRoomAsync().IsCompletedSuccessfully);
        Assert.True(_queue.TryAdd(Pooled(1)));
        Assert.Equal(1, _queue.Dropped);
        Assert.Equal(0, _pool.Rented);
        Assert.NotNull(_queue.TryTake());
        Assert.True(_queue.TryAdd(Pooled(7))); // this one would fit
        FrameWaiter.QueueAll(_queue.Publish());
        Assert.Equal((2, 0), (_queue.Dropped, _pool.Rented));
        Assert.Equal(1, _queue.Count);
    }

    [Fact]
    public void Once_a_piece_is_dropped_so_is_all_that_follows_and_messages_are_counted()
    {
        _queue = new FrameQueue(ChannelConfig.Bounded(10, 8), _state, ofPieces: true);
        Assert.True(_queue.TryAdd(Piece(5)));
        _queue.StopPausing();

        Assert.True(_queue.TryAdd(Piece(5))); // does not fit
        Assert.True(_queue.TryAdd(Piece(1))); // would
        Assert.Equal(1, _queue.Dropped); // the message, whose end may never come
        Assert.True(_queue.TryAdd(Piece(1, fin: true)));
        Assert.True(_queue.TryAdd(Piece(0, fin: true)));

        FrameWaiter.QueueAll(_queue.Publish());
        Assert.Equal(2, _queue.Dropped);
        Assert.Equal(5, _queue.TryTake()!.Data.Length);
        Assert.Null(_queue.TryTake());

        static Frame Piece(int length, bool fin = false) => new Frame.Binary(fin, new byte[length]);
    }

    [Fact]
    public async Task Who_drops_all_is_the_only_one_to_take_anything_from_then_on()
    {
        for (int round = 0; round < 2_000; round++)
        {
            var state = new CloseState();
            var queue = new FrameQueue(ChannelConfig.Unlimited, state);
            for (int i = 0; i < 50; i++)
                queue.TryAdd(Numbered(i));
            FrameWaiter.QueueAll(queue.Publish());
            using var go = new Barrier(2);
            Task<int> taking = Task.Run(async () =>
            {
                go.SignalAndWait();
                int taken = 0;
                do
                {
                    while (queue.TryTake() is { } frame)
                        Assert.Equal(taken++, NumberOf(frame)); // no hole
                }
                while (await MoreAsync(queue));

                return taken;
            });

            go.SignalAndWait();
            queue.DropAll();
            End(queue, state, null);

            Assert.Equal(50, await taking.Soon() + queue.Dropped);
            Assert.Equal(queue.Dropped > 0, await IsLossyAsync(queue.Completion));
        }
    }

    [Fact]
    public async Task A_normal_end_stands_behind_the_frames()
    {
        Add(1, 1);
        End(_queue, _state, null);
        End(_queue, _state, new IOException("too late"));

        Assert.True(await _queue.WaitToTakeAsync(default).Soon());
        Assert.NotNull(_queue.TryTake());
        Assert.False(_queue.Completion.IsCompleted);
        Assert.True(await _queue.WaitToTakeAsync(default).Soon());
        Assert.NotNull(_queue.TryTake());
        Assert.False(await _queue.WaitToTakeAsync(default).Soon());
        Assert.Null(_queue.TryTake());
        await _queue.Completion.Soon();
    }

    [Fact]
    public async Task Any_other_end_stands_behind_the_frames_too()
    {
        var error = new IOException("broken");
        Add(1);
        End(_queue, _state, error);

        Assert.True(await _queue.WaitToTakeAsync(default).Soon());
        Assert.False(_queue.Completion.IsCompleted);
        Assert.NotNull(_queue.TryTake());
        Assert.Same(error, await Assert.ThrowsAsync<IOException>(() => _queue.WaitToTakeAsync(default).Soon()));
        Assert.Same(error, await Assert.ThrowsAsync<IOException>(() => _queue.Completion.Soon()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_end_wakes_all_who_wait(bool withError)
    {
        var error = new IOException("broken");
        Task<bool>[] waits = [.. Enumerable.Range(0, 3).Select(_ => _queue.WaitToTakeAsync(default).AsTask())];

        End(_queue, _state, withError ? error : null);

        foreach (Task<bool> wait in waits)
        {
            if (withError)
                Assert.Same(error, await Assert.ThrowsAsync<IOException>(() => wait.Soon()));
            else
                Assert.False(await wait.Soon());
        }
    }

    [Fact]
    public async Task The_end_lets_a_paused_producer_go_on()
    {
        _queue = new FrameQueue(ChannelConfig.Bounded(1, 1000), _state);
        Add(1);
        Task room = _queue.WaitForRoomAsync();

        End(_queue, _state, null);

        await room.Soon();
        Assert.True(_queue.MayAdd);
        Assert.True(_queue.TryAdd(Pooled(1)));
        Assert.Equal((1, 0), (_queue.Dropped, _pool.Rented));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(150)]
    public async Task What_is_published_behind_the_end_is_dropped_counted_and_given_back(int before)
    {
        for (int i = 0; i < before; i++)
            Assert.True(_queue.TryAdd(Numbered(i)));
        FrameWaiter.QueueAll(_queue.Publish());
        for (int i = 0; i < 300; i++)
            Assert.True(_queue.TryAdd(Pooled(i)));

        End(_queue, _state, null);
        FrameWaiter.QueueAll(_queue.Publish());

        Assert.Equal(before, _queue.Count);
        Assert.Equal((300, 0), (_queue.Dropped, _pool.Rented));
        for (int i = 0; i < before; i++)
            Assert.Equal(i, NumberOf(_queue.TryTake()));
        Assert.False(await _queue.WaitToTakeAsync(default).Soon());
        Assert.Null(_queue.TryTake());
        FrameWaiter.QueueAll(_queue.Publish());
        Assert.Equal(300, _queue.Dropped);
    }

    [Fact]
    public async Task Dropping_all_gives_back_what_is_there_and_what_still_comes_and_lets_the_producer_go_on()
    {
        _queue = new FrameQueue(ChannelConfig.Bounded(2, 1000), _state);
        Assert.True(_queue.TryAdd(Pooled(1)));
        Assert.True(_queue.TryAdd(Pooled(2)));
        FrameWaiter.QueueAll(_queue.Publish());
        Task room = _queue.WaitForRoomAsync();

        _queue.DropAll();

        await room.Soon();
        Assert.Equal((2, 0), (_queue.Dropped, _pool.Rented));
        Assert.True(_queue.TryAdd(Pooled(3)));
        FrameWaiter.QueueAll(_queue.Publish());
        Assert.Equal((3, 0), (_queue.Dropped, _pool.Rented));
        End(_queue, _state, null);
        Assert.Equal(0, _queue.TakenFrames); // by a consumer
        var error = await Assert.ThrowsAsync<WebSocketClosedException>(() => _queue.WaitToTakeAsync(default).Soon());
        Assert.Contains("3 received messages were discarded", error.Message, StringComparison.Ordinal);
        Assert.Equal(3, error.Result.DiscardedMessages);
        Assert.Same(error, await Assert.ThrowsAsync<WebSocketClosedException>(() => _queue.Completion.Soon()));
    }

    [Fact]
    public async Task Dropping_all_drops_also_what_was_added_before_and_is_published_after_it()
    {
        Assert.True(_queue.TryAdd(Pooled(1)));
        _queue.DropAll();
        FrameWaiter.QueueAll(_queue.Publish());

        Assert.Equal((1, 0), (_queue.Dropped, _pool.Rented));
        Assert.Equal(0, _queue.Count);
        End(_queue, _state, null);
        Assert.True(await IsLossyAsync(_queue.Completion));
    }

    [Fact]
    public async Task Completion_follows_when_the_frames_before_the_end_are_dropped()
    {
        Add(1, 1);
        End(_queue, _state, null);
        Assert.False(_queue.Completion.IsCompleted);

        _queue.DropAll();

        Assert.True(await IsLossyAsync(_queue.Completion));
        Assert.Equal(2, _queue.Dropped);
    }

    [Fact]
    public async Task An_end_that_was_seen_stays_as_it_was()
    {
        Add(1);
        End(_queue, _state, null);
        Assert.NotNull(_queue.TryTake());

        _queue.DropAll(); // nothing

        Assert.False(await IsLossyAsync(_queue.Completion));
        Assert.False(await _queue.WaitToTakeAsync(default).Soon());
    }

    [Fact]
    public void A_queue_that_closes_on_overflow_waits_instead_once_that_is_of_no_use()
    {
        _queue = new FrameQueue(ChannelConfig.Bounded(1, 1000, ChannelOverflow.Close), _state);
        Add(1);
        Assert.True(_queue.MayAdd);
        var second = new Frame.Binary(new byte[1]);
        Assert.False(_queue.TryAdd(second));

        _state.TryBegin(CloseCause.Local(CloseReason.Normal));

        Assert.True(_queue.TryAdd(second)); // more than its bound, by the frame that was there already
        Assert.False(_queue.MayAdd);
        Assert.False(_queue.WaitForRoomAsync().IsCompleted);
        Assert.True(_queue.IsFull);
        FrameWaiter.QueueAll(_queue.Publish());
        Assert.Equal((2, 0), (_queue.Count, _queue.Dropped));
        Assert.NotNull(_queue.TryTake());
        Assert.NotNull(_queue.TryTake());
        Assert.False(_queue.IsFull);
        Assert.Equal(2, _queue.TakenFrames);
    }

    private static async Task<bool> MoreAsync(FrameQueue queue)
    {
        try
        {
            return await queue.WaitToTakeAsync(default).Soon();
        }
        catch (WebSocketClosedException)
        {
            return false;
        }
    }

    private static async Task<bool> IsLossyAsync(Task completion)
    {
        try
        {
            await completion.Soon();
            return false;
        }
        catch (WebSocketClosedException e) when (e.Message.Contains("discarded", StringComparison.Ordinal))
        {
            return true;
        }
    }

    [Fact]
    public async Task A_cancelled_wait_says_whose_token_it_was_and_leaves_the_others_waiting()
    {
        using var source = new CancellationTokenSource();
        Task<bool> first = _queue.WaitToTakeAsync(default).AsTask();
        Task<bool> cancelled = _queue.WaitToTakeAsync(source.Token).AsTask();
        Task<bool> last = _queue.WaitToTakeAsync(default).AsTask();

        source.Cancel();

        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.Soon());
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.False(first.IsCompleted || last.IsCompleted);
        Add(1);
        Assert.True(await first.Soon());
        Assert.True(await last.Soon());
        Assert.True(_queue.WaitToTakeAsync(new CancellationToken(canceled: true)).IsCanceled);
        Assert.NotNull(_queue.TryTake());
    }

    [Fact]
    public async Task Cancelled_waits_at_either_end_of_the_queue_leave_it_whole()
    {
        for (int cancelled = 0; cancelled < 3; cancelled++)
        {
            CancellationTokenSource[] sources = [new(), new(), new()];
            Task<bool>[] waits = [.. sources.Select(source => _queue.WaitToTakeAsync(source.Token).AsTask())];
            sources[cancelled].Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits[cancelled].Soon());
            Task<bool> later = _queue.WaitToTakeAsync(default).AsTask();

            Add(1);

            Assert.True(await later.Soon());
            foreach (int other in Enumerable.Range(0, 3).Where(wait => wait != cancelled))
                Assert.True(await waits[other].Soon());
            Assert.NotNull(_queue.TryTake());
            foreach (CancellationTokenSource source in sources)
                source.Dispose();
        }
    }

    [Fact]
    public async Task A_wait_that_is_used_again_is_never_shared_by_two()
    {
        // One wait has come and gone, so its source is free for the next.
        ValueTask<bool> gone = _queue.WaitToTakeAsync(default);
        Add(1);
        Assert.True(await gone);
        Assert.NotNull(_queue.TryTake());

        ValueTask<bool> first = _queue.WaitToTakeAsync(default);
        ValueTask<bool> second = _queue.WaitToTakeAsync(default);

        // Whoever awaits the old one again gets an error, and the wait that its source serves now is not disturbed.
        Assert.Throws<InvalidOperationException>(() => gone.Result);
        Assert.Throws<InvalidOperationException>(() => first.GetAwaiter().GetResult()); // no result yet
        ValueTask<bool> third = _queue.WaitToTakeAsync(default);
        Add(1);
        Assert.True(await first.Soon());
        Assert.True(await second.Soon());
        Assert.True(await third.Soon());
    }

    [Fact]
    public async Task Nobodys_continuation_runs_on_the_producers_stack()
    {
        bool isProducing = false;
        int producer = Environment.CurrentManagedThreadId;
        var reader = new TaskCompletionSource<bool>();
        var ender = new TaskCompletionSource<bool>();
        var canceller = new TaskCompletionSource<bool>();
        using var source = new CancellationTokenSource();

        Watch(_queue.WaitToTakeAsync(source.Token), canceller);
        Produce(source.Cancel);
        Watch(_queue.WaitToTakeAsync(default), reader);
        Produce(() => Add(1));
        Assert.NotNull(_queue.TryTake());
        Watch(_queue.WaitToTakeAsync(default), ender);
        Produce(() => End(_queue, _state, null));

        Assert.False(await reader.Task.Soon());
        Assert.False(await ender.Task.Soon());
        Assert.False(await canceller.Task.Soon());

        void Produce(Action action)
        {
            Volatile.Write(ref isProducing, true);
            action();
            Volatile.Write(ref isProducing, false);
        }

        void Watch(ValueTask<bool> wait, TaskCompletionSource<bool> onProducersStack) => wait.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(
            () => onProducersStack.TrySetResult(Volatile.Read(ref isProducing) && Environment.CurrentManagedThreadId == producer));
    }

    [Fact]
    [KtorParity("session/incoming")]
    public async Task Each_frame_goes_to_one_of_many_readers_and_none_is_lost_however_waits_are_cancelled()
    {
        const int Readers = 4, Frames = 20_000;
        _queue = new FrameQueue(ChannelConfig.Bounded(4, 1000), _state);
        var received = new ConcurrentBag<int>();
        Task[] readers = [.. Enumerable.Range(0, Readers).Select(seed => Task.Run(() => ReadAsync(new Random(seed))))];

        await Task.Run(async () =>
        {
            var random = new Random(99);
            for (int i = 0; i < Frames;)
            {
                for (int batch = random.Next(1, 4); batch > 0 && i < Frames && _queue.MayAdd; batch--)
                    Assert.True(_queue.TryAdd(Numbered(i++)));
                FrameWaiter.QueueAll(_queue.Publish());
                if (!_queue.MayAdd)
                    await _queue.WaitForRoomAsync();
            }

            End(_queue, _state, null);
        }).Soon();
        await Task.WhenAll(readers).Soon();

        Assert.Equal(Enumerable.Range(0, Frames), received.Order());
        await _queue.Completion.Soon();

        async Task ReadAsync(Random random)
        {
            while (true)
            {
                using var source = new CancellationTokenSource();
                ValueTask<bool> wait = _queue.WaitToTakeAsync(source.Token);
                if (random.Next(3) == 0)
                {
                    Thread.SpinWait(random.Next(60)); // so that it meets the wake-up now and then
                    source.Cancel();
                }

                try
                {
                    if (!await wait)
                        return;
                }
                catch (OperationCanceledException)
                {
                    continue;
                }

                int last = -1;
                while (_queue.TryTake() is { } frame)
                {
                    int number = NumberOf(frame);
                    Assert.True(number > last);
                    last = number;
                    received.Add(number);
                }
            }
        }
    }

    [Fact]
    public async Task However_the_end_races_with_the_producer_each_frame_is_taken_or_dropped_and_the_end_is_last()
    {
        for (int round = 0; round < 500; round++)
        {
            var state = new CloseState();
            var queue = new FrameQueue(ChannelConfig.Bounded(8, 1000), state);
            using var ready = new Barrier(2);
            int added = 0, taken = 0;
            Task producer = Task.Run(() =>
            {
                ready.SignalAndWait(Patience.Limit);
                for (int i = 0; i < 20 && queue.MayAdd; i++, added++)
                {
                    Assert.True(queue.TryAdd(Pooled(i)));
                    if (i % 3 == 2)
                        FrameWaiter.QueueAll(queue.Publish());
                }

                FrameWaiter.QueueAll(queue.Publish());
            });
            ready.SignalAndWait(Patience.Limit);
            Thread.SpinWait(round % 100);
            if (round % 4 == 0)
                queue.DropAll();
            End(queue, state, null);

            while (await MoreAsync(queue))
            {
                while (queue.TryTake() is { } frame)
                {
                    frame.Recycle();
                    taken++;
                }
            }

            await producer.Soon();
            Assert.Null(queue.TryTake());
            await MoreAsync(queue);
            Assert.True(queue.Completion.IsCompleted);
            Assert.Equal(added, taken + queue.Dropped);
        }

        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public void An_error_that_nobody_looks_at_is_no_unobserved_one()
    {
        var error = new IOException("nobody looks");
        int unobserved = 0;
        EventHandler<UnobservedTaskExceptionEventArgs> count = (_, e) => unobserved += e.Exception.InnerExceptions.Contains(error) ? 1 : 0;
        TaskScheduler.UnobservedTaskException += count;
        try
        {
            CompleteAndForget(error);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Assert.Equal(0, unobserved);
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= count;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void CompleteAndForget(Exception error)
        {
            var state = new CloseState();
            End(new FrameQueue(ChannelConfig.DefaultIncoming, state), state, error);
        }
    }

    // The peer's Close, which is a normal end, or an error.
    private static void End(FrameQueue queue, CloseState state, Exception? error)
    {
        state.TryBegin(error is null ? CloseCause.Peer(CloseReason.Normal) : CloseCause.Failure(CloseReason.Normal, error));
        queue.Complete();
    }

    private void Add(params int[] sizes)
    {
        foreach (int size in sizes)
            Assert.True(_queue.TryAdd(new Frame.Binary(new byte[size])));
        FrameWaiter.QueueAll(_queue.Publish());
    }

    private static Frame.Binary Numbered(int number)
    {
        byte[] payload = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(payload, number);
        return new Frame.Binary(payload);
    }

    private Frame Pooled(int number)
    {
        byte[] payload = _pool.Rent(sizeof(int));
        BinaryPrimitives.WriteInt32LittleEndian(payload, number);
        return Frame.Create(FrameType.Binary, fin: true, ReservedBits.None, payload, new SharedBuffer(payload, _pool));
    }

    private static int NumberOf(Frame? frame) => BinaryPrimitives.ReadInt32LittleEndian(Assert.IsType<Frame.Binary>(frame).Data.Span);

    [Fact]
    public void After_a_piece_that_was_dropped_no_other_is_taken()
    {
        var queue = new FrameQueue(ChannelConfig.Bounded(1, 1000), new CloseState(), ofPieces: true);
        queue.StopPausing();
        Assert.True(queue.TryAdd(new Frame.Binary(fin: false, new byte[1])));
        FrameWaiter.QueueAll(queue.Publish());
        Assert.True(queue.TryAdd(new Frame.Binary(fin: false, new byte[1])));
        Assert.NotNull(queue.TryTake());

        Assert.True(queue.TryAdd(new Frame.Binary(fin: true, new byte[1]))); // there is room again, and a hole before it

        FrameWaiter.QueueAll(queue.Publish());
        Assert.Null(queue.TryTake());
        Assert.Equal(1, queue.Dropped);
    }

    [Theory]
    [InlineData(1, true, false)]
    [InlineData(2, false, false)]
    [InlineData(1, true, true)]
    [InlineData(2, false, true)]
    public void A_queue_that_closes_on_overflow_judges_a_frame_by_its_size(int size, bool fits, bool afterOthers)
    {
        var queue = new FrameQueue(ChannelConfig.Bounded(10, 1000, ChannelOverflow.Close), new CloseState());
        if (afterOthers)
        {
            Assert.True(queue.TryAdd(new Frame.Binary(new byte[999])));
            Assert.Null(queue.Publish());
            Assert.NotNull(queue.TryTake());
        }

        Assert.True(queue.TryAdd(new Frame.Binary(new byte[999])));

        Assert.Equal(fits, queue.TryAdd(new Frame.Binary(new byte[size])));
    }

    [Fact]
    public async Task A_context_is_posted_to_from_the_pool_and_one_that_throws_keeps_nobody_waiting()
    {
        var context = new BrokenContext();
        Task broken = Task.Run(() => WaitIn(context));
        await Patience.Until(() => context.Waits);
        Task<bool> other = _queue.WaitToTakeAsync(default).AsTask();

        // No thread of the pool, so what runs on the pool runs on another.
        var producer = new Thread(() => Add(1));
        producer.Start();
        producer.Join();

        Assert.True(await other.Soon());
        await broken.Soon();
        Assert.NotEqual(producer.ManagedThreadId, context.PostedOn);

        async Task WaitIn(BrokenContext context)
        {
            SynchronizationContext? before = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(context);
            ValueTask<bool> wait = _queue.WaitToTakeAsync(default);
            ConfiguredValueTaskAwaitable<bool>.ConfiguredValueTaskAwaiter awaiter = wait.ConfigureAwait(true).GetAwaiter();
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            awaiter.UnsafeOnCompleted(() => done.SetResult());
            SynchronizationContext.SetSynchronizationContext(before);
            context.Waits = true;
            await done.Task;
            Assert.True(awaiter.GetResult());
        }
    }

    private sealed class BrokenContext : SynchronizationContext
    {
        public bool Waits { get; set; }

        public int PostedOn { get; private set; }

        public override void Post(SendOrPostCallback d, object? state)
        {
            PostedOn = Environment.CurrentManagedThreadId;
            throw new InvalidOperationException("The window is gone.");
        }
    }
}
