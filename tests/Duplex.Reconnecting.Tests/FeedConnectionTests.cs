namespace Duplex.Tests;

/// <summary>Moves the messages of one connection into the queue, and books what is sent on it.</summary>
public sealed class FeedConnectionTests
{
    [Fact]
    public async Task All_messages_are_observed_in_order_and_moved_before_the_pump_ends()
    {
        await using var scene = new Scene();
        List<string> observed = [];
        using var parts = new FeedParts(scene, options => options.Observe = (frame, epoch) => observed.Add($"{epoch}:{((Frame.Text)frame).ReadText()}"));
        (FeedConnection connection, DefaultWebSocketSession server) = await parts.OpenAsync(4);
        Task pump = connection.PumpAsync();
        foreach (string text in (string[])["a", "b", "c"])
            await server.SendAsync(text);
        await server.CloseAsync(CloseReason.Normal).Soon();
        await pump.Soon();
        Assert.Equal(["4:a", "4:b", "4:c"], parts.Take());
        Assert.Equal(["4:a", "4:b", "4:c"], observed);
    }

    [Fact]
    public async Task A_lost_session_ends_the_pump_without_an_exception()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        (FeedConnection connection, DefaultWebSocketSession server) = await parts.OpenAsync();
        Task pump = connection.PumpAsync();
        server.Abort();
        await pump.Soon();
    }

    [Fact]
    public async Task What_another_connection_has_delivered_is_neither_observed_nor_moved()
    {
        await using var scene = new Scene();
        int observed = 0;
        using var parts = new FeedParts(scene, options => options.Observe = (_, _) => observed++);
        var duplicates = new DuplicateFilter(frame => ((Frame.Text)frame).ReadText());
        duplicates.Note(new Frame.Text("a"));
        (FeedConnection connection, DefaultWebSocketSession server) = await parts.OpenAsync(2);
        await server.SendAsync("a");
        await server.SendAsync("b");
        await Patience.Until(() => connection.Session.Incoming.Count == 2);
        connection.DropDuplicates(duplicates);
        Task pump = connection.PumpAsync();
        await server.SendAsync("a"); // after the overlap it is a message as any other
        await server.CloseAsync(CloseReason.Normal).Soon();
        await pump.Soon();
        Assert.Equal(["2:b", "2:a"], parts.Take());
        Assert.Equal(2, observed);
    }

    [Fact]
    public async Task It_waits_for_room_until_a_stop()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene, options => options.Incoming = ChannelConfig.Bounded(2));
        (FeedConnection connection, DefaultWebSocketSession server) = await parts.OpenAsync();
        Task pump = connection.PumpAsync();
        for (int number = 0; number < 6; number++)
            await server.SendAsync($"{number}");
        await server.CloseAsync(CloseReason.Normal).Soon();
        await Patience.Until(() => parts.Queue.IsFull);
        Assert.False(pump.IsCompleted);
        Assert.Equal(2, parts.Queue.Count);
        Assert.True(parts.Queue.TryTake(out _));
        await Patience.Until(() => parts.Queue.IsFull);
        Assert.False(pump.IsCompleted);
        connection.Hurry();
        await pump.Soon();
        Assert.Equal(["1:1", "1:2", "1:3", "1:4", "1:5"], parts.Take());
    }

    [Fact]
    public async Task An_exception_of_a_function_ends_the_pump()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene, options => options.Observe = (_, _) => throw new WebSocketClosedException("mine"));
        (FeedConnection connection, DefaultWebSocketSession server) = await parts.OpenAsync();
        Task pump = connection.PumpAsync();
        await server.SendAsync("x");
        Assert.Equal("mine", (await Assert.ThrowsAsync<WebSocketClosedException>(() => pump.Soon())).Message);
        Assert.Empty(parts.Take());
    }

    [Fact]
    public async Task After_the_hooks_were_stopped_nothing_is_observed_or_moved()
    {
        await using var scene = new Scene();
        int observed = 0;
        using var parts = new FeedParts(scene, options => options.Observe = (_, _) => observed++);
        (FeedConnection connection, DefaultWebSocketSession server) = await parts.OpenAsync();
        await parts.Hooks.StopAsync(scene.Time, TimeSpan.FromSeconds(5)).Soon();
        Task pump = connection.PumpAsync();
        await server.SendAsync("x");
        await pump.Soon();
        Assert.Equal(0, observed);
        Assert.Empty(parts.Take());
    }

    [Fact]
    public async Task The_idle_timeout_runs_while_the_pump_does()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene, options => options.IdleTimeout = TimeSpan.FromSeconds(30));
        (FeedConnection connection, _) = await parts.OpenAsync();
        int before = scene.Time.LiveTimers;
        Task pump = connection.PumpAsync();
        await scene.Time.PassStepwise(TimeSpan.FromSeconds(31), connection.Session.Completion);
        await pump.Soon();
        Assert.IsType<TimeoutException>((await connection.Session.Completion).Error);
        Assert.True(scene.Time.LiveTimers <= before);
    }

    [Fact]
    public async Task What_is_sent_is_booked_if_someone_wants_to_know()
    {
        await using var scene = new Scene();
        using var unasked = new FeedParts(scene);
        (FeedConnection connection, _) = await unasked.OpenAsync(2);
        Assert.Equal(new SendReceipt(2, 1), await connection.SendAsync(new FeedMessage("a"), default, default).Soon());
        Assert.True(connection.Ledger.IsEmpty);
        Assert.Equal(0, scene.Time.ArmedTimers); // and no ping is due

        using var asked = new FeedParts(scene, options => options.OnUnconfirmed = (_, _) => default);
        (connection, _) = await asked.OpenAsync(3);
        Assert.Equal(new SendReceipt(3, 1), await connection.SendAsync(new FeedMessage("a"), default, default).Soon());
        Assert.False(connection.Ledger.IsEmpty);
        await scene.Time.Pass(TimeSpan.FromSeconds(1));
        await Patience.Until(() => connection.Ledger.IsEmpty);
    }

    [Fact]
    public async Task What_is_not_sent_is_not_booked()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene, options => options.OnUnconfirmed = (_, _) => default);
        (FeedConnection connection, DefaultWebSocketSession server) = await parts.OpenAsync();
        server.Abort();
        await connection.Session.Completion.Soon();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => connection.SendAsync(new FeedMessage("a"), default, default).Soon());
        Assert.Equal(0, connection.Ledger.Last);
        Assert.True(connection.SettleAsync().IsCompleted);
    }

    [Fact]
    public async Task It_settles_when_the_sends_in_progress_have_ended()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene, options => options.OnUnconfirmed = (_, _) => default);
        (FeedConnection connection, DefaultWebSocketSession server) = await parts.OpenAsync();
        var large = new FeedMessage(new byte[200_000], FrameType.Binary);
        Task<SendReceipt> sending;
        do
            sending = connection.SendAsync(large, default, default).AsTask();
        while (sending.IsCompleted); // the peer reads no more than its queue holds
        Task settled = connection.SettleAsync();
        Task again = connection.SettleAsync();
        Assert.False(settled.IsCompleted);
        connection.Session.Abort();
        await settled.Soon();
        await again.Soon();
        await sending.Soon().ContinueWith(_ => { }, TaskScheduler.Default);
        Assert.True(connection.SettleAsync().IsCompleted);
    }

    [Fact]
    public async Task However_a_send_meets_the_end_what_has_a_receipt_is_in_the_ledger_when_it_has_settled()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene, options =>
        {
            options.OnUnconfirmed = (_, _) => default;
            options.ConfirmInterval = Timeout.InfiniteTimeSpan;
        });
        for (int round = 0; round < 200; round++)
        {
            (FeedConnection connection, DefaultWebSocketSession server) = await parts.OpenAsync();
            long sent = 0;
            Task sending = Task.Run(async () =>
            {
                try
                {
                    while (true)
                    {
                        await connection.SendAsync(new FeedMessage("x"), default, default);
                        Interlocked.Increment(ref sent);
                    }
                }
                catch (WebSocketException)
                {
                }
            });
            await Patience.Until(() => Volatile.Read(ref sent) > round % 10);
            connection.Session.Abort();
            await connection.Session.Completion.Soon();
            await connection.SettleAsync().Soon();
            long reported = connection.Ledger.TakeAll().Sum(message => message.Count);
            await sending.Soon();
            Assert.Equal(sent, reported);
        }
    }
}
