using System.Net;

namespace Duplex.Tests;

/// <summary>Attempts, the waits between them, and what each end leads to.</summary>
public sealed class RedialTests
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(0.25); // half of the first bound

    [ThreadStatic]
    private static bool _isRetrying;

    [Fact]
    public async Task It_attempts_until_a_connection_is_ready_and_tells_each_step()
    {
        await using var scene = new Scene();
        scene.Fail().Refuse(HttpStatusCode.ServiceUnavailable);
        Redial redial = Create(scene);
        Task<List<string>> reading = ReadAsync(redial, ConnectionPhase.Ready);
        Task<Connection> connecting = redial.ConnectAsync(IsReady, default);
        await scene.Time.Pass(FirstDelay);
        await scene.Time.Pass(FirstDelay * 2);
        Connection connection = await connecting.Soon();
        redial.Use(connection);
        Assert.Equal((1, 1), (connection.Epoch, redial.Epoch));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, connection.Previous!.StatusCode);
        Assert.Same(redial.Last, connection.Previous);
        Assert.Equal(
            ["NotStarted", "Connecting", "Lost", "Waiting 0.25", "Connecting", "Lost", "Waiting 0.5", "Connecting", "Ready"],
            await reading.Soon());
    }

    [Fact]
    public async Task One_that_does_not_get_ready_is_aborted_and_has_a_number()
    {
        await using var scene = new Scene();
        Redial redial = Create(scene);
        Task<Connection> connecting = redial.ConnectAsync(
            (connection, _) => connection.Epoch == 1 ? throw new FormatException() : Task.CompletedTask, default);
        DefaultWebSocketSession first = await scene.AcceptedAsync();
        await scene.Time.Pass(FirstDelay);
        Connection connection = await connecting.Soon();
        await first.Completion.Soon();
        Assert.Equal(2, connection.Epoch);
        Assert.Equal((DisconnectPhase.GettingReady, 1), (connection.Previous!.Phase, connection.Previous.Epoch));
        Assert.IsType<FormatException>(connection.Previous.Error);
    }

    [Fact]
    public async Task A_fatal_failure_gives_up_with_the_verdict_that_all_are_told()
    {
        await using var scene = new Scene();
        scene.Refuse(HttpStatusCode.Gone);
        Redial redial = Create(scene);
        await AssertGivesUpAsync(redial, HttpStatusCode.Gone);
    }

    [Fact]
    public async Task An_exception_of_the_predicate_gives_up_with_a_verdict_that_all_are_told()
    {
        await using var scene = new Scene();
        scene.Refuse(HttpStatusCode.ServiceUnavailable);
        var mine = new FormatException();
        Redial redial = Create(scene, options => options.IsTransient = _ => throw mine);
        DisconnectVerdict verdict = await AssertGivesUpAsync(redial, null);
        Assert.Same(mine, verdict.Error);
        Assert.Contains("IsTransient", verdict.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Giving_up_tells_all_and_has_no_next_attempt()
    {
        await using var scene = new Scene();
        Redial redial = Create(scene);
        DisconnectVerdict verdict = Ended.Ready(TimeSpan.Zero) with
        {
            IsTransient = true,
            NextDelay = FirstDelay,
            DelaySource = DelaySource.Backoff,
            Why = "a reason",
        };
        var thrown = Assert.Throws<ReconnectException>(() => redial.GiveUp(verdict));
        Assert.Equal(1, thrown.Attempts);
        Assert.Equal((false, null, DelaySource.None), (thrown.Verdict!.IsTransient, thrown.Verdict.NextDelay, thrown.Verdict.DelaySource));
        Assert.Same(thrown.Verdict, redial.Last);
        Assert.Same(thrown.Verdict, redial.Changes.Current.Verdict);
    }

    [Fact]
    public async Task After_the_most_attempts_it_gives_up()
    {
        await using var scene = new Scene();
        scene.Fail().Fail();
        Redial redial = Create(scene, options => options.MaxAttempts = 2);
        Task<Connection> connecting = redial.ConnectAsync(IsReady, default);
        await scene.Time.Pass(FirstDelay);
        Assert.Equal(2, (await Assert.ThrowsAsync<ReconnectException>(() => connecting.Soon())).Attempts);
        Assert.Equal(2, scene.Attempts);
    }

    [Fact]
    public async Task A_failed_attempt_that_is_returned_does_not_count()
    {
        await using var scene = new Scene();
        scene.Fail();
        Redial redial = Create(scene);
        (Connection? connection, DisconnectVerdict? failure) = await redial.TryConnectAsync(IsReady, default).Soon();
        Assert.Null(connection);
        Assert.Equal(DisconnectPhase.Connecting, failure!.Phase);
        Assert.Null(redial.Last);
        Assert.Equal(0, redial.Epoch);
        Assert.Equal(1, (await redial.ConnectAsync(IsReady, default).Soon()).Epoch); // at once
    }

    [Fact]
    public async Task A_stop_ends_a_wait_and_an_attempt_with_its_token()
    {
        await using var scene = new Scene();
        scene.Fail();
        Redial redial = Create(scene);
        using var stop = new CancellationTokenSource();
        Task<Connection> connecting = redial.ConnectAsync(IsReady, stop.Token);
        await scene.Time.Armed(FirstDelay);
        await stop.CancelAsync();
        Assert.Equal(stop.Token, (await Assert.ThrowsAsync<OperationCanceledException>(() => connecting.Soon())).CancellationToken);
        await Patience.Until(() => scene.Time.LiveTimers == 0);
        await Assert.ThrowsAsync<OperationCanceledException>(() => redial.TryConnectAsync(IsReady, stop.Token).Soon());

        using var during = new CancellationTokenSource();
        redial = Create(scene);
        connecting = redial.ConnectAsync(async (_, token) =>
        {
            await during.CancelAsync();
            token.ThrowIfCancellationRequested();
        }, during.Token);
        await Assert.ThrowsAsync<OperationCanceledException>(() => connecting.Soon());
    }

    [Fact]
    public async Task RetryNow_ends_the_wait_and_runs_no_code_of_the_user_itself()
    {
        await using var scene = new Scene();
        bool ranInside = false;
        int configured = 0;
        Redial redial = Create(scene, options => options.Configure = (_, _, _) =>
        {
            ranInside |= _isRetrying;
            return ++configured == 1 ? throw new IOException() : default;
        });
        redial.RetryNow(); // nothing waits
        Task<Connection> connecting = redial.ConnectAsync(IsReady, default);
        await scene.Time.Armed(FirstDelay);
        _isRetrying = true;
        redial.RetryNow();
        _isRetrying = false;
        await connecting.Soon();
        Assert.False(ranInside);
        Assert.Equal(2, configured);
        await Patience.Until(() => scene.Time.ArmedTimers == 0);
    }

    [Fact]
    public async Task RetryNow_works_from_the_moment_at_which_the_wait_is_told()
    {
        await using var scene = new Scene();
        const int Failures = 200;
        for (int failure = 0; failure < Failures; failure++)
            scene.Fail();
        Redial redial = Create(scene);
        Task<Connection> connecting = redial.ConnectAsync(IsReady, default);
        ConnectionChange? last = null;
        await Patience.Until(() =>
        {
            ConnectionChange current = redial.Changes.Current;
            if (current.Phase == ConnectionPhase.Waiting && current != last)
            {
                last = current;
                redial.RetryNow(); // once for each wait
            }

            return connecting.IsCompleted;
        });
        Assert.Equal(1, (await connecting).Epoch);
        Assert.Equal(Failures + 1, scene.Attempts);
    }

    private static Task IsReady(Connection connection, CancellationToken token) => Task.CompletedTask;

    private static async Task<DisconnectVerdict> AssertGivesUpAsync(Redial redial, HttpStatusCode? status)
    {
        var thrown = await Assert.ThrowsAsync<ReconnectException>(() => redial.ConnectAsync(IsReady, default).Soon());
        Assert.Equal((status, 1), (thrown.Verdict!.StatusCode, thrown.Attempts));
        Assert.False(thrown.Verdict.IsTransient);
        Assert.Null(thrown.Verdict.NextDelay);
        Assert.Same(thrown.Verdict, redial.Last);
        Assert.Equal(ConnectionPhase.Lost, redial.Changes.Current.Phase);
        Assert.Same(thrown.Verdict, redial.Changes.Current.Verdict);
        return thrown.Verdict;
    }

    private static async Task<List<string>> ReadAsync(Redial redial, ConnectionPhase last)
    {
        List<string> changes = [];
        await foreach (ConnectionChange change in redial.Changes.ReadAsync())
        {
            changes.Add(FormattableString.Invariant($"{change.Phase} {change.Delay?.TotalSeconds}").Trim());
            if (change.Phase == last)
                break;
        }

        return changes;
    }

    private static Redial Create(Scene scene, Action<StayConnectedOptions>? configure = null)
    {
        var options = new StayConnectedOptions { TimeProvider = scene.Time, Random = () => 0.5 };
        configure?.Invoke(options);
        return new Redial(scene.Client, new Uri("ws://server.test/feed"), options);
    }
}
