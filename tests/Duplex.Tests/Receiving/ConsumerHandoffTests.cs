namespace Duplex.Tests;

public sealed class ConsumerHandoffTests : IDisposable
{
    private readonly Work _loop = new(() => { });
    private readonly ConsumerHandoff _role;
    private readonly ManualResetEventSlim _gate = new();

    public ConsumerHandoffTests() => _role = new ConsumerHandoff(_loop);

    public void Dispose() => _gate.Dispose();

    [Fact]
    public async Task A_consumer_runs_on_the_thread_of_the_loop_has_the_role_meanwhile_and_gives_it_back_when_it_is_done()
    {
        await Task.Run(() =>
        {
            int thread = Environment.CurrentManagedThreadId;
            bool borrowed = false;
            var consumer = new Work(() =>
            {
                Assert.Equal(thread, Environment.CurrentManagedThreadId);
                borrowed = _role.TryBorrow();
                Assert.False(_role.TryBorrow()); // once
                _role.Return();
            });

            Assert.True(_role.Lend(consumer));

            Assert.True(borrowed);
            Assert.False(_role.TryBorrow()); // the loop has it
        }).Soon();
        Assert.Equal(0, _loop.Runs);
    }

    [Fact]
    public async Task A_role_that_the_consumer_keeps_because_its_read_waits_is_not_the_loops_any_more() =>
        await Task.Run(() => Assert.False(_role.Lend(new Work(() => Assert.True(_role.TryBorrow()))))).Soon();

    [Fact]
    public async Task Nobody_else_can_borrow_it()
    {
        // The watch may take the role back meanwhile, if the machine is slow to start a thread.
        bool borrowed = true;
        await Task.Run(() => _role.Lend(new Work(() =>
        {
            var other = new Thread(() => borrowed = _role.TryBorrow());
            other.Start();
            other.Join();
        }))).Soon();
        Assert.False(borrowed);
    }

    [Fact]
    public async Task Whoever_is_in_a_hurry_has_the_loop_go_on_on_the_pool()
    {
        await Task.Run(() => Assert.False(_role.Lend(new Work(() =>
        {
            _role.ReclaimRole();
            _role.ReclaimRole(); // once is enough
            Assert.False(_role.TryBorrow());
        })))).Soon();

        await _loop.Ran(1);
        _role.ReclaimRole(); // the loop has it
        Assert.Equal(1, _loop.Runs);
    }

    [Fact]
    public async Task A_consumer_that_blocks_its_thread_loses_it_by_itself()
    {
        Task<bool> lending = Task.Run(() => _role.Lend(new Work(_gate.Wait)));

        await _loop.Ran(1);

        Assert.False(lending.IsCompleted);
        _gate.Set();
        Assert.False(await lending.Soon());
    }

    [Fact]
    public async Task A_consumer_that_blocks_only_after_it_has_read_on_loses_it_too()
    {
        Task<bool> lending = Task.Run(() => _role.Lend(new Work(() =>
        {
            Assert.True(_role.TryBorrow());
            _role.Return();
            _gate.Wait();
        })));

        await _loop.Ran(1);

        _gate.Set();
        Assert.False(await lending.Soon());
    }

    [Fact]
    public async Task A_consumer_that_is_woken_within_another_goes_to_the_pool()
    {
        var other = new ConsumerHandoff(_loop);
        var inner = new Work(() => { });
        await Task.Run(() => Assert.True(_role.Lend(new Work(() =>
        {
            int thread = Environment.CurrentManagedThreadId;
            Assert.True(other.Lend(inner));
            Assert.True(_role.TryBorrow());
            _role.Return();
        })))).Soon();
        await inner.Ran(1);
    }

    [Fact]
    public async Task On_a_thread_that_is_not_the_pools_a_consumer_goes_to_the_pool()
    {
        bool isOnPool = false;
        var consumer = new Work(() => isOnPool = Thread.CurrentThread.IsThreadPoolThread);
        bool kept = false;
        var thread = new Thread(() => kept = _role.Lend(consumer));
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
