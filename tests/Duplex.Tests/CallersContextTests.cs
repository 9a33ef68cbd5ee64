using static Duplex.Tests.CallersContexts;

namespace Duplex.Tests;

public sealed class CallersContextTests
{
    [Fact]
    public async Task Without_a_context_the_code_begins_where_it_is_called()
    {
        CallersContext context = await Task.Run(CallersContext.Capture);
        int thread = Environment.CurrentManagedThreadId;

        Assert.Equal(thread, await context.RunAsync(() => Task.FromResult(Environment.CurrentManagedThreadId)));
    }

    [Fact]
    public async Task A_context_gets_the_code_and_what_it_returns_or_throws_comes_back()
    {
        var context = new CountingContext();
        CallersContext captured = In(context, CallersContext.Capture);

        Assert.Equal(7, await captured.RunAsync(async () =>
        {
            await Task.Yield();
            return 7;
        }).Soon());
        var error = new FormatException();
        Assert.Same(error, await Assert.ThrowsAsync<FormatException>(() => captured.RunAsync<int>(() => throw error).Soon()));
        Assert.Same(error, await Assert.ThrowsAsync<FormatException>(() => captured.RunAsync(() => Task.FromException<int>(error)).Soon()));
        Assert.Equal(3, context.Posts);
    }

    [Fact]
    public async Task The_base_class_of_contexts_is_the_pool()
    {
        CallersContext captured = In(new SynchronizationContext(), CallersContext.Capture);
        int thread = Environment.CurrentManagedThreadId;

        Assert.Equal(thread, await captured.RunAsync(() => Task.FromResult(Environment.CurrentManagedThreadId)));
    }

    [Fact]
    public async Task A_scheduler_of_the_callers_gets_the_code_and_is_the_current_one_there()
    {
        TaskScheduler scheduler = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
        CallersContext captured = await Task.Factory.StartNew(CallersContext.Capture, CancellationToken.None, TaskCreationOptions.None, scheduler);

        Assert.Same(scheduler, await captured.RunAsync(() => Task.FromResult(TaskScheduler.Current)).Soon());
    }

    [Fact]
    public async Task A_context_that_takes_nothing_any_more_fails_the_call()
    {
        CallersContext captured = In(new EndedContext(), CallersContext.Capture);

        Assert.IsType<InvalidOperationException>((await Assert.ThrowsAsync<TaskSchedulerException>(() => captured.RunAsync(() => Task.FromResult(0)).Soon())).InnerException);
    }

    private sealed class CountingContext : SynchronizationContext
    {
        private int _posts;

        public int Posts => Volatile.Read(ref _posts);

        public override void Post(SendOrPostCallback d, object? state)
        {
            Interlocked.Increment(ref _posts);
            base.Post(d, state);
        }
    }

    private sealed class EndedContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => throw new InvalidOperationException("The window is closed.");
    }
}
