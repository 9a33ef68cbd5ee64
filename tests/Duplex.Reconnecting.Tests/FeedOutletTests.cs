namespace Duplex.Tests;

/// <summary>Which connection senders use, and where they wait for one.</summary>
public sealed class FeedOutletTests
{
    [Fact]
    public async Task A_sender_waits_until_a_connection_is_in_use()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        FeedOutlet outlet = parts.Outlet;
        Assert.Null(outlet.Current);
        Task<FeedConnection>[] waiting = [Wait(outlet), Wait(outlet)];
        (FeedConnection connection, DefaultWebSocketSession server) = await parts.OpenAsync();
        Assert.All(waiting, task => Assert.False(task.IsCompleted));
        outlet.Open(connection);
        foreach (Task<FeedConnection> task in waiting)
            Assert.Same(connection, await task.Soon());
        Assert.Same(connection, outlet.Current);
        server.Abort();
        await connection.Session.Completion.Soon();
        Assert.Null(outlet.Current);
    }

    [Fact]
    public async Task One_that_failed_is_not_returned_again()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        (FeedConnection first, _) = await parts.OpenAsync(1);
        (FeedConnection second, _) = await parts.OpenAsync(2);
        parts.Outlet.Open(first);
        Task<FeedConnection> waiting = Wait(parts.Outlet, first);
        Assert.False(waiting.IsCompleted);
        parts.Outlet.Open(second);
        Assert.Same(second, await waiting.Soon());
    }

    [Fact]
    public async Task Senders_are_held_until_the_next_connection()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        (FeedConnection first, _) = await parts.OpenAsync(1);
        (FeedConnection second, _) = await parts.OpenAsync(2);
        parts.Outlet.Open(first);
        parts.Outlet.Hold();
        Assert.Null(parts.Outlet.Current);
        Task<FeedConnection> waiting = Wait(parts.Outlet);
        Assert.False(waiting.IsCompleted);
        parts.Outlet.Open(second);
        Assert.Same(second, await waiting.Soon());
    }

    [Fact]
    public async Task After_the_shut_all_fail_for_its_first_reason()
    {
        var outlet = new FeedOutlet();
        outlet.ThrowIfShut();
        Task<FeedConnection> waiting = Wait(outlet);
        outlet.Shut("The first reason.");
        outlet.Shut("Another.");
        const string Words = "The first reason. The message was not sent.";
        Assert.Equal(Words, (await Assert.ThrowsAsync<WebSocketClosedException>(() => waiting.Soon())).Message);
        Assert.Equal(Words, (await Assert.ThrowsAsync<WebSocketClosedException>(() => Wait(outlet).Soon())).Message);
        Assert.Throws<WebSocketClosedException>(outlet.ThrowIfShut);
    }

    [Fact]
    public async Task An_undone_start_fails_those_of_its_round_only()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        FeedOutlet outlet = parts.Outlet;
        int round = outlet.Round;
        Task<FeedConnection> before = Wait(outlet);
        outlet.FailWaiting();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => before.Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => outlet.WaitAsync(round, null, default).Soon()); // came late
        Task<FeedConnection> after = Wait(outlet);
        Assert.False(after.IsCompleted);
        (FeedConnection connection, _) = await parts.OpenAsync();
        outlet.Open(connection);
        Assert.Same(connection, await after.Soon());
    }

    [Fact]
    public async Task A_token_ends_one_wait()
    {
        var outlet = new FeedOutlet();
        using var cancel = new CancellationTokenSource();
        Task<FeedConnection> cancelled = outlet.WaitAsync(outlet.Round, null, cancel.Token).AsTask();
        Task<FeedConnection> other = Wait(outlet);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.Soon());
        Assert.False(other.IsCompleted);
    }

    private static Task<FeedConnection> Wait(FeedOutlet outlet, FeedConnection? not = null) =>
        outlet.WaitAsync(outlet.Round, not, default).AsTask();
}
