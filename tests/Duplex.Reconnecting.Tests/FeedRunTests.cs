using System.Net;

namespace Duplex.Tests;

/// <summary>A feed from its start to its end, or until the start is undone.</summary>
public sealed class FeedRunTests
{
    [Fact]
    public async Task It_has_started_when_a_connection_is_ready_and_ends_with_the_reason_of_the_stop()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        FeedRun run = Create(parts);
        Task<bool> running = run.RunAsync(default);
        await run.Started.Soon();
        Assert.NotNull(parts.Outlet.Current);
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        run.Stop(new CloseReason(4001, "enough"));
        Assert.False(await running.Soon());
        Assert.Equal(4001, (int)(await server.Completion.Soon()).Received!.Code);
        Assert.True(run.LastClose!.WasClean);
        Assert.Null(run.Error);
        Assert.False(run.Ended.IsCompleted);
        run.End();
        await run.Ended.Soon();
    }

    [Fact]
    public async Task The_caller_does_not_run_the_attempt()
    {
        await using var scene = new Scene();
        int caller = Environment.CurrentManagedThreadId;
        bool isOnCaller = false, hasReturned = false;
        using var parts = new FeedParts(scene, options => options.Configure = (_, _, _) =>
        {
            isOnCaller = Environment.CurrentManagedThreadId == caller && !Volatile.Read(ref hasReturned);
            return default;
        });
        FeedRun run = Create(parts);
        Task<bool> running = run.RunAsync(default);
        Volatile.Write(ref hasReturned, true);
        await run.Started.Soon();
        Assert.False(isOnCaller);
        run.Stop(CloseReason.Normal);
        await running.Soon();
    }

    [Fact]
    public async Task A_start_is_undone_by_its_token_before_a_connection_is_ready()
    {
        await using var scene = new Scene();
        scene.Stall();
        using var parts = new FeedParts(scene);
        FeedRun run = Create(parts);
        using var start = new CancellationTokenSource();
        Task<bool> running = run.RunAsync(start.Token);
        Task<SendReceipt> sending = parts.Sender.SendAsync(new FeedMessage("x"), default, default).AsTask();
        await Patience.Until(() => scene.Attempts == 1);
        await start.CancelAsync();
        Assert.True(await running.Soon());
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.Started.Soon());
        Assert.Equal(start.Token, thrown.CancellationToken);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => sending.Soon());
        Assert.Null(run.Error);
    }

    [Fact]
    public async Task Its_token_changes_nothing_after_the_start()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        FeedRun run = Create(parts);
        using var start = new CancellationTokenSource();
        Task<bool> running = run.RunAsync(start.Token);
        await run.Started.Soon();
        await start.CancelAsync();
        Assert.False(running.IsCompleted);
        Assert.NotNull(parts.Outlet.Current);
        run.Stop(CloseReason.Normal);
        Assert.False(await running.Soon());
    }

    [Fact]
    public async Task A_stop_before_a_connection_is_ready_fails_the_start()
    {
        await using var scene = new Scene();
        scene.Stall();
        using var parts = new FeedParts(scene);
        FeedRun run = Create(parts);
        Task<bool> running = run.RunAsync(default);
        await Patience.Until(() => scene.Attempts == 1);
        run.Stop(CloseReason.Normal);
        Assert.False(await running.Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => run.Started.Soon());
        Assert.Null(run.LastClose);
    }

    [Fact]
    public async Task What_is_given_up_fails_the_start()
    {
        await using var scene = new Scene();
        scene.Refuse(HttpStatusCode.Gone);
        using var parts = new FeedParts(scene);
        FeedRun run = Create(parts);
        Assert.False(await run.RunAsync(default).Soon());
        Assert.Same(run.Error, await Assert.ThrowsAsync<ReconnectException>(() => run.Started.Soon()));
        Assert.Equal(HttpStatusCode.Gone, run.Error!.Verdict!.StatusCode);
    }

    [Fact]
    public async Task Any_other_exception_becomes_one_that_says_it_was_given_up()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene, options => options.MaxConnectionAge = TimeSpan.FromHours(1));
        parts.Options.Random = () => throw new FormatException();
        FeedRun run = Create(parts);
        Assert.False(await run.RunAsync(default).Soon());
        Assert.IsType<FormatException>(run.Error!.InnerException);
        Assert.Null(run.Error.Verdict);
    }

    private static FeedRun Create(FeedParts parts) => new(parts.Redial, parts.Hooks, parts.Queue, parts.Outlet, parts.Options);
}
