using System.Net;

namespace Duplex.Tests;

/// <summary>The form with one block for each connection: when it is done, when it runs again, what it throws.</summary>
public sealed class BlockLoopTests
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(0.25); // half of the first bound

    [Fact]
    public async Task A_block_runs_again_for_each_connection_until_it_returns_while_one_is_open()
    {
        await using var scene = new Scene();
        List<string> got = [];
        Task staying = StayAsync(scene, async (connection, _) =>
        {
            got.Add($"{connection.Epoch}, after {connection.Previous?.Phase.ToString() ?? "nothing"}");
            await foreach (Frame frame in connection.Incoming)
            {
                got.Add(((Frame.Text)frame).ReadText());
                if (got[^1] == "enough")
                    return;
            }
        });
        DefaultWebSocketSession first = await scene.AcceptedAsync();
        await first.SendAsync("one");
        await first.CloseAsync(CloseReason.Normal).Soon();
        await scene.Time.Pass(FirstDelay);
        DefaultWebSocketSession second = await scene.AcceptedAsync();
        await second.SendAsync("enough");
        await staying.Soon();
        Assert.Equal(["1, after nothing", "one", "2, after Ready", "enough"], got);
        Assert.Equal(CloseCode.NormalClosure, (await second.Completion.Soon()).Received!.Code);
    }

    [Fact]
    public async Task A_block_that_closes_its_open_session_is_done()
    {
        await using var scene = new Scene();
        await StayAsync(scene, async (connection, token) => await connection.Session.CloseAsync(token)).Soon();
        await StayAsync(scene, (connection, _) =>
        {
            connection.Session.Abort();
            return Task.CompletedTask;
        }).Soon();
        Assert.Equal(2, scene.Attempts);
    }

    [Fact]
    public async Task Done_ends_it_however_the_session_ends()
    {
        await using var scene = new Scene();
        Task staying = StayAsync(scene, async (connection, _) =>
        {
            connection.Done();
            await foreach (Frame ignored in connection.Incoming)
            {
            }
        });
        (await scene.AcceptedAsync()).Abort();
        await staying.Soon(); // the lost session's exception is no failure: the block was done
    }

    [Fact]
    public async Task A_violation_of_the_peer_or_a_limit_of_ours_is_never_the_blocks_own_close()
    {
        await using var scene = new Scene(ws => ws.MaxMessageSize = 4);
        Task staying = StayAsync(scene, async (connection, _) =>
        {
            await foreach (Frame ignored in connection.Incoming)
            {
            }
        });
        await (await scene.AcceptedAsync()).SendAsync("longer than four");
        var thrown = await Assert.ThrowsAsync<ReconnectException>(() => staying.Soon());
        Assert.IsType<FrameTooBigException>(thrown.Verdict!.Error);
    }

    [Theory]
    [InlineData(typeof(WebSocketClosedException))]
    [InlineData(typeof(OperationCanceledException))]
    public async Task An_exception_that_means_a_lost_session_lets_the_block_run_again(Type type)
    {
        await using var scene = new Scene();
        int runs = 0;
        Task staying = StayAsync(scene, async (connection, _) =>
        {
            if (++runs == 2)
                return;
            await connection.Session.Completion;
            throw new AggregateException(new FormatException("outer", (Exception)Activator.CreateInstance(type)!));
        });
        (await scene.AcceptedAsync()).Abort();
        await scene.Time.Pass(FirstDelay);
        await staying.Soon();
        Assert.Equal(2, runs);
    }

    [Fact]
    public async Task Any_other_exception_is_rethrown_and_closes_with_1011()
    {
        await using var scene = new Scene();
        Task staying = StayAsync(scene, (_, _) => throw new FormatException("mine"));
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        Assert.Equal("mine", (await Assert.ThrowsAsync<FormatException>(() => staying.Soon())).Message);
        Assert.Equal(CloseCode.InternalError, (await server.Completion.Soon()).Received!.Code);

        staying = StayAsync(scene, async (connection, _) =>
        {
            await connection.Session.Completion;
            throw new FormatException("also after the end");
        });
        (await scene.AcceptedAsync()).Abort();
        await Assert.ThrowsAsync<FormatException>(() => staying.Soon());
    }

    [Fact]
    public async Task An_exception_of_a_lost_session_while_this_one_is_open_is_rethrown()
    {
        await using var scene = new Scene();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => StayAsync(scene, (_, _) => throw new WebSocketClosedException()).Soon());
    }

    [Fact]
    public async Task The_callers_token_ends_it_while_the_block_runs_while_it_waits_and_while_it_attempts()
    {
        await using var scene = new Scene();
        using var running = new CancellationTokenSource();
        Task staying = StayAsync(scene, (_, token) => new TaskCompletionSource().Task.WaitAsync(token), token: running.Token);
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        await running.CancelAsync();
        Assert.Equal(running.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => staying.Soon())).CancellationToken);
        Assert.Equal(CloseCode.GoingAway, (await server.Completion.Soon()).Received!.Code);

        scene.Fail().Stall();
        using var waiting = new CancellationTokenSource();
        staying = StayAsync(scene, (_, _) => Task.CompletedTask, token: waiting.Token);
        await scene.Time.Armed(FirstDelay);
        await waiting.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => staying.Soon());

        using var attempting = new CancellationTokenSource();
        staying = StayAsync(scene, (_, _) => Task.CompletedTask, token: attempting.Token);
        await Patience.Until(() => scene.Attempts == 3);
        await attempting.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => staying.Soon());
        await Patience.Until(() => scene.Time.LiveTimers == 0);
    }

    [Fact]
    public async Task The_blocks_token_fires_when_the_session_is_over_and_its_messages_are_taken()
    {
        await using var scene = new Scene();
        bool fired = false;
        Task staying = StayAsync(scene, async (connection, token) =>
        {
            if (connection.Epoch == 2)
                return;
            await connection.ReceiveAsync(CancellationToken.None);
            try
            {
                await new TaskCompletionSource().Task.WaitAsync(token); // what waits for something else
            }
            finally
            {
                fired = true;
            }
        });
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        await server.SendAsync("x");
        await server.FlushAsync();
        server.Abort();
        await scene.Time.Pass(FirstDelay);
        await staying.Soon();
        Assert.True(fired);
    }

    [Fact]
    public async Task The_blocks_token_fires_if_no_message_is_taken_for_the_close_timeout()
    {
        await using var scene = new Scene();
        Task staying = StayAsync(scene, async (connection, token) =>
        {
            if (connection.Epoch == 1)
                await new TaskCompletionSource().Task.WaitAsync(token);
        });
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        await server.SendAsync("nobody takes it");
        await server.FlushAsync();
        server.Abort();
        await scene.Time.Pass(TimeSpan.FromSeconds(5)); // CloseTimeout
        await scene.Time.Pass(FirstDelay);
        await staying.Soon();
    }

    [Fact]
    public async Task A_fatal_refusal_is_thrown_with_its_verdict()
    {
        await using var scene = new Scene();
        scene.Fail().Refuse(HttpStatusCode.Gone);
        Task staying = StayAsync(scene, (_, _) => Task.CompletedTask);
        await scene.Time.Pass(FirstDelay);
        var thrown = await Assert.ThrowsAsync<ReconnectException>(() => staying.Soon());
        Assert.Equal((HttpStatusCode.Gone, 2), (thrown.Verdict!.StatusCode, thrown.Attempts));
    }

    [Fact]
    public async Task The_idle_timeout_ends_a_silent_connection()
    {
        await using var scene = new Scene();
        Task staying = StayAsync(scene, async (connection, _) =>
        {
            if (connection.Epoch == 2)
                return;
            await foreach (Frame ignored in connection.Incoming)
            {
            }
        }, options => options.IdleTimeout = TimeSpan.FromSeconds(30));
        await scene.AcceptedAsync();
        await scene.PassUntilAsync(() => staying.IsCompleted);
        await staying;
        Assert.Equal(2, scene.Attempts);
    }

    [Fact]
    public async Task A_block_may_be_a_ValueTask_and_a_lambda_of_one_call()
    {
        await using var scene = new Scene();
        await scene.Client.StayConnectedAsync("ws://server.test/feed", (connection, token) => connection.SendAsync("x", token)).Soon();
        Assert.Equal("x", await (await scene.AcceptedAsync()).ReceiveTextAsync().Soon());
    }

    private static Task StayAsync(
        Scene scene, Func<ConnectedSession, CancellationToken, Task> block, Action<StayConnectedOptions>? configure = null,
        CancellationToken token = default) =>
        scene.Client.StayConnectedAsync("ws://server.test/feed", block, options =>
        {
            options.TimeProvider = scene.Time;
            options.Random = () => 0.5;
            configure?.Invoke(options);
        }, token);
}
