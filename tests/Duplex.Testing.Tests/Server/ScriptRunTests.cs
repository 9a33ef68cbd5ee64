namespace Duplex.Tests;

public sealed class ScriptRunTests
{
    private readonly MemoryLink _link = new();
    private readonly TestConnection _connection = new(
        1, new TestRequest(new HttpRequestMessage(HttpMethod.Get, "ws://any.test/")), default, () => Patience.Limit);

    [Fact]
    public async Task A_step_that_the_connection_did_not_live_to_see_is_unmet()
    {
        await using DefaultWebSocketSession client = WebSocketSessions.Create(_link.Client, WebSocketRole.Client);
        ScriptRun run = Run(new ScriptStep("Expect it", (stage, token) => stage.ExpectAsync(_ => true, token)));
        Assert.Equal("Connection 1, step 1 of 1, Expect it: not done, the connection is open", run.Unmet);
        Task running = run.RunAsync(default);
        await client.CloseAsync();

        await running.Soon();

        Assert.StartsWith("Connection 1, step 1 of 1, Expect it: not done, the session ended (clean", run.Unmet, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Code_may_end_with_its_connection_but_not_with_another_exception()
    {
        ScriptRun lost = Run(new ScriptStep("Run", (_, _) => throw new WebSocketClosedException(), IsCode: true));
        await lost.RunAsync(default).Soon();
        Assert.Null(lost.Unmet);

        ScriptRun wrong = Run(new ScriptStep("Run", (_, _) => throw new WebSocketDeserializeException("no"), IsCode: true));
        var error = await Assert.ThrowsAsync<WebSocketTestException>(() => wrong.RunAsync(default));
        Assert.Contains("Connection 1, step 1 of 1, Run: failed with WebSocketDeserializeException: no", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_run_ends_where_it_is()
    {
        using var source = new CancellationTokenSource();
        ScriptRun run = Run(new ScriptStep("Wait", (_, token) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token)), new ScriptStep("Send", (_, _) => Task.CompletedTask));
        Task running = run.RunAsync(source.Token);
        await source.CancelAsync();
        await running.Soon();
        Assert.Contains("step 1 of 2, Wait: not done", run.Unmet, StringComparison.Ordinal);
    }

    private ScriptRun Run(params ScriptStep[] steps) => new(
        steps, new ScriptStep.Stage(_connection, WebSocketSessions.Create(new MemoryLink() is var own && steps[0].IsCode ? own.Server : _link.Server, WebSocketRole.Server, ws => ws.CloseTimeout = TimeSpan.FromMilliseconds(50)), TimeProvider.System));
}
