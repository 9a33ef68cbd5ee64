namespace Duplex.Tests;

/// <summary>Readers get the current state and what follows; a slow one misses changes and is told.</summary>
public sealed class ChangeLogTests
{
    [Fact]
    public async Task A_reader_gets_the_current_state_then_what_follows()
    {
        var log = new ChangeLog();
        Assert.Equal(ConnectionPhase.NotStarted, log.Current.Phase);
        log.Add(Change(1));
        await using IAsyncEnumerator<ConnectionChange> reader = log.ReadAsync().GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync().Soon());
        Assert.Equal(1, reader.Current.Epoch); // not those before it
        ValueTask<bool> next = reader.MoveNextAsync();
        Assert.False(next.IsCompleted);
        log.Add(Change(2));
        Assert.True(await next.Soon());
        Assert.Equal((2, 0), (reader.Current.Epoch, reader.Current.Missed));
        Assert.Equal(2, log.Current.Epoch);
    }

    [Theory]
    [InlineData(ChangeLog.Kept, 0)]
    [InlineData(ChangeLog.Kept + 1, 1)]
    [InlineData(1000, 1000 - ChangeLog.Kept)]
    public async Task A_slow_reader_misses_the_oldest_and_is_told_how_many(int added, int missed)
    {
        var log = new ChangeLog();
        await using IAsyncEnumerator<ConnectionChange> reader = log.ReadAsync().GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync().Soon());
        for (int epoch = 1; epoch <= added; epoch++)
            log.Add(Change(epoch));
        for (int epoch = missed + 1; epoch <= added; epoch++)
        {
            Assert.True(await reader.MoveNextAsync().Soon());
            Assert.Equal((epoch, epoch == missed + 1 ? missed : 0), (reader.Current.Epoch, reader.Current.Missed));
        }

        ValueTask<bool> next = reader.MoveNextAsync();
        Assert.False(next.IsCompleted);
        log.Add(Change(added + 1));
        Assert.True(await next.Soon());
        Assert.Equal(0, reader.Current.Missed);
    }

    [Fact]
    public async Task After_the_stop_readers_end_and_nothing_is_added()
    {
        var log = new ChangeLog();
        await using IAsyncEnumerator<ConnectionChange> early = log.ReadAsync().GetAsyncEnumerator();
        await early.MoveNextAsync().Soon();
        ValueTask<bool> waiting = early.MoveNextAsync();
        log.Add(new ConnectionChange(ConnectionPhase.Stopped, 3, null, null, 0));
        log.Add(Change(4));
        Assert.Equal(ConnectionPhase.Stopped, log.Current.Phase);
        Assert.True(await waiting.Soon());
        Assert.False(await early.MoveNextAsync().Soon());
        List<ConnectionPhase> late = [];
        await foreach (ConnectionChange change in log.ReadAsync())
            late.Add(change.Phase);
        Assert.Equal([ConnectionPhase.Stopped], late);
    }

    [Fact]
    public async Task A_token_ends_the_wait_of_its_reader_only()
    {
        var log = new ChangeLog();
        using var cancel = new CancellationTokenSource();
        await using IAsyncEnumerator<ConnectionChange> cancelled = log.ReadAsync(cancel.Token).GetAsyncEnumerator();
        await using IAsyncEnumerator<ConnectionChange> other = log.ReadAsync().GetAsyncEnumerator();
        await cancelled.MoveNextAsync().Soon();
        await other.MoveNextAsync().Soon();
        ValueTask<bool> ending = cancelled.MoveNextAsync(), going = other.MoveNextAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ending.Soon());
        log.Add(Change(1));
        Assert.True(await going.Soon());
    }

    [Fact]
    public async Task However_readers_and_a_writer_meet_what_was_missed_and_what_was_read_add_up()
    {
        const int Changes = 20_000;
        var log = new ChangeLog();
        Task<int>[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(ReadAsync))];
        for (int epoch = 1; epoch <= Changes; epoch++)
            log.Add(Change(epoch));
        log.Add(new ConnectionChange(ConnectionPhase.Stopped, Changes + 1, null, null, 0));
        foreach (Task<int> reader in readers)
            Assert.Equal(Changes + 1, await reader.Soon());

        async Task<int> ReadAsync()
        {
            int? last = null;
            await foreach (ConnectionChange change in log.ReadAsync())
            {
                if (last is { } before)
                    Assert.Equal(before + change.Missed + 1, change.Epoch);
                last = change.Epoch;
            }

            return last!.Value;
        }
    }

    private static ConnectionChange Change(int epoch) => new(ConnectionPhase.Connecting, epoch, null, null, 0);
}
