namespace Duplex.Tests;

public sealed class FrameWaiterTests
{
    private readonly FrameWaiter.Line _line = new();

    [Fact]
    public async Task They_are_taken_in_the_order_they_came_and_all_at_once()
    {
        FrameWaiter[] added = [Add(), Add(), Add()];
        Task<bool>[] tasks = [.. added.Select(wait => wait.AsTask(TestContext.Current.CancellationToken).AsTask())];

        Assert.Equal(added, TakeAll());
        Assert.Empty(TakeAll());
        Assert.DoesNotContain(tasks, task => task.IsCompleted);

        foreach (FrameWaiter wait in added)
            wait.Execute();
        bool[] results = await Task.WhenAll(tasks).Soon();
        Assert.Equal([true, true, true], results);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task One_that_is_cancelled_leaves_wherever_it_stands_and_the_others_stay_in_order(int which)
    {
        using var source = new CancellationTokenSource();
        List<FrameWaiter> added = [Add(), Add(), Add()];
        Task<bool> cancelled = added[which].AsTask(source.Token).AsTask();

        await source.CancelAsync();

        var error = await Assert.ThrowsAsync<OperationCanceledException>(() => cancelled.Soon());
        Assert.Equal(source.Token, error.CancellationToken);
        added.RemoveAt(which);
        FrameWaiter last = Add(); // behind those that are left, whoever has gone
        Assert.Equal([.. added, last], TakeAll());
    }

    [Fact]
    public async Task Once_it_is_taken_no_token_ends_it()
    {
        using var source = new CancellationTokenSource();
        FrameWaiter wait = Add();
        ValueTask<bool> task = wait.AsTask(source.Token);
        Assert.Equal([wait], TakeAll());

        await source.CancelAsync();
        Assert.False(task.IsCompleted);

        wait.Execute();
        Assert.True(await task);
    }

    [Fact]
    public async Task At_the_end_it_gives_false_or_throws_what_happened()
    {
        FrameWaiter normal = Add();
        ValueTask<bool> end = normal.AsTask(CancellationToken.None);
        TakeAll();
        normal.IsAtEnd = true;
        normal.Execute();
        Assert.False(await end);

        FrameWaiter broken = Add();
        ValueTask<bool> failure = broken.AsTask(CancellationToken.None);
        TakeAll();
        (broken.IsAtEnd, broken.Error) = (true, new IOException("gone"));
        broken.Execute();
        Assert.Equal("gone", (await Assert.ThrowsAsync<IOException>(async () => await failure)).Message);
    }

    [Fact]
    public async Task One_whose_result_was_fetched_serves_the_next_and_awaiting_it_again_disturbs_nobody()
    {
        FrameWaiter wait = Add();
        ValueTask<bool> first = wait.AsTask(CancellationToken.None);
        TakeAll();
        wait.Execute();
        Assert.True(await first);

        Assert.Same(wait, Add());
        Assert.NotSame(wait, Add());
        ValueTask<bool> second = wait.AsTask(CancellationToken.None);
        Assert.Throws<InvalidOperationException>(() => first.GetAwaiter().GetResult());
        Assert.Throws<InvalidOperationException>(() => second.GetAwaiter().GetResult()); // not yet

        TakeAll();
        wait.Execute();
        Assert.True(await second);
    }

    private FrameWaiter Add()
    {
        lock (_line)
            return _line.Add();
    }

    private List<FrameWaiter> TakeAll()
    {
        List<FrameWaiter> taken = [];
        lock (_line)
        {
            for (FrameWaiter? waiter = _line.TakeAll(); waiter is not null; waiter = waiter.TakeNext())
                taken.Add(waiter);
        }

        return taken;
    }
}
