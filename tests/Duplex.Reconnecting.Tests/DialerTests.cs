using System.Net;

namespace Duplex.Tests;

/// <summary>One attempt: how far it comes, and what its limit counts.</summary>
public sealed class DialerTests
{
    private static readonly ConnectAttempt Attempt = new(1, null, false);

    [Fact]
    public async Task An_attempt_opens_a_session_and_finds_the_handlers_clock()
    {
        await using var scene = new Scene();
        var dialer = new Dialer(scene.Client, new Uri("ws://server.test/feed?token=secret"), new StayConnectedOptions());
        Assert.Same(TimeProvider.System, dialer.Time);
        Assert.Null(dialer.Plugin);
        Assert.Equal("an unknown URL", dialer.Target);
        (DefaultClientWebSocketSession? session, DisconnectPhase phase, Exception? error) = await dialer.DialAsync(Attempt, default).Soon();
        Assert.Null(error);
        Assert.Equal(DisconnectPhase.Connecting, phase);
        Assert.Equal(WebSocketSessionState.Open, session!.State);
        Assert.Same(scene.Time, dialer.Time);
        Assert.Equal("ws://server.test/feed", dialer.Target);
    }

    [Fact]
    public async Task Configure_gets_the_attempt_and_a_fresh_request_each_time()
    {
        await using var scene = new Scene();
        List<(WebSocketRequest Request, ConnectAttempt Attempt)> configured = [];
        Dialer dialer = Create(scene, options => options.Configure = (request, attempt, _) =>
        {
            configured.Add((request, attempt));
            request.Headers.Add("X-Number", $"{configured.Count}");
            return default;
        });
        await dialer.DialAsync(Attempt, default).Soon();
        ConnectAttempt second = Attempt with { Number = 2, IsAuthRetry = true };
        await dialer.DialAsync(second, default).Soon();
        Assert.Equal([Attempt, second], configured.Select(one => one.Attempt));
        Assert.NotSame(configured[0].Request, configured[1].Request);
        Assert.Equal(["1", "2"], scene.Requests.Select(request => FakePrimaryHandler.Value(request, "X-Number")));
    }

    [Fact]
    public async Task Configure_may_set_another_url_or_the_only_one()
    {
        await using var scene = new Scene();
        var options = new StayConnectedOptions
        {
            TimeProvider = scene.Time,
            Configure = (request, _, _) =>
            {
                request.Uri = new Uri("ws://other.test/");
                return default;
            },
        };
        var dialer = new Dialer(scene.Client, null, options);
        Assert.NotNull((await dialer.DialAsync(Attempt, default).Soon()).Session);
        Assert.Equal("other.test", Assert.Single(scene.Requests).RequestUri!.Host);
        Assert.Equal("ws://other.test/", dialer.Target);
    }

    [Fact]
    public async Task A_url_is_relative_to_the_base_address_and_a_missing_one_is_an_error()
    {
        await using var scene = new Scene();
        var relative = new Dialer(scene.Client, new Uri("/feed", UriKind.Relative), new StayConnectedOptions());
        Assert.Null((await relative.DialAsync(Attempt, default).Soon()).Error);
        Assert.Equal("ws://server.test/feed", relative.Target);
        var missing = new Dialer(scene.Client, null, new StayConnectedOptions());
        (DefaultClientWebSocketSession? session, DisconnectPhase phase, Exception? error) = await missing.DialAsync(Attempt, default).Soon();
        Assert.Equal((null, DisconnectPhase.Connecting), (session, phase));
        Assert.IsType<ArgumentException>(error);
    }

    [Fact]
    public async Task An_exception_of_Configure_is_one_of_its_phase()
    {
        await using var scene = new Scene();
        Dialer dialer = Create(scene, options => options.Configure = (_, _, _) => throw new FormatException());
        (_, DisconnectPhase phase, Exception? error) = await dialer.DialAsync(Attempt, default).Soon();
        Assert.Equal(DisconnectPhase.Configuring, phase);
        Assert.IsType<FormatException>(error);
        Assert.Equal(0, scene.Attempts);
    }

