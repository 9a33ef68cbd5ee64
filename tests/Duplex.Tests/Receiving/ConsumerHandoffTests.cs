namespace Duplex.Tests;

public sealed class ConsumerHandoffTests : IDisposable
{
    private readonly Work _loop = new(() => { });
    private readonly ConsumerHandoff _handoff;
    private readonly ManualResetEventSlim _gate = new();

    public ConsumerHandoffTests() => _handoff = new ConsumerHandoff(_loop);

    public void Dispose() => _gate.Dispose();

    [Fact]
    public async Task A_consumer_runs_on_the_thread_of_the_loop_has_the_handoff_meanwhile_and_gives_it_back_when_it_is_done()
    {
        bool isSameThread = false, borrowed = false, borrowedTwice = true;
        await Task.Run(() =>
        {
            int thread = Environment.CurrentManagedThreadId;
            var consumer = new Work(() =>
            {
                isSameThread = Environment.CurrentManagedThreadId == thread;
                borrowed = _handoff.TryBorrow();
                borrowedTwice = _handoff.TryBorrow();
                _handoff.Return(beforeEnd: true);
            });

            Assert.True(_handoff.Run(consumer, beforeEnd: true)); // or the watch might reclaim it from a slow machine

            Assert.False(_handoff.TryBorrow()); // the loop has it
        }).Soon();
        Assert.True(isSameThread);
        Assert.True(borrowed);
        Assert.False(borrowedTwice);
        Assert.Equal(0, _loop.Runs);
    }

    [Fact]
    public async Task A_handoff_that_the_consumer_keeps_because_its_read_waits_is_not_the_loops_any_more()
    {
        bool borrowed = false;
        await Task.Run(() => Assert.False(_handoff.Run(new Work(() => borrowed = _handoff.TryBorrow()), beforeEnd: true))).Soon();
        Assert.True(borrowed);
    }

    [Fact]
    public async Task No_other_thread_can_take_the_loop_over()
    {
        // The watch may reclaim the loop meanwhile, if the machine is slow to start a thread.
        bool borrowed = true;
        await Task.Run(() => _handoff.Run(new Work(() =>
        {
            var other = new Thread(() => borrowed = _handoff.TryBorrow());
            other.Start();
            other.Join();
        }))).Soon();
        Assert.False(borrowed);
    }

