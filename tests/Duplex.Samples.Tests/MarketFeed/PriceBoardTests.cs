using MarketFeed;

namespace Duplex.Tests;

/// <summary>What browsers get of the feed.</summary>
public sealed class PriceBoardTests
{
    private readonly PriceBoard _board = new(capacity: 3);

    [Fact]
    public async Task A_browser_begins_with_the_last_quotes_and_has_missed_none()
    {
        Add(1, 2, 3, 4);
        await using IAsyncEnumerator<BoardUpdate> browser = _board.FollowAsync().GetAsyncEnumerator();

        await ExpectAsync(browser, missed: 0, 2, 3, 4);
    }

    [Fact]
    public async Task It_then_gets_what_is_new()
    {
        await using IAsyncEnumerator<BoardUpdate> browser = _board.FollowAsync().GetAsyncEnumerator();
        await ExpectAsync(browser, missed: 0);

        ValueTask<bool> next = browser.MoveNextAsync();
        Assert.False(next.IsCompleted);
        Add(1);
        Assert.True(await next.Soon());
        Assert.Equal(1, Assert.Single(browser.Current.Quotes).Price);

        Add(2, 3);
        await ExpectAsync(browser, missed: 0, 2, 3);
    }

    [Fact]
    public async Task A_slow_browser_misses_the_oldest_quotes_and_delays_no_other()
    {
        await using IAsyncEnumerator<BoardUpdate> slow = _board.FollowAsync().GetAsyncEnumerator();
        await using IAsyncEnumerator<BoardUpdate> fast = _board.FollowAsync().GetAsyncEnumerator();
        await ExpectAsync(slow, missed: 0);
        await ExpectAsync(fast, missed: 0);

        Add(1, 2);
        await ExpectAsync(fast, missed: 0, 1, 2);
        Add(3, 4, 5);
        await ExpectAsync(fast, missed: 0, 3, 4, 5);

        await ExpectAsync(slow, missed: 2, 3, 4, 5);
    }

    [Fact]
    public async Task A_new_status_is_an_update_without_quotes()
    {
        await using IAsyncEnumerator<BoardUpdate> browser = _board.FollowAsync().GetAsyncEnumerator();
        await ExpectAsync(browser, missed: 0);

        _board.Status = new FeedStatus(FeedState.Open, "ws://feed.test/");
        _board.SetRoundTrip(TimeSpan.FromMilliseconds(2));

        await ExpectAsync(browser, missed: 0);
        Assert.Equal(new FeedStatus(FeedState.Open, "ws://feed.test/", 2), browser.Current.Status);
    }

    [Fact]
    public async Task Its_token_ends_the_updates_without_an_exception()
    {
        using var stop = new CancellationTokenSource();
        await using IAsyncEnumerator<BoardUpdate> browser = _board.FollowAsync(stop.Token).GetAsyncEnumerator();
        await ExpectAsync(browser, missed: 0);
        ValueTask<bool> next = browser.MoveNextAsync();

        await stop.CancelAsync();

        Assert.False(await next.Soon());
    }

    private static async Task ExpectAsync(IAsyncEnumerator<BoardUpdate> browser, long missed, params double[] prices)
    {
        Assert.True(await browser.MoveNextAsync().Soon());
        Assert.Equal(prices, browser.Current.Quotes.Select(quote => quote.Price));
        Assert.Equal(missed, browser.Current.Missed);
    }

    private void Add(params ReadOnlySpan<double> prices)
    {
        foreach (double price in prices)
            _board.Add(new Quote("EUR-USD", price, DateTimeOffset.UnixEpoch, LatencyMs: 1));
    }
}
