namespace Duplex.Tests;

/// <summary>The consumer's side of the queue: without the gaps, or with them.</summary>
public sealed class FeedReaderTests
{
    private readonly FeedQueue _queue = new(ChannelConfig.Bounded(100));

    [Fact]
    public async Task Messages_come_without_the_gaps()
    {
        var reader = new FeedReader(_queue, new FeedHooks(new ReconnectingWebSocketOptions()));
        Add("a", 1);
        AddGap(2);
        Add("b", 2);
        AddGap(3);
        Assert.True(reader.CanCount);
        Assert.Equal(2, reader.Count);
        Assert.True(await reader.WaitToReadAsync().Soon());
        Assert.Equal("a", Read(reader));
        Assert.Equal("b", ((Frame.Text)await reader.ReadAsync().Soon()).ReadText());
        Assert.False(reader.TryRead(out Frame? none));
        Assert.Null(none);
    }

    [Fact]
    public async Task A_gap_alone_wakes_nobody_who_waits_for_messages()
    {
        var reader = new FeedReader(_queue, new FeedHooks(new ReconnectingWebSocketOptions()));
        Task<bool> waiting = reader.WaitToReadAsync().AsTask();
        AddGap(2);
        AddGap(3);
        Add("x", 3);
        Assert.True(await waiting.Soon());
        Assert.Equal("x", Read(reader));

        waiting = reader.WaitToReadAsync().AsTask();
        AddGap(4);
        _queue.Complete(null);
        Assert.False(await waiting.Soon());
    }

    [Fact]
    public async Task The_end_is_normal_for_loops_and_an_exception_for_one_read()
    {
        var reader = new FeedReader(_queue, new FeedHooks(new ReconnectingWebSocketOptions()));
        Add("last", 1);
        _queue.Complete(null);
        List<string> got = [];
        await foreach (Frame frame in reader.ReadAllAsync())
            got.Add(((Frame.Text)frame).ReadText());
        Assert.Equal(["last"], got);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => reader.ReadAsync().Soon());
    }

    [Fact]
    public async Task The_error_of_the_end_comes_after_what_is_queued()
    {
        var reader = new FeedReader(_queue, new FeedHooks(new ReconnectingWebSocketOptions()));
        Add("last", 1);
        _queue.Complete(new ReconnectException("given up"));
        Assert.Equal("last", ((Frame.Text)await reader.ReadAsync().Soon()).ReadText());
        await Assert.ThrowsAsync<ReconnectException>(() => reader.ReadAsync().Soon());
        await Assert.ThrowsAsync<ReconnectException>(() => reader.WaitToReadAsync().Soon());
    }

    [Fact]
    public async Task Items_have_the_gaps_in_their_places()
    {
        var reader = new FeedReader(_queue, new FeedHooks(new ReconnectingWebSocketOptions()));
        Add("a", 1);
        AddGap(2);
        Add("b", 2);
        _queue.Complete(null);
        List<string> got = [];
        await foreach (FeedItem item in reader.ReadItemsAsync())
            got.Add($"{item.Epoch}:{(item.Frame as Frame.Text)?.ReadText() ?? $"{item.Gap}"}");
        Assert.Equal(["1:a", "2:Lost", "2:b"], got);
    }

    [Fact]
    public async Task A_token_ends_a_read_and_loses_nothing()
    {
        var reader = new FeedReader(_queue, new FeedHooks(new ReconnectingWebSocketOptions()));
        using var cancel = new CancellationTokenSource();
        Task<Frame> reading = reader.ReadAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.Soon());
        Add("x", 1);
        Assert.Equal("x", Read(reader));
    }

    private static string Read(FeedReader reader)
    {
        Assert.True(reader.TryRead(out Frame? frame));
        return ((Frame.Text)frame).ReadText();
    }

    private void Add(string text, int epoch) => Assert.True(_queue.TryAdd(new FeedItem(epoch, new Frame.Text(text), null)));

    private void AddGap(int epoch) => _queue.AddAnyway(new FeedItem(epoch, null, GapKind.Lost));
}
