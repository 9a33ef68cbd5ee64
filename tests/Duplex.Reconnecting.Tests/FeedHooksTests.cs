namespace Duplex.Tests;

/// <summary>The user's functions: where they run, for how long, and that none begins after the end.</summary>
public sealed class FeedHooksTests
{
    private static readonly TimeSpan Ready = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Without_a_hook_a_connection_is_ready_at_once()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        (Connection connection, _) = await scene.OpenAsync();
        Assert.True(parts.Hooks.GetReadyAsync(connection, scene.Time, default).IsCompletedSuccessfully);
        Assert.True(parts.Hooks.TryObserve(new Frame.Text("x"), 1));
        Assert.False(parts.Hooks.IsInside);
    }

    [Fact]
    public async Task A_hook_gets_the_connection_inside_and_cannot_receive_when_it_has_returned()
    {
        await using var scene = new Scene();
        ConnectedSession got = null!;
        bool isInside = false;
        FeedParts parts = null!;
        using var made = parts = new FeedParts(scene, options => options.OnConnected((connected, _) =>
        {
            (got, isInside) = (connected, parts.Hooks.IsInside);
            return Task.CompletedTask;
        }));
        (Connection connection, _) = await scene.OpenAsync(epoch: 6);
        await parts.Hooks.GetReadyAsync(connection, scene.Time, default).Soon();
        Assert.Equal((6, true), (got.Epoch, isInside));
        Assert.False(parts.Hooks.IsInside);
        await Assert.ThrowsAsync<InvalidOperationException>(() => got.ReceiveAsync().Soon());
        Assert.Equal(0, scene.Time.ArmedTimers);
    }

    [Fact]
    public async Task The_exception_of_a_hook_is_passed_on()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene, options => options.OnConnected((_, _) => Task.FromException(new FormatException())));
        (Connection connection, _) = await scene.OpenAsync();
        await Assert.ThrowsAsync<FormatException>(() => parts.Hooks.GetReadyAsync(connection, scene.Time, default).Soon());
    }

    [Fact]
    public async Task A_connection_that_ended_meanwhile_is_not_ready()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene, options => options.OnConnected(async (connected, _) =>
        {
            connected.Session.Abort();
            await connected.Session.Completion;
        }));
        (Connection connection, _) = await scene.OpenAsync();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => parts.Hooks.GetReadyAsync(connection, scene.Time, default).Soon());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_hook_that_takes_too_long_is_a_timeout_whether_it_heeds_its_token_or_not(bool heeds)
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene, options => options.OnConnected((_, token) =>
            new TaskCompletionSource().Task.WaitAsync(heeds ? token : default)));
        (Connection connection, _) = await scene.OpenAsync();
        Task ready = parts.Hooks.GetReadyAsync(connection, scene.Time, default);
        await scene.Time.Pass(Ready);
        Assert.Contains("OnConnected did not return within 15 s", (await Assert.ThrowsAsync<TimeoutException>(() => ready.Soon())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stop_is_no_timeout()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene, options => options.OnConnected((_, token) => new TaskCompletionSource().Task.WaitAsync(token)));
        (Connection connection, _) = await scene.OpenAsync();
        using var stop = new CancellationTokenSource();
        Task ready = parts.Hooks.GetReadyAsync(connection, scene.Time, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ready.Soon());
    }

    [Fact]
    public async Task What_a_hook_has_started_may_use_the_feed_when_the_hook_has_returned()
    {
        await using var scene = new Scene();
        var isReady = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<SendReceipt> sending = null!;
        ReconnectingWebSocket feed = null!;
        await using ReconnectingWebSocket made = feed = scene.CreateFeed(options => options.OnConnected((_, _) =>
        {
            sending = SendLaterAsync();
            return Task.CompletedTask;
        }));
        await feed.StartAsync().Soon();
        isReady.SetResult();
        Assert.Equal(new SendReceipt(1, 1), await sending.Soon());

        async Task<SendReceipt> SendLaterAsync()
        {
            await isReady.Task;
            return await feed.SendAsync("x");
        }
    }

    [Fact]
    public async Task A_report_has_all_once_and_none_of_nothing()
    {
        await using var scene = new Scene();
        List<IReadOnlyList<UnconfirmedMessage>> reports = [];
        using var parts = new FeedParts(scene, options => options.OnUnconfirmed = (messages, _) =>
        {
            reports.Add(messages);
            return default;
        });
        UnconfirmedLedger ledger = CreateLedger();
        await parts.Hooks.ReportAsync(ledger, scene.Time, parts.Redial.Telemetry).Soon();
        Assert.Empty(reports);
        ledger.Add(new FeedMessage("a"));
        ledger.Add(new FeedMessage("b"));
        await parts.Hooks.ReportAsync(ledger, scene.Time, parts.Redial.Telemetry).Soon();
        await parts.Hooks.ReportAsync(ledger, scene.Time, parts.Redial.Telemetry).Soon();
        Assert.Equal([1L, 2L], Assert.Single(reports).Select(message => message.Receipt.Sequence));
    }

    [Fact]
    public async Task A_report_that_fails_or_takes_too_long_ends()
    {
        await using var scene = new Scene();
        bool hangs = false;
        using var parts = new FeedParts(scene, options => options.OnUnconfirmed = (_, _) =>
            hangs ? new ValueTask(new TaskCompletionSource().Task) : throw new FormatException());
        UnconfirmedLedger ledger = CreateLedger();
        ledger.Add(new FeedMessage("a"));
        await parts.Hooks.ReportAsync(ledger, scene.Time, parts.Redial.Telemetry).Soon();
        hangs = true;
        ledger.Add(new FeedMessage("b"));
        Task report = parts.Hooks.ReportAsync(ledger, scene.Time, parts.Redial.Telemetry);
        await scene.Time.Pass(Ready);
        await report.Soon();
    }

    [Fact]
    public async Task After_the_stop_no_function_begins()
    {
        await using var scene = new Scene();
        int called = 0;
        using var parts = new FeedParts(scene, options =>
        {
            options.Observe = (_, _) => called++;
            options.OnUnconfirmed = (_, _) =>
            {
                called++;
                return default;
            };
            options.OnConnected((_, _) =>
            {
                called++;
                return Task.CompletedTask;
            });
        });
        (Connection connection, _) = await scene.OpenAsync();
        await parts.Hooks.StopAsync(scene.Time, TimeSpan.FromSeconds(5)).Soon();
        Assert.False(parts.Hooks.TryObserve(new Frame.Text("x"), 1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => parts.Hooks.GetReadyAsync(connection, scene.Time, default).Soon());
        UnconfirmedLedger ledger = CreateLedger();
        ledger.Add(new FeedMessage("a"));
        await parts.Hooks.ReportAsync(ledger, scene.Time, parts.Redial.Telemetry).Soon();
        Assert.Equal(0, called);
        await parts.Hooks.StopAsync(scene.Time, TimeSpan.FromSeconds(5)).Soon();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_stop_cancels_one_that_runs_and_waits_for_it_up_to_the_close_timeout(bool heeds)
    {
        await using var scene = new Scene();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool wasCancelled = false;
        using var parts = new FeedParts(scene, options => options.OnConnected(async (_, token) =>
        {
            entered.SetResult();
            if (!heeds)
                await new TaskCompletionSource().Task;
            await new TaskCompletionSource().Task.WaitAsync(token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            wasCancelled = token.IsCancellationRequested;
            await left.Task;
        }));
        (Connection connection, _) = await scene.OpenAsync();
        Task ready = parts.Hooks.GetReadyAsync(connection, scene.Time, default);
        await entered.Task.Soon();
        Task stopping = parts.Hooks.StopAsync(scene.Time, TimeSpan.FromSeconds(5));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ready.Soon());
        await scene.Time.Armed(CloseTimeout);
        Assert.False(stopping.IsCompleted);
        if (heeds)
            left.SetResult();
        else
            await scene.Time.PassStepwise(CloseTimeout, stopping);
        await stopping.Soon();
        Assert.Equal(heeds, wasCancelled);
    }

    private static UnconfirmedLedger CreateLedger() => new(1, 1000, isKept: true);
}
