namespace Duplex.Tests;

public class AttemptGateTests
{
    private static readonly Uri Feed = new("wss://feed.test/one");

    private readonly AttemptGate _gate = new();

    [Fact]
    public async Task At_most_so_many_attempts_to_one_origin_are_in_progress()
    {
        IDisposable first = await _gate.EnterAsync(Feed, 2, default);
        using IDisposable second = await _gate.EnterAsync(new Uri("wss://feed.test:443/two"), 2, default);
        ValueTask<IDisposable> third = _gate.EnterAsync(new Uri("WSS://FEED.test/three"), 2, default);

        Assert.False(third.IsCompleted);
        first.Dispose();
        (await third.Soon()).Dispose();
    }

    [Theory]
    [InlineData("ws://feed.test/")]
    [InlineData("wss://feed.test:444/")]
    [InlineData("wss://other.test/")]
    [InlineData("ws+unix:/one.sock:/")]
    public async Task Another_origin_does_not_wait(string other)
    {
        using IDisposable first = await _gate.EnterAsync(Feed, 1, default);
        using IDisposable second = await _gate.EnterAsync(new Uri("ws+unix:/two.sock:/"), 1, default);

        Assert.True(_gate.EnterAsync(new Uri(other), 1, default).IsCompletedSuccessfully);
    }

    [Theory]
    [InlineData("wss://feed.test/", "https://feed.test/")]
    [InlineData("ws://feed.test/", "http://feed.test/")]
    [InlineData("ws+unix:/one.sock:/a", "ws+unix:/one.sock:/a")]
    public async Task One_origin_has_several_names(string one, string other)
    {
        using IDisposable first = await _gate.EnterAsync(new Uri(one), 1, default);
        using var giveUp = new CancellationTokenSource();

        ValueTask<IDisposable> second = _gate.EnterAsync(new Uri(other), 1, giveUp.Token);

        Assert.False(second.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.Soon());
    }

    [Fact]
    public async Task First_come_first_served()
    {
        IDisposable first = await _gate.EnterAsync(Feed, 1, default);
        List<int> order = [];
        Task[] others = [.. Enumerable.Range(0, 50).Select(EnterAsync)];

        first.Dispose();
        await Task.WhenAll(others).Soon();

        Assert.Equal(Enumerable.Range(0, 50), order);

        async Task EnterAsync(int number)
        {
            using (await _gate.EnterAsync(Feed, 1, default))
                order.Add(number);
        }
    }

    [Fact]
    public async Task A_wait_that_is_cancelled_gives_its_place_to_the_next()
    {
        IDisposable first = await _gate.EnterAsync(Feed, 2, default);
        using var giveUp = new CancellationTokenSource();
        ValueTask<IDisposable> strict = _gate.EnterAsync(Feed, 1, giveUp.Token);
        ValueTask<IDisposable> next = _gate.EnterAsync(Feed, 2, default);
        Assert.False(next.IsCompleted);

        await giveUp.CancelAsync();

        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => strict.Soon());
        Assert.Equal(giveUp.Token, error.CancellationToken);
        (await next.Soon()).Dispose();
        first.Dispose();
        Assert.Equal(0, _gate.Origins);
    }

    [Fact]
    public async Task A_token_that_has_fired_lets_no_attempt_in()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _gate.EnterAsync(Feed, 1, new CancellationToken(canceled: true)).Soon());
        Assert.Equal(0, _gate.Origins);
    }

    [Fact]
    public async Task A_second_dispose_does_nothing()
    {
        IDisposable first = await _gate.EnterAsync(Feed, 1, default);
        first.Dispose();
        using IDisposable second = await _gate.EnterAsync(Feed, 1, default);
        first.Dispose();

        using var giveUp = new CancellationTokenSource();
        ValueTask<IDisposable> third = _gate.EnterAsync(Feed, 1, giveUp.Token);
        Assert.False(third.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => third.Soon());
    }

    [Fact]
    public async Task Origins_that_are_not_used_are_forgotten()
    {
        for (int i = 0; i < 100; i++)
            (await _gate.EnterAsync(new Uri($"wss://feed{i}.test"), 1, default)).Dispose();

        Assert.Equal(0, _gate.Origins);
    }

    [Fact]
    public async Task Many_threads_with_cancellations_never_exceed_the_bound_and_leave_no_origin()
    {
        int running = 0, entered = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(async () =>
        {
            for (int i = 0; i < 500; i++)
            {
                using var giveUp = new CancellationTokenSource();
                Task<IDisposable> entering = _gate.EnterAsync(Feed, 3, giveUp.Token).AsTask();
                if ((i + thread) % 3 == 0)
                    await giveUp.CancelAsync();
                try
                {
                    using (await entering)
                    {
                        Assert.InRange(Interlocked.Increment(ref running), 1, 3);
                        await Task.Yield();
                        Interlocked.Decrement(ref running);
                    }

                    Interlocked.Increment(ref entered);
                }
                catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
                {
                }
            }
        }))).Soon();

        Assert.InRange(entered, 8 * 333, 8 * 500);
        Assert.Equal(0, _gate.Origins);
    }

    [Fact]
    public async Task The_bound_is_positive() => await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _gate.EnterAsync(Feed, 0, default).Soon());

    [Fact]
    public void The_process_has_one() => Assert.Same(AttemptGate.Shared, AttemptGate.Shared);
}
