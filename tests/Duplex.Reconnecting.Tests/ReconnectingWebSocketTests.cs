using System.Net;

namespace Duplex.Tests;

public sealed class ReconnectingWebSocketTests
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(0.25); // half of the first bound

    [Fact]
    public async Task Messages_of_two_connections_come_in_order_with_a_gap_between()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = scene.CreateFeed();
        await feed.StartAsync().Soon();
        DefaultWebSocketSession first = await scene.AcceptedAsync();
        await first.SendAsync("one");
        await first.SendAsync("two");
        await first.FlushAsync();
        List<string> got = [];
        Task consuming = ConsumeAsync(feed, got, until: "three");
        await Patience.Until(() => got.Count == 2);
        first.Abort();
        await scene.Time.Pass(FirstDelay);
        DefaultWebSocketSession second = await scene.AcceptedAsync();
        await second.SendAsync("three");
        await consuming.Soon();
        Assert.Equal(["1:one", "1:two", "2:Lost", "2:three"], got);
    }

    [Fact]
    public async Task StartAsync_completes_when_a_connection_is_ready_and_always_returns_the_same_task()
    {
        await using var scene = new Scene();
        scene.Fail();
        await using ReconnectingWebSocket feed = scene.CreateFeed();
        Task started = feed.StartAsync();
        Assert.Same(started, feed.StartAsync());
        await scene.Time.Armed(FirstDelay);
        Assert.False(started.IsCompleted);
        Assert.Equal(ConnectionPhase.Waiting, feed.Current.Phase);
        scene.Time.Advance(FirstDelay);
        await started.Soon();
        Assert.Equal(2, scene.Attempts);
        Assert.Equal((ConnectionPhase.Ready, 1), (feed.Current.Phase, feed.Current.Epoch));
    }

    [Fact]
    public async Task A_fatal_first_attempt_fails_the_start_the_consumer_and_the_senders()
    {
        await using var scene = new Scene();
        scene.Refuse(HttpStatusCode.NotFound);
        await using ReconnectingWebSocket feed = scene.CreateFeed();
        Task<SendReceipt> sending = Task.CompletedTask.ContinueWith(_ => feed.SendAsync("x").AsTask()).Unwrap();
        var thrown = await Assert.ThrowsAsync<ReconnectException>(() => feed.StartAsync().Soon());
        Assert.Equal((1, HttpStatusCode.NotFound), (thrown.Attempts, thrown.Verdict!.StatusCode));
        Assert.False(thrown.Verdict.IsTransient);
        Assert.Same(thrown, await Assert.ThrowsAsync<ReconnectException>(() => feed.Incoming.WaitToReadAsync().Soon()));
        await Assert.ThrowsAsync<WebSocketClosedException>(() => feed.SendAsync("late").Soon());
        await Assert.ThrowsAnyAsync<Exception>(() => sending.Soon());
        Assert.Same(thrown.Verdict, await feed.Completion.Soon());
        Assert.Equal(ConnectionPhase.Stopped, feed.Current.Phase);
    }

    [Fact]
    public async Task A_start_that_is_cancelled_before_it_is_ready_can_be_started_again()
    {
        await using var scene = new Scene();
        scene.Stall();
        await using ReconnectingWebSocket feed = scene.CreateFeed();
        using var cancel = new CancellationTokenSource();
        Task started = feed.StartAsync(cancel.Token);
        await Patience.Until(() => scene.Attempts == 1);
        Task<SendReceipt> waiting = feed.SendAsync("waits").AsTask();
        await cancel.CancelAsync();
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => started.Soon());
        Assert.Equal(cancel.Token, thrown.CancellationToken);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => waiting.Soon());
        await Patience.Until(() => feed.Current.Phase == ConnectionPhase.NotStarted);
        await Assert.ThrowsAsync<InvalidOperationException>(() => feed.SendAsync("not started").Soon());
        await feed.StartAsync().Soon();
        Assert.Equal(1, (await feed.SendAsync("x").Soon()).Epoch);
    }

    [Fact]
    public async Task A_token_that_fires_after_the_start_changes_nothing()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = scene.CreateFeed();
        using var cancel = new CancellationTokenSource();
        await feed.StartAsync(cancel.Token).Soon();
        await cancel.CancelAsync();
        await feed.SendAsync("x").Soon();
        Assert.Equal(ConnectionPhase.Ready, feed.Current.Phase);
    }

    [Fact]
    public async Task A_send_before_the_start_says_what_to_do()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = scene.CreateFeed();
        var thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => feed.SendAsync("x").Soon());
        Assert.Contains("StartAsync", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Within_OnConnected_the_feeds_own_send_and_start_are_refused()
    {
        await using var scene = new Scene();
        List<Exception> thrown = [];
        ReconnectingWebSocket feed = null!;
        feed = scene.CreateFeed(options => options.OnConnected(async (_, _) =>
        {
            thrown.Add(await Assert.ThrowsAsync<InvalidOperationException>(() => feed.SendAsync("x").AsTask()));
            thrown.Add(await Assert.ThrowsAsync<InvalidOperationException>(() => feed.StartAsync()));
        }));
        await using (feed)
        {
            await feed.StartAsync().Soon();
            Assert.Equal(2, thrown.Count);
        }
    }

    [Fact]
    public async Task Senders_wait_for_a_ready_connection_in_the_order_in_which_they_came()
    {
        await using var scene = new Scene();
        var ready = new TaskCompletionSource();
        await using ReconnectingWebSocket feed = scene.CreateFeed(options => options.OnConnected((_, _) => ready.Task));
        feed.Start();
        Task<SendReceipt>[] sending = [.. Enumerable.Range(0, 5).Select(number => feed.SendAsync($"{number}").AsTask())];
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        Assert.All(sending, send => Assert.False(send.IsCompleted));
        ready.SetResult();
        Assert.Equal([1, 2, 3, 4, 5], (await Task.WhenAll(sending).Soon()).Select(receipt => (int)receipt.Sequence));
        for (int number = 0; number < 5; number++)
            Assert.Equal($"{number}", await server.ReceiveTextAsync().Soon());
    }

    [Fact]
    public async Task A_send_on_a_connection_that_has_just_ended_waits_for_the_next()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = scene.CreateFeed();
        await feed.StartAsync().Soon();
        DefaultWebSocketSession first = await scene.AcceptedAsync();
        first.Abort();
        await scene.Time.Armed(FirstDelay);
        Task<SendReceipt> sending = feed.SendAsync("x").AsTask();
        Assert.False(sending.IsCompleted);
        scene.Time.Advance(FirstDelay);
        Assert.Equal(new SendReceipt(2, 1), await sending.Soon());
    }

    [Fact]
    public async Task A_send_may_fail_fast_or_mean_one_connection_or_have_a_time_to_live()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = scene.CreateFeed();
        await feed.StartAsync().Soon();
        DefaultWebSocketSession first = await scene.AcceptedAsync();
        Assert.Equal(1, (await feed.SendAsync("x", FeedSendOptions.Now).Soon()).Epoch);
        Assert.Equal(1, (await feed.SendAsync("x", new FeedSendOptions { OnlyEpoch = 1 }).Soon()).Epoch);
        first.Abort();
        await scene.Time.Armed(FirstDelay);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => feed.SendAsync("x", FeedSendOptions.Now).Soon());
        Task<SendReceipt> mortal = feed.SendAsync("x", new FeedSendOptions { TimeToLive = TimeSpan.FromMilliseconds(100) }).AsTask();
        await scene.Time.Pass(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAsync<TimeoutException>(() => mortal.Soon());
        await Assert.ThrowsAsync<TimeoutException>(() => feed.SendAsync("x", new FeedSendOptions { TimeToLive = TimeSpan.Zero }).Soon());
        scene.Time.Advance(FirstDelay - TimeSpan.FromMilliseconds(100));
        await Patience.Until(() => feed.Current is { Phase: ConnectionPhase.Ready, Epoch: 2 });
        await Assert.ThrowsAsync<WebSocketClosedException>(() => feed.SendAsync("x", new FeedSendOptions { OnlyEpoch = 1 }).Soon());
    }

    [Fact]
    public async Task A_cancelled_send_leaves_its_place_to_the_next()
    {
        await using var scene = new Scene();
        scene.Fail();
        await using ReconnectingWebSocket feed = scene.CreateFeed();
        feed.Start();
        using var cancel = new CancellationTokenSource();
        Task<SendReceipt> head = feed.SendAsync("head", cancel.Token).AsTask();
        Task<SendReceipt> second = feed.SendAsync("second", cancel.Token).AsTask();
        Task<SendReceipt> third = feed.SendAsync("third").AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => head.Soon());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.Soon());
        await scene.Time.Pass(FirstDelay);
        Assert.Equal(new SendReceipt(1, 1), await third.Soon());
        Assert.Equal("third", await (await scene.AcceptedAsync()).ReceiveTextAsync().Soon());
    }

    [Fact]
    public async Task What_the_hook_does_not_take_enters_Incoming_first()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = scene.CreateFeed(options => options.OnConnected(async (connection, token) =>
        {
            await connection.SendAsync("subscribe", token);
            Frame? welcome = await connection.ReceiveAsync(token);
            Assert.Equal("welcome", ((Frame.Text)welcome!).ReadText());
        }));
        Task started = feed.StartAsync();
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        Assert.Equal("subscribe", await server.ReceiveTextAsync().Soon());
        await server.SendAsync("welcome");
        await server.SendAsync("early");
        await started.Soon();
        await server.SendAsync("late");
        Assert.Equal("early", await ReadAsync(feed));
        Assert.Equal("late", await ReadAsync(feed));
    }

    [Fact]
    public async Task A_receive_that_the_hook_abandons_steals_nothing()
    {
        await using var scene = new Scene();
        Task<Frame?> abandoned = null!;
        ConnectedSession kept = null!;
        await using ReconnectingWebSocket feed = scene.CreateFeed(options => options.OnConnected((connection, _) =>
        {
            kept = connection;
            abandoned = connection.ReceiveAsync(CancellationToken.None).AsTask();
            return Task.CompletedTask;
        }));
        await feed.StartAsync().Soon();
        await Assert.ThrowsAsync<InvalidOperationException>(() => abandoned.Soon());
        await (await scene.AcceptedAsync()).SendAsync("for the feed");
        Assert.Equal("for the feed", await ReadAsync(feed));
        await Assert.ThrowsAsync<InvalidOperationException>(() => kept.ReceiveAsync().Soon());
    }

    [Fact]
    public async Task A_hook_that_throws_or_never_returns_fails_the_attempt()
    {
        await using var scene = new Scene();
        int calls = 0;
        var never = new TaskCompletionSource();
        await using ReconnectingWebSocket feed = scene.CreateFeed(options => options.OnConnected((_, _) => ++calls switch
        {
            1 => Task.FromException(new FormatException("no welcome")),
            2 => never.Task,
            _ => Task.CompletedTask,
        }));
        Task started = feed.StartAsync();
        await scene.Time.Armed(FirstDelay);
        Assert.Equal((DisconnectPhase.GettingReady, "no welcome"), (feed.Current.Verdict!.Phase, feed.Current.Verdict.Error!.Message));
        scene.Time.Advance(FirstDelay);
        await Patience.Until(() => Volatile.Read(ref calls) == 2);
        await scene.Time.Pass(TimeSpan.FromSeconds(15)); // ReadyTimeout
        await Patience.Until(() => feed.Current is { Phase: ConnectionPhase.Waiting, Verdict.Error: TimeoutException });
        await scene.Time.Pass(2 * FirstDelay);
        await started.Soon();
        never.SetException(new FormatException("too late, and observed"));
        Assert.Equal(3, feed.Current.Epoch);
    }

    [Fact]
    public async Task Closing_sends_what_is_staged_and_delivers_what_was_received()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = scene.CreateFeed();
        await feed.StartAsync().Soon();
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        await server.SendAsync("last");
        await Patience.Until(() => feed.Incoming.Count == 1);
        await feed.SendAsync("staged");
        CloseResult? result = await feed.CloseAsync(new CloseReason(4001, "bye")).Soon();
        Assert.Equal("staged", await server.ReceiveTextAsync().Soon());
        Assert.Null(await server.ReceiveTextAsync().Soon());
        Assert.Equal((true, 4001), (result!.WasClean, (int)result.Sent!.Code));
        Assert.Equal("last", await ReadAsync(feed));
        Assert.False(await feed.Incoming.WaitToReadAsync().Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => feed.Incoming.ReadAsync().Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => feed.SendAsync("x").Soon());
        Assert.Throws<ObjectDisposedException>(feed.Start);
        await feed.Completion.Soon();
        Assert.Equal(1, scene.Attempts);
    }

    [Fact]
    public async Task Closing_while_it_waits_or_attempts_or_before_it_is_started_ends_at_once()
    {
        await using var scene = new Scene();
        scene.Stall().Fail();
        ReconnectingWebSocket attempting = scene.CreateFeed();
        Task started = attempting.StartAsync();
        await Patience.Until(() => scene.Attempts == 1);
        Assert.Null(await attempting.CloseAsync().Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => started.Soon());

        ReconnectingWebSocket waiting = scene.CreateFeed();
        waiting.Start();
        await scene.Time.Armed(FirstDelay);
        Assert.Null(await waiting.CloseAsync().Soon());

        ReconnectingWebSocket fresh = scene.CreateFeed();
        Assert.Null(await fresh.CloseAsync().Soon());
        Assert.Null(await fresh.Completion.Soon());
        Assert.False(await fresh.Incoming.WaitToReadAsync().Soon());
        await Patience.Until(() => scene.Time.LiveTimers == 0);
    }

    [Fact]
    public async Task Changes_begin_with_the_current_one_and_end_after_the_stop()
    {
        await using var scene = new Scene();
        scene.Fail();
        ReconnectingWebSocket feed = scene.CreateFeed();
        List<string> seen = [];
        Task reading = Task.Run(async () =>
        {
            await foreach (ConnectionChange change in feed.Changes)
                seen.Add($"{change.Phase}{(change.Delay is { } delay ? $" {delay.TotalSeconds}" : "")}");
        });
        await Patience.Until(() => seen.Count == 1);
        Task started = feed.StartAsync();
        await scene.Time.Pass(FirstDelay);
        await started.Soon();
        await feed.DisposeAsync();
        await reading.Soon();
        Assert.Equal(["NotStarted", "Connecting", "Lost", "Waiting 0.25", "Connecting", "Ready", "Stopped"], seen);
    }

    [Fact]
    public async Task RetryNow_ends_the_wait()
    {
        await using var scene = new Scene();
        scene.Fail();
        await using ReconnectingWebSocket feed = scene.CreateFeed();
        Task started = feed.StartAsync();
        await scene.Time.Armed(FirstDelay);
        feed.RetryNow();
        await started.Soon();
        feed.RetryNow(); // nothing waits: nothing happens
    }

    [Fact]
    public async Task Observe_sees_each_message_in_order_before_it_can_be_received()
    {
        await using var scene = new Scene();
        List<string> observed = [];
        await using ReconnectingWebSocket feed = scene.CreateFeed(options => options.Observe = (frame, epoch) =>
            observed.Add($"{epoch}:{((Frame.Text)frame).ReadText()}"));
        await feed.StartAsync().Soon();
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        for (int number = 0; number < 100; number++)
            await server.SendAsync($"{number}");
        for (int number = 0; number < 100; number++)
        {
            Assert.Equal($"{number}", await ReadAsync(feed));
            Assert.True(observed.Count > number);
        }

        Assert.Equal([.. Enumerable.Range(0, 100).Select(number => $"1:{number}")], observed);
    }

    [Fact]
    public async Task An_exception_of_Observe_or_of_the_predicate_gives_up_and_is_told()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket observed = scene.CreateFeed(options => options.Observe = (_, _) => throw new FormatException("odd"));
        await observed.StartAsync().Soon();
        await (await scene.AcceptedAsync()).SendAsync("x");
        var thrown = await Assert.ThrowsAsync<ReconnectException>(() => observed.Incoming.WaitToReadAsync().Soon());
        Assert.IsType<FormatException>(thrown.InnerException);
        Assert.Same(thrown.Verdict, await observed.Completion.Soon());

        scene.Fail();
        await using ReconnectingWebSocket judged = scene.CreateFeed(options => options.IsTransient = _ => throw new FormatException("odd"));
        thrown = await Assert.ThrowsAsync<ReconnectException>(() => judged.StartAsync().Soon());
        Assert.IsType<FormatException>(thrown.InnerException);
        Assert.Same(thrown.Verdict, await judged.Completion.Soon());
    }

    [Fact]
    public async Task A_connection_that_is_given_up_after_its_end_is_lost_once()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = scene.CreateFeed(options =>
        {
            options.Incoming = ChannelConfig.Bounded(1);
            options.Observe = (frame, _) =>
            {
                if (((Frame.Text)frame).ReadText() == "2")
                    throw new FormatException("odd");
            };
        });
        Task<int> losses = CountLossesAsync();
        await feed.StartAsync().Soon();
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        for (int number = 0; number < 3; number++)
            await server.SendAsync($"{number}");
        await server.CloseAsync(CloseReason.Normal).Soon();
        await Patience.Until(() => feed.Current.Phase == ConnectionPhase.Lost);
        Assert.Equal("0", await ReadAsync(feed));
        DisconnectVerdict verdict = (await feed.Completion.Soon())!;
        Assert.Equal((false, "odd"), (verdict.IsTransient, verdict.Error!.Message));
        Assert.Equal(1, await losses.Soon());

        async Task<int> CountLossesAsync()
        {
            int lost = 0;
            await foreach (ConnectionChange change in feed.Changes)
                lost += change.Phase == ConnectionPhase.Lost ? 1 : 0;
            return lost;
        }
    }

    [Fact]
    public async Task A_second_consumer_that_waits_is_refused()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = scene.CreateFeed();
        await feed.StartAsync().Soon();
        Task<bool> first = feed.Incoming.WaitToReadAsync().AsTask();
        await Assert.ThrowsAsync<InvalidOperationException>(() => feed.Incoming.WaitToReadAsync().Soon());
        await (await scene.AcceptedAsync()).SendAsync("x");
        Assert.True(await first.Soon());
    }

    [Fact]
    public async Task A_stuck_consumer_and_a_server_that_flaps_cannot_grow_memory()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = scene.CreateFeed(options => options.Incoming = ChannelConfig.Bounded(2));
        await feed.StartAsync().Soon();
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        for (int number = 0; number < 10; number++)
            await server.SendAsync($"{number}");
        await server.CloseAsync(CloseReason.Normal).Soon();
        await Patience.Until(() => feed.Current.Phase == ConnectionPhase.Lost); // and no wait begins before all is taken
        scene.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((1, ConnectionPhase.Lost), (scene.Attempts, feed.Current.Phase));
        for (int number = 0; number < 10; number++)
            Assert.Equal($"{number}", await ReadAsync(feed));
        await scene.Time.Pass(FirstDelay);
        await scene.AcceptedAsync();
    }

    [Fact]
    public async Task A_connection_without_messages_is_lost_after_the_idle_timeout()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = scene.CreateFeed(options => options.IdleTimeout = TimeSpan.FromSeconds(30));
        await feed.StartAsync().Soon();
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        await scene.Time.PassStepwise(TimeSpan.FromSeconds(20));
        await server.SendAsync("alive");
        Assert.Equal("alive", await ReadAsync(feed));
        await scene.Time.PassStepwise(TimeSpan.FromSeconds(29));
        Assert.Equal(ConnectionPhase.Ready, feed.Current.Phase);
        await scene.PassUntilAsync(() => feed.Current is { Phase: ConnectionPhase.Ready, Epoch: 2 });
        Assert.Contains("IdleTimeout", feed.Current.Verdict!.Error!.Message, StringComparison.Ordinal);
        Assert.True(feed.Current.Verdict.IsTransient);
    }

    [Fact]
    public async Task The_idle_time_does_not_run_while_nothing_is_read()
    {
        await using var scene = new Scene(ws => ws.Channels.Incoming = ChannelConfig.Bounded(1));
        await using ReconnectingWebSocket feed = scene.CreateFeed(options =>
        {
            options.IdleTimeout = TimeSpan.FromSeconds(30);
            options.Incoming = ChannelConfig.Bounded(1);
        });
        await feed.StartAsync().Soon();
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        for (int number = 0; number < 20; number++)
            await server.SendAsync($"{number}");
        await Patience.Until(() => feed.Incoming.Count == 1);
        for (int minute = 0; minute < 5; minute++)
            await scene.Time.PassStepwise(TimeSpan.FromSeconds(60));
        for (int number = 0; number < 20; number++)
            Assert.Equal($"{number}", await ReadAsync(feed));
        Assert.Equal((ConnectionPhase.Ready, 1), (feed.Current.Phase, feed.Current.Epoch));
    }

    [Fact]
    public async Task What_is_not_known_to_have_arrived_is_reported_in_order()
    {
        await using var scene = new Scene();
        List<UnconfirmedMessage> reported = [];
        await using ReconnectingWebSocket feed = scene.CreateFeed(options =>
        {
            options.MaxUnconfirmedBytes = 4;
            options.OnUnconfirmed = (messages, _) =>
            {
                reported.AddRange(messages);
                return default;
            };
        });
        await feed.StartAsync().Soon();
        DefaultWebSocketSession first = await scene.AcceptedAsync();
        foreach (string text in (string[])["ab", "cd", "ef", "gh"])
            await feed.SendAsync(text).Soon();
        first.Abort();
        await scene.Time.Armed(FirstDelay);
        Assert.Equal(
            ["1:1 ab x1", "1:2 cd x1", "1:3  x2"],
            reported.Select(message => $"{message.Receipt.Epoch}:{message.Receipt.Sequence} {(message.Data is { } data ? System.Text.Encoding.UTF8.GetString(data.Span) : "")} x{message.Count}"));
    }

    [Fact]
    public async Task A_pong_confirms_what_was_sent_before_its_ping()
    {
        await using var scene = new Scene();
        List<UnconfirmedMessage> reported = [];
        await using ReconnectingWebSocket feed = scene.CreateFeed(options => options.OnUnconfirmed = (messages, _) =>
        {
            reported.AddRange(messages);
            return default;
        });
        await feed.StartAsync().Soon();
        DefaultWebSocketSession first = await scene.AcceptedAsync();
        await feed.SendAsync("confirmed").Soon();
        await scene.Time.Pass(TimeSpan.FromSeconds(1)); // ConfirmInterval
        Assert.Equal("confirmed", await first.ReceiveTextAsync().Soon());
        await Patience.Until(() => scene.Time.ArmedTimers == 0); // the ping's limit is gone: its pong came
        await feed.SendAsync("unknown").Soon();
        first.Abort();
        await Patience.Until(() => feed.Current.Phase == ConnectionPhase.Waiting);
        Assert.Equal(new SendReceipt(1, 2), Assert.Single(reported).Receipt);
    }

    [Fact]
    public async Task A_clean_close_of_ours_confirms_all()
    {
        await using var scene = new Scene();
        int reports = 0;
        await using ReconnectingWebSocket feed = scene.CreateFeed(options => options.OnUnconfirmed = (_, _) =>
        {
            reports++;
            return default;
        });
        await feed.StartAsync().Soon();
        await feed.SendAsync("x").Soon();
        Assert.True((await feed.CloseAsync().Soon())!.WasClean);
        Assert.Equal(0, reports);
    }

    [Fact]
    public async Task The_rate_limit_is_awaited_before_each_message()
    {
        await using var scene = new Scene();
        List<int> asked = [];
        var gate = new TaskCompletionSource();
        await using ReconnectingWebSocket feed = scene.CreateFeed(options => options.RateLimit = async (bytes, token) =>
        {
            asked.Add(bytes);
            await gate.Task.WaitAsync(token);
        });
        await feed.StartAsync().Soon();
        Task<SendReceipt> sending = feed.SendAsync("12345").AsTask();
        await Patience.Until(() => asked.Count == 1);
        Assert.False(sending.IsCompleted);
        gate.SetResult();
        await sending.Soon();
        Assert.Equal([5], asked);
    }

    [Fact]
    public async Task Configure_makes_each_request_and_its_exception_fails_the_attempt()
    {
        await using var scene = new Scene();
        List<ConnectAttempt> attempts = [];
        await using ReconnectingWebSocket feed = scene.CreateFeed(options => options.Configure = async (request, attempt, _) =>
        {
            await Task.Yield();
            attempts.Add(attempt);
            if (attempts.Count == 1)
                throw new HttpRequestException("no token");
            request.Headers.Add("X-Token", $"{attempts.Count}");
        });
        Task started = feed.StartAsync();
        await scene.Time.Armed(FirstDelay);
        Assert.Equal(DisconnectPhase.Configuring, feed.Current.Verdict!.Phase);
        scene.Time.Advance(FirstDelay);
        await started.Soon();
        Assert.Equal([1, 2], attempts.Select(attempt => attempt.Number));
        Assert.Equal("2", scene.Requests[^1].Headers.GetValues("X-Token").Single());
    }

    [Fact]
    public async Task An_attempt_that_gets_no_answer_ends_at_its_timeout()
    {
        await using var scene = new Scene(ws => ws.HandshakeTimeout = Timeout.InfiniteTimeSpan);
        scene.Stall();
        await using ReconnectingWebSocket feed = scene.CreateFeed();
        Task started = feed.StartAsync();
        await Patience.Until(() => scene.Attempts == 1);
        scene.Time.Advance(TimeSpan.FromSeconds(30));
        await scene.Time.Armed(FirstDelay);
        Assert.IsType<TimeoutException>(feed.Current.Verdict!.Error);
        scene.Time.Advance(FirstDelay);
        await started.Soon();
    }

    [Fact]
    public async Task After_the_disposal_began_no_function_is_called()
    {
        await using var scene = new Scene();
        int calls = 0;
        var entered = new TaskCompletionSource();
        ReconnectingWebSocket feed = scene.CreateFeed(options =>
        {
            options.OnUnconfirmed = (_, _) =>
            {
                Interlocked.Increment(ref calls);
                return default;
            };
            options.OnConnected(async (_, token) =>
            {
                entered.SetResult();
                await new TaskCompletionSource().Task.WaitAsync(token);
            });
        });
        feed.Start();
        await entered.Task.Soon();
        await feed.DisposeAsync().Soon();
        Assert.Equal((ConnectionPhase.Stopped, 0), (feed.Current.Phase, calls));
        await feed.DisposeAsync().Soon();
        await Patience.Until(() => scene.Time.LiveTimers == 0);
    }

    [Fact]
    public async Task A_function_may_dispose_its_own_feed()
    {
        await using var scene = new Scene();
        ReconnectingWebSocket feed = null!;
        feed = scene.CreateFeed(options => options.OnConnected(async (_, _) => await feed.DisposeAsync()));
        Task started = feed.StartAsync();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => started.Soon());
        await feed.Completion.Soon();
    }

    [Fact]
    public async Task A_clock_that_is_not_the_handlers_is_refused()
    {
        await using var scene = new Scene();
        await using ReconnectingWebSocket feed = scene.CreateFeed(options => options.TimeProvider = TimeProvider.System);
        var thrown = await Assert.ThrowsAsync<ReconnectException>(() => feed.StartAsync().Soon());
        Assert.Contains("TimeProvider", thrown.InnerException!.Message, StringComparison.Ordinal);
    }

    private static async Task<string> ReadAsync(ReconnectingWebSocket feed) =>
        ((Frame.Text)await feed.Incoming.ReadAsync().Soon()).ReadText();

    private static async Task ConsumeAsync(ReconnectingWebSocket feed, List<string> got, string until)
    {
        await foreach (FeedItem item in feed.IncomingWithGaps)
        {
            string text = item.Frame is Frame.Text frame ? frame.ReadText() : $"{item.Gap}";
            got.Add($"{item.Epoch}:{text}");
            if (text == until)
                return;
        }
    }
}
