namespace Duplex.Tests;

/// <summary>Sends on whichever connection is ready. What fails was not sent.</summary>
public sealed class FeedSenderTests
{
    private static readonly FeedMessage Message = new("x");

    [Fact]
    public async Task Messages_are_sent_in_order_and_numbered()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        Task<SendReceipt>[] sends = [.. Enumerable.Range(0, 5).Select(number =>
            parts.Sender.SendAsync(new FeedMessage($"{number}"), default, default).AsTask())];
        Assert.All(sends, send => Assert.False(send.IsCompleted));
        (FeedConnection connection, DefaultWebSocketSession server) = await parts.OpenAsync(3);
        parts.Outlet.Open(connection);
        for (int number = 0; number < sends.Length; number++)
        {
            Assert.Equal(new SendReceipt(3, number + 1), await sends[number].Soon());
            Assert.Equal($"{number}", await server.ReceiveTextAsync().Soon());
        }
    }

    [Fact]
    public async Task On_a_connection_that_has_ended_a_message_waits_for_the_next()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        (FeedConnection first, DefaultWebSocketSession server) = await parts.OpenAsync(1);
        parts.Outlet.Open(first);
        server.Abort();
        await first.Session.Completion.Soon();
        Task<SendReceipt> sending = parts.Sender.SendAsync(Message, default, default).AsTask();
        Assert.False(sending.IsCompleted);
        (FeedConnection second, _) = await parts.OpenAsync(2);
        parts.Outlet.Open(second);
        Assert.Equal(new SendReceipt(2, 1), await sending.Soon());
    }

    [Fact]
    public async Task One_that_must_not_wait_fails_at_once_even_behind_others()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        Task<SendReceipt> waiting = parts.Sender.SendAsync(Message, default, default).AsTask();
        await FailsAsync("FailFast", parts.Sender.SendAsync(Message, FeedSendOptions.Now, default));
        await FailsAsync("Connection 1", parts.Sender.SendAsync(Message, new FeedSendOptions { OnlyEpoch = 1 }, default));
        (FeedConnection connection, _) = await parts.OpenAsync(2);
        parts.Outlet.Open(connection);
        await waiting.Soon();
        await FailsAsync("Connection 1", parts.Sender.SendAsync(Message, new FeedSendOptions { OnlyEpoch = 1 }, default));
        await FailsAsync("Connection 3", parts.Sender.SendAsync(Message, new FeedSendOptions { OnlyEpoch = 3, FailFast = true }, default));
        Assert.Equal(2, (await parts.Sender.SendAsync(Message, FeedSendOptions.Now, default).Soon()).Sequence);
        Assert.Equal(3, (await parts.Sender.SendAsync(Message, new FeedSendOptions { OnlyEpoch = 2 }, default).Soon()).Sequence);
    }

    [Fact]
    public async Task One_that_must_not_wait_for_a_connection_waits_out_a_hold()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        (FeedConnection first, _) = await parts.OpenAsync(1);
        (FeedConnection second, _) = await parts.OpenAsync(2);
        parts.Outlet.Open(first);
        parts.Outlet.Hold();
        Task<SendReceipt> sending = parts.Sender.SendAsync(Message, FeedSendOptions.Now, default).AsTask();
        Assert.False(sending.IsCompleted);
        parts.Outlet.Release();
        Assert.Equal(new SendReceipt(1, 1), await sending.Soon());
        parts.Outlet.Hold();
        sending = parts.Sender.SendAsync(Message, FeedSendOptions.Now, default).AsTask();
        Task<SendReceipt> only = parts.Sender.SendAsync(Message, new FeedSendOptions { OnlyEpoch = 1 }, default).AsTask();
        Assert.False(sending.IsCompleted || only.IsCompleted);
        parts.Outlet.Open(second);
        Assert.Equal(new SendReceipt(2, 1), await sending.Soon());
        await FailsAsync("Connection 1", new ValueTask<SendReceipt>(only));
    }

    [Fact]
    public async Task The_connection_is_chosen_again_after_the_rate_limit()
    {
        await using var scene = new Scene();
        var limit = new TaskCompletionSource();
        using var parts = new FeedParts(scene, options => options.RateLimit = (_, _) => new ValueTask(limit.Task));
        (FeedConnection first, _) = await parts.OpenAsync(1);
        (FeedConnection second, DefaultWebSocketSession server) = await parts.OpenAsync(2);
        parts.Outlet.Open(first);
        Task<SendReceipt> only = parts.Sender.SendAsync(Message, new FeedSendOptions { OnlyEpoch = 1 }, default).AsTask();
        Task<SendReceipt> any = parts.Sender.SendAsync(Message, default, default).AsTask();
        parts.Outlet.Open(second);
        limit.SetResult();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => only.Soon());
        Assert.Equal(new SendReceipt(2, 1), await any.Soon());
        Assert.Equal("x", await server.ReceiveTextAsync().Soon());
    }

    [Fact]
    public async Task A_rate_limit_that_throws_fails_its_message_and_lets_the_next_through()
    {
        await using var scene = new Scene();
        int asked = 0;
        using var parts = new FeedParts(scene, options => options.RateLimit = (bytes, _) =>
            ++asked == 1 ? throw new FormatException($"{bytes}") : default);
        (FeedConnection connection, _) = await parts.OpenAsync();
        parts.Outlet.Open(connection);
        Assert.Equal("3", (await Assert.ThrowsAsync<FormatException>(
            () => parts.Sender.SendAsync(new FeedMessage("abc"), default, default).Soon())).Message);
        Assert.Equal(1, (await parts.Sender.SendAsync(Message, default, default).Soon()).Sequence);
    }

    [Fact]
    public async Task A_time_to_live_ends_a_wait_in_line_or_for_a_connection()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        Task<SendReceipt> first = parts.Sender.SendAsync(Message, default, default).AsTask();
        Task<SendReceipt> second = parts.Sender.SendAsync(Message, new FeedSendOptions { TimeToLive = TimeSpan.FromSeconds(3) }, default).AsTask();
        scene.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Contains("3 s", (await Assert.ThrowsAsync<TimeoutException>(() => second.Soon())).Message, StringComparison.Ordinal);
        Assert.False(first.IsCompleted);
        foreach (TimeSpan late in (TimeSpan[])[TimeSpan.Zero, TimeSpan.FromSeconds(-1)])
            await Assert.ThrowsAsync<TimeoutException>(() => parts.Sender.SendAsync(Message, new FeedSendOptions { TimeToLive = late }, default).Soon());
        (FeedConnection connection, _) = await parts.OpenAsync();
        parts.Outlet.Open(connection);
        await first.Soon();
        Assert.Equal(0, scene.Time.LiveTimers);
    }

    [Fact]
    public async Task An_infinite_time_to_live_is_none()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        (FeedConnection connection, _) = await parts.OpenAsync();
        parts.Outlet.Open(connection);
        var how = new FeedSendOptions { TimeToLive = Timeout.InfiniteTimeSpan };
        Assert.Equal(1, (await parts.Sender.SendAsync(Message, how, default).Soon()).Sequence);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancelled_send_has_the_callers_token(bool hasTimeToLive)
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        using var cancel = new CancellationTokenSource();
        FeedSendOptions how = hasTimeToLive ? new FeedSendOptions { TimeToLive = TimeSpan.FromSeconds(3) } : default;
        Task<SendReceipt> sending = parts.Sender.SendAsync(Message, how, cancel.Token).AsTask();
        await cancel.CancelAsync();
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending.Soon());
        Assert.Equal(cancel.Token, thrown.CancellationToken);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_send_that_is_cancelled_in_line_or_by_the_rate_limit_has_the_callers_token(bool failsFast, bool isFirst)
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene, options =>
            options.RateLimit = (_, token) => new ValueTask(Task.Delay(Timeout.InfiniteTimeSpan, scene.Time, token)));
        (FeedConnection connection, _) = await parts.OpenAsync();
        parts.Outlet.Open(connection);
        if (!isFirst)
            Abandoned.Observe(parts.Sender.SendAsync(Message, default, default).AsTask());
        using var cancel = new CancellationTokenSource();
        Task<SendReceipt> sending = parts.Sender.SendAsync(Message, new FeedSendOptions { FailFast = failsFast }, cancel.Token).AsTask();
        Assert.False(sending.IsCompleted);
        await cancel.CancelAsync();
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending.Soon());
        Assert.Equal(cancel.Token, thrown.CancellationToken);
        Assert.Contains("was not sent", thrown.Message, StringComparison.Ordinal);
        parts.Outlet.Shut("It was closed.");
    }

    [Fact]
    public async Task An_undone_start_and_a_shut_fail_all_that_wait_not_only_the_first()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        await AllFailAsync(parts.Outlet.FailWaiting);
        await AllFailAsync(() => parts.Outlet.Shut("It was closed."));
        await FailsAsync("It was closed.", parts.Sender.SendAsync(Message, default, default));

        async Task AllFailAsync(Action end)
        {
            Task<SendReceipt>[] sends = [.. Enumerable.Range(0, 3).Select(_ => parts.Sender.SendAsync(Message, default, default).AsTask())];
            end();
            foreach (Task<SendReceipt> send in sends)
                await FailsAsync("The message was not sent", new ValueTask<SendReceipt>(send));
        }
    }

    private static async Task FailsAsync(string words, ValueTask<SendReceipt> sending) => Assert.Contains(
        words, (await Assert.ThrowsAsync<WebSocketClosedException>(() => sending.Soon())).Message, StringComparison.Ordinal);
}