    [Fact]
    public async Task A_refusal_is_an_error_and_leaves_no_timer()
    {
        await using var scene = new Scene();
        scene.Refuse(HttpStatusCode.Gone);
        (DefaultClientWebSocketSession? session, DisconnectPhase phase, Exception? error) = await Create(scene).DialAsync(Attempt, default).Soon();
        Assert.Equal((null, DisconnectPhase.Connecting), (session, phase));
        Assert.Equal(HttpStatusCode.Gone, Assert.IsType<WebSocketHandshakeException>(error).StatusCode);
        await Patience.Until(() => scene.Time.LiveTimers == 0);
    }

    [Theory]
    [InlineData(false, DisconnectPhase.Connecting)]
    [InlineData(true, DisconnectPhase.Configuring)]
    public async Task At_its_limit_an_attempt_has_failed_in_the_phase_it_was_in(bool inConfigure, DisconnectPhase phase)
    {
        await using var scene = new Scene(ws => ws.HandshakeTimeout = Timeout.InfiniteTimeSpan);
        scene.Stall();
        Dialer dialer = Create(scene, options =>
        {
            options.AttemptTimeout = TimeSpan.FromSeconds(7);
            if (inConfigure)
                options.Configure = (_, _, _) => new ValueTask(new TaskCompletionSource().Task);
        });
        var dialing = dialer.DialAsync(Attempt, default);
        await scene.Time.Pass(TimeSpan.FromSeconds(7));
        (DefaultClientWebSocketSession? session, DisconnectPhase actual, Exception? error) = await dialing.Soon();
        Assert.Null(session);
        Assert.Equal(phase, actual);
        Assert.Contains("7 s (AttemptTimeout)", Assert.IsType<TimeoutException>(error).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_for_other_attempts_is_no_part_of_it()
    {
        await using var scene = new Scene();
        var origin = new Uri("ws://dialer-gate.test/");
        IDisposable place = await AttemptGate.Shared.EnterAsync(origin, 1, default);
        var options = new StayConnectedOptions { TimeProvider = scene.Time, MaxConcurrentAttempts = 1 };
        var dialing = new Dialer(scene.Client, origin, options).DialAsync(Attempt, default);
        scene.Time.Advance(TimeSpan.FromHours(1));
        Assert.False(dialing.IsCompleted);
        Assert.Equal(0, scene.Attempts);
        place.Dispose();
        Assert.Null((await dialing.Soon()).Error);

        // an attempt gives its place back, whether it succeeds or fails
        scene.Fail();
        Assert.NotNull((await new Dialer(scene.Client, origin, options).DialAsync(Attempt, default).Soon()).Error);
        (await AttemptGate.Shared.EnterAsync(origin, 1, default).Soon()).Dispose();
    }

    [Fact]
    public async Task A_stop_ends_it_with_the_tokens_exception_wherever_it_is()
    {
        await using var scene = new Scene();
        scene.Stall();
        using var stop = new CancellationTokenSource();
        var dialing = Create(scene).DialAsync(Attempt, stop.Token);
        await Patience.Until(() => scene.Attempts == 1);
        await stop.CancelAsync();
        var thrown = await Assert.ThrowsAsync<OperationCanceledException>(() => dialing.Soon());
        Assert.Equal(stop.Token, thrown.CancellationToken);
        await Assert.ThrowsAsync<OperationCanceledException>(() => Create(scene).DialAsync(Attempt, stop.Token).Soon());
        await Patience.Until(() => scene.Time.LiveTimers == 0); // the handshake's goes when the handler has returned
    }

    [Fact]
    public async Task A_clock_that_is_not_the_handlers_is_an_error_and_ends_the_session()
    {
        await using var scene = new Scene();
        var dialer = new Dialer(scene.Client, new Uri("ws://server.test/"), new StayConnectedOptions { TimeProvider = new TestClock() });
        var dialing = dialer.DialAsync(Attempt, default);
        DefaultWebSocketSession server = await scene.AcceptedAsync();
        await server.Completion.Soon();
        Assert.IsType<InvalidOperationException>((await dialing.Soon()).Error);
    }

    private static Dialer Create(Scene scene, Action<StayConnectedOptions>? configure = null)
    {
        var options = new StayConnectedOptions { TimeProvider = scene.Time };
        configure?.Invoke(options);
        return new Dialer(scene.Client, new Uri("ws://server.test/feed"), options);
    }
}
