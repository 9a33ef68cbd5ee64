using static Duplex.Tests.CallersContexts;

namespace Duplex.Tests;

public sealed class ContextPostTests
{
    [Fact]
    public void From_the_pool_there_is_no_hop()
    {
        Assert.Null(ContextPost.Capture(_ => { }, state: null));
        Assert.Null(In(new SynchronizationContext(), () => ContextPost.Capture(_ => { }, state: null)));
    }

    [Fact]
    public void It_goes_on_in_the_context_it_came_from()
    {
        var context = new CountingContext();
        object? seen = null;
        ContextPost hop = In(context, () => ContextPost.Capture(state => seen = state, "state"))!;

        ContextPost.Run(hop);

        Assert.Equal("state", seen);
        Assert.Equal(1, context.Posts);
    }

    [Fact]
    public async Task It_goes_on_under_the_scheduler_it_came_from()
    {
        TaskScheduler own = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
        var seen = new TaskCompletionSource<TaskScheduler>();
        ContextPost? hop = await Task.Factory.StartNew(
            () => ContextPost.Capture(_ => seen.SetResult(TaskScheduler.Current), state: null), CancellationToken.None, TaskCreationOptions.None, own);

        ContextPost.Run(hop);

        Assert.Same(own, await seen.Task.Soon());
    }

    [Fact]
    public void A_context_that_refuses_does_not_keep_it_from_going_on()
    {
        bool wentOn = false;
        ContextPost hop = In(new CountingContext { Refuses = true }, () => ContextPost.Capture(_ => wentOn = true, state: null))!;

        ContextPost.Run(hop);

        Assert.True(wentOn);
    }

    private sealed class CountingContext : SynchronizationContext
    {
        public bool Refuses { get; init; }

        public int Posts { get; private set; }

        public override void Post(SendOrPostCallback d, object? state)
        {
            if (Refuses)
                throw new InvalidOperationException("The window is gone.");
            Posts++;
            d(state);
        }
    }
}