    [Fact]
    public async Task A_loop_that_is_reclaimed_continues_on_the_pool()
    {
        bool borrowed = true;
        await Task.Run(() => Assert.False(_handoff.Run(new Work(() =>
        {
            _handoff.Reclaim();
            _handoff.Reclaim(); // once is enough
            borrowed = _handoff.TryBorrow();
        })))).Soon();

        Assert.False(borrowed);
        await _loop.Ran(1);
        _handoff.Reclaim(); // the loop has it
        Assert.Equal(1, _loop.Runs);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_consumer_that_says_that_it_will_block_frees_the_loop_at_once(bool beforeEnd)
    {
        int runs = -1;
        await Task.Run(() => Assert.False(_handoff.Run(
            new Work(() =>
            {
                _handoff.Yield();
                _handoff.Yield(); // once is enough
                _loop.Ran(1).Wait(Patience.Limit);
                runs = _loop.Runs;
            }),
            beforeEnd))).Soon();

        Assert.Equal(1, runs);
        _handoff.Yield(); // not the consumer
        Assert.Equal(1, _loop.Runs);
    }

    [Fact]
    public async Task A_loop_whose_consumer_blocks_the_thread_is_reclaimed()
    {
        Task<bool> running = Task.Run(() => _handoff.Run(new Work(_gate.Wait)));

        await _loop.Ran(1);

        Assert.False(running.IsCompleted);
        _gate.Set();
        Assert.False(await running.Soon());
    }

    [Fact]
    public async Task A_loop_whose_consumer_blocks_after_it_has_read_on_is_reclaimed_too()
    {
        bool borrowed = false;
        Task<bool> running = Task.Run(() => _handoff.Run(
            new Work(() =>
            {
                borrowed = _handoff.TryBorrow();
                _handoff.Return(beforeEnd: false);
                _gate.Wait();
            }),
            beforeEnd: true)); // it is reclaimed only after it has read on

        await _loop.Ran(1);

        _gate.Set();
        Assert.False(await running.Soon());
        Assert.True(borrowed);
    }

    [Fact]
    public async Task The_watch_reclaims_only_the_run_that_it_saw()
    {
        Task<bool> blocked = Task.Run(() => _handoff.Run(new Work(_gate.Wait)));
        await _loop.Ran(1);
        await LooksAsync(60); // more than any consumer's patience: the first has blocked its thread for all of them
        await ThreadsAsync(4); // for the consumer, one that blocks while it waits, its loop, and the watch

        bool kept = await Task.Run(() => _handoff.Run(
            new Work(() => LooksAsync(3).Wait(Patience.Limit)), beforeEnd: true)).Soon();

        Assert.True(kept);
        Assert.Equal(1, _loop.Runs);
        _gate.Set();
        Assert.False(await blocked.Soon());
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task What_a_consumer_leaves_ambient_is_gone_after_it(bool isFree)
    {
        var ambient = new AsyncLocal<int>();
        var consumer = new Work(() =>
        {
            ambient.Value = 1;
            SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
        });

        (SynchronizationContext? context, int value) = await Task.Run(() =>
        {
            if (isFree)
                ConsumerHandoff.RunFree(consumer);
            else
                _handoff.Run(consumer, beforeEnd: true);
            return (SynchronizationContext.Current, ambient.Value);
        }).Soon();

        Assert.Null(context);
        Assert.Equal(0, value);
        Assert.Equal(1, consumer.Runs);
    }

    [Fact]
    public async Task A_free_consumer_runs_here_and_one_within_it_on_another_thread()
    {
        using var done = new ManualResetEventSlim();
        int here = 0, outer = 0, inner = 0;
        bool canRunAnother = await Task.Run(() =>
        {
            here = Environment.CurrentManagedThreadId;
            ConsumerHandoff.RunFree(new Work(() =>
            {
                outer = Environment.CurrentManagedThreadId;
                ConsumerHandoff.RunFree(new Work(() =>
                {
                    inner = Environment.CurrentManagedThreadId;
                    done.Set();
                }));
                done.Wait();
            }));
            return ConsumerHandoff.CanRunHere;
        }).Soon();

        Assert.Equal(here, outer);
        Assert.NotEqual(here, inner);
        Assert.True(canRunAnother);
    }

    [Fact]
    public async Task A_free_consumer_on_a_foreign_thread_runs_on_the_pool()
    {
        bool isOfPool = false;
        var consumer = new Work(() => isOfPool = Thread.CurrentThread.IsThreadPoolThread);
        var foreign = new Thread(() => ConsumerHandoff.RunFree(consumer));
        foreign.Start();
        foreign.Join();

        await Patience.Until(() => consumer.Runs == 1);

        Assert.True(isOfPool);
    }

    // Waits until the pool has so many threads beside those that are blocked: it adds one in half a second, which is all that the watch waits for a consumer.
    private static Task ThreadsAsync(int threads)
    {
        var meeting = new CountdownEvent(threads); // not disposed: the last to leave does so after us
        return Task.WhenAll(Enumerable.Range(0, threads).Select(_ => Task.Run(() =>
        {
            meeting.Signal();
            Assert.True(meeting.Wait(Patience.Limit));
        }))).Soon();
    }

    // The watch takes at least one look to reclaim another loop.
    private static async Task LooksAsync(int looks)
    {
        for (int i = 0; i < looks; i++)
        {
            using var gate = new ManualResetEventSlim();
            var loop = new Work(() => { });
            Task<bool> running = Task.Run(() => new ConsumerHandoff(loop).Run(new Work(gate.Wait)));
            await loop.Ran(1);
            gate.Set();
            await running.Soon();
        }
    }

    [Fact]
    public async Task A_consumer_that_is_woken_within_another_goes_to_the_pool()
    {
        var other = new ConsumerHandoff(_loop);
        var inner = new Work(() => { });
        bool kept = false, borrowed = false;
        await Task.Run(() => Assert.True(_handoff.Run(
            new Work(() =>
            {
                kept = other.Run(inner);
                borrowed = _handoff.TryBorrow();
                _handoff.Return(beforeEnd: true);
            }),
            beforeEnd: true))).Soon();
        Assert.True(kept);
        Assert.True(borrowed);
        await inner.Ran(1);
    }

    [Fact]
    public async Task On_a_thread_that_is_not_the_pools_a_consumer_goes_to_the_pool()
    {
        bool isOnPool = false;
        var consumer = new Work(() => isOnPool = Thread.CurrentThread.IsThreadPoolThread);
        bool kept = false;
        var thread = new Thread(() => kept = _handoff.Run(consumer));
        thread.Start();
        thread.Join();

        await consumer.Ran(1);
        Assert.True(kept);
        Assert.True(isOnPool);
    }

    private sealed class Work(Action action) : IThreadPoolWorkItem
    {
        private int _runs;

        public int Runs => Volatile.Read(ref _runs);

        public Task Ran(int times) => Patience.Until(() => Runs >= times);

        public void Execute()
        {
            action();
            Interlocked.Increment(ref _runs);
        }
    }
}
