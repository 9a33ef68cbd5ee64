namespace Duplex.Tests;

public sealed class AwaitableLogTests
{
    private readonly AwaitableLog<int> _log = new();

    [Fact]
    public async Task An_entry_is_found_that_is_there_or_comes()
    {
        _log.Add(1);
        Assert.Equal(1, await Find(1));
        Task<int> later = Find(3);
        _log.Add(2);
        Assert.False(later.IsCompleted);
        _log.Add(3);
        Assert.Equal(3, await later.Soon());
        Assert.Equal([1, 2, 3], _log.Items);
    }

    [Fact]
    public async Task A_wait_ends_with_its_time_its_token_the_end_and_a_failure()
    {
        _log.Add(1);
        var late = await Assert.ThrowsAsync<TimeoutException>(() => Find(2, TimeSpan.FromMilliseconds(1)));
        Assert.Equal("1 of False", late.Message);

        using var source = new CancellationTokenSource();
        Task<int> cancelled = Find(2, token: source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);

        Task<int> missed = Find(2);
        _log.Complete();
        Assert.Equal("1 of True", (await Assert.ThrowsAsync<TimeoutException>(() => missed)).Message);

        _log.Fail(new WebSocketTestException("failed"));
        Assert.Equal("failed", (await Assert.ThrowsAsync<WebSocketTestException>(() => Find(2))).Message);
        Assert.Equal(1, await Find(1));
    }

    [Fact]
    public async Task Only_the_newest_are_kept()
    {
        _log.Capacity = 2;
        Task<int> waiting = Find(9);
        for (int i = 1; i <= 5; i++)
            _log.Add(i);
        Assert.Equal([4, 5], _log.Items);
        _log.Add(9);
        Assert.Equal(9, await waiting.Soon());
        _log.Capacity = 1;
        Assert.Equal([9], _log.Items);
        Assert.Throws<ArgumentOutOfRangeException>(() => _log.Capacity = 0);
    }

    private Task<int> Find(int wanted, TimeSpan? limit = null, CancellationToken token = default) => _log.FindAsync(
        item => item == wanted, limit ?? Patience.Limit, (items, isOver) => new TimeoutException($"{string.Join(',', items)} of {isOver}"), token);
}
