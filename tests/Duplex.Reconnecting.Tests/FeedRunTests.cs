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
        Task running = run.RunAsync();
        await run.Started.Soon();
        Assert.NotNull(parts.Outlet.Current);
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        run.Stop(new CloseReason(4001, "enough"));
        await running.Soon();
        Assert.False(run.IsUndone);
        Assert.Equal(4001, (int)(await server.Completion.Soon()).Received!.Code);
        Assert.True(run.LastClose!.WasClean);
        Assert.Null(run.Error);
        Assert.False(run.Ended.IsCompleted);
        run.End();
        await run.Ended.Soon();
    }

    [Fact]
    public async Task A_start_is_undone_by_its_token_before_a_connection_is_ready()
    {
        await using var scene = new Scene();
        scene.Stall();
        using var parts = new FeedParts(scene);
        using var start = new CancellationTokenSource();
        FeedRun run = Create(parts, start.Token);
        Task running = run.RunAsync();
        await Patience.Until(() => scene.Attempts == 1);
        await start.CancelAsync();
        await running.Soon();
        Assert.True(run.IsUndone);
        Assert.False(run.Started.IsCompleted); // not before all is over
        run.End();
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.Started.Soon());
        Assert.Equal(start.Token, thrown.CancellationToken);
        Assert.Null(run.Error);
    }

    [Fact]
    public async Task Its_token_changes_nothing_after_the_start()
    {
        await using var scene = new Scene();
        using var parts = new FeedParts(scene);
        using var start = new CancellationTokenSource();
        FeedRun run = Create(parts, start.Token);
        Task running = run.RunAsync();
        await run.Started.Soon();
        await start.CancelAsync();
        Assert.False(running.IsCompleted);
        Assert.NotNull(parts.Outlet.Current);
        run.Stop(CloseReason.Normal);
        await running.Soon();
        Assert.False(run.IsUndone);
    }

    [Fact]
    public async Task A_stop_before_a_connection_is_ready_fails_the_start()
    {
        await using var scene = new Scene();
        scene.Stall();
        using var parts = new FeedParts(scene);
        FeedRun run = Create(parts);
        Task running = run.RunAsync();
        await Patience.Until(() => scene.Attempts == 1);
        run.Stop(CloseReason.Normal);
        await running.Soon();
        Assert.False(run.IsUndone);
        run.End();
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
        await run.RunAsync().Soon();
        run.End();
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
        await run.RunAsync().Soon();
        run.End();
        Assert.IsType<FormatException>(run.Error!.InnerException);
        Assert.Null(run.Error.Verdict);
    }

    private static FeedRun Create(FeedParts parts, CancellationToken start = default) =>
        new(parts.Redial, parts.Hooks, parts.Queue, parts.Outlet, parts.Options, start);
}
