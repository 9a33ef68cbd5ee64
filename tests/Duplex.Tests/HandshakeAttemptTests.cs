namespace Duplex.Tests;

public sealed class HandshakeAttemptTests
{
    private static readonly Uri Target = new("ws://host.test/");

    [Fact]
    public void The_marker_has_a_version_that_nobody_sends_and_the_requests_headers_and_options()
    {
        var request = new WebSocketRequest();
        request.Headers.Add("X-Mine", ["1", "2"]);
        var option = new HttpRequestOptionsKey<int>("mine");
        request.Options.Set(option, 7);
        using var attempt = new HandshakeAttempt(request);

        HttpRequestMessage marker = attempt.CreateMarker(Target);

        Assert.Equal(new Version(0, 0), marker.Version);
        Assert.Equal("http://host.test/", marker.RequestUri!.AbsoluteUri);
        Assert.Equal(["1", "2"], marker.Headers.GetValues("X-Mine"));
        Assert.True(marker.Options.TryGetValue(option, out int value));
        Assert.Equal(7, value);
    }

    [Fact]
    [KtorParity("plugin/WEBSOCKETS-KEY")]
    public void The_attempt_is_found_in_the_marker_and_in_a_copy_with_its_options_and_nowhere_else()
    {
        using var attempt = new HandshakeAttempt(new WebSocketRequest());
        HttpRequestMessage marker = attempt.CreateMarker(Target);
        var copy = new HttpRequestMessage();
        foreach ((string name, object? value) in marker.Options)
            ((IDictionary<string, object?>)copy.Options)[name] = value;

        Assert.True(HandshakeAttempt.TryGet(marker, out HandshakeAttempt? found));
        Assert.Same(attempt, found);
        Assert.True(HandshakeAttempt.TryGet(copy, out found));
        Assert.Same(attempt, found);
        Assert.False(HandshakeAttempt.TryGet(new HttpRequestMessage(), out _));
    }

    [Fact]
    public void The_time_runs_from_the_first_take_up_however_often_it_is_tried()
    {
        var time = new TestClock();
        var options = new WebSocketsOptions { TimeProvider = time, HandshakeTimeout = TimeSpan.FromSeconds(15) };
        using var attempt = new HandshakeAttempt(new WebSocketRequest());
        Assert.Null(attempt.Options);

        attempt.TakeUp(options);
        time.Advance(TimeSpan.FromSeconds(10));
        attempt.TakeUp(options);
        CancellationToken deadline = attempt.Deadline.Token;
        time.Advance(TimeSpan.FromSeconds(4.9));

        Assert.Same(options, attempt.Options);
        Assert.False(deadline.IsCancellationRequested);
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.True(deadline.IsCancellationRequested);
    }

    [Fact]
    public void Time_in_which_we_stood_still_is_not_held_against_the_server()
    {
        var time = new TestClock();
        using var attempt = new HandshakeAttempt(new WebSocketRequest());
        attempt.TakeUp(new WebSocketsOptions { TimeProvider = time, HandshakeTimeout = TimeSpan.FromSeconds(15) });

        time.StandStill(TimeSpan.FromMinutes(1));
        Assert.False(attempt.Deadline.Token.IsCancellationRequested); // the answer may have come
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(attempt.Deadline.Token.IsCancellationRequested);
    }

    [Fact]
    public void A_connection_that_was_opened_and_not_taken_ends_with_the_attempt()
    {
        var attempt = new HandshakeAttempt(new WebSocketRequest());
        MemoryStream lost = new(), taken = new(), late = new();
        OpenedContent first = Content(lost), second = Content(taken);

        attempt.Track(first);
        attempt.Track(second);
        Assert.NotNull(second.TryTake());
        Assert.True(lost.CanRead);
        attempt.Dispose();
        attempt.Track(Content(late));

        Assert.False(lost.CanRead);
        Assert.True(taken.CanRead);
        Assert.False(late.CanRead);
    }

    [Fact]
    public void A_try_that_goes_on_or_begins_when_the_attempt_is_over_ends()
    {
        var attempt = new HandshakeAttempt(new WebSocketRequest());
        var options = new WebSocketsOptions();
        attempt.TakeUp(options);
        CancellationToken running = attempt.Deadline.Token;

        attempt.Dispose();
        attempt.Dispose();
        attempt.TakeUp(options);

        Assert.True(running.IsCancellationRequested);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(attempt.Deadline.Token);
        Assert.True(late.IsCancellationRequested);
    }

    [Fact]
    public void A_try_that_is_first_taken_up_when_the_attempt_is_over_has_no_time_left()
    {
        var attempt = new HandshakeAttempt(new WebSocketRequest());
        attempt.Dispose();

        attempt.TakeUp(new WebSocketsOptions());

        Assert.True(attempt.Deadline.Token.IsCancellationRequested);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Its_caller_and_the_plugins_disposal_end_it(bool byCaller)
    {
        using CancellationTokenSource caller = new(), stopping = new();
        using var attempt = new HandshakeAttempt(new WebSocketRequest(), caller.Token);
        attempt.TakeUp(new WebSocketsOptions(), stopping.Token);
        Assert.False(attempt.Deadline.Token.IsCancellationRequested);

        (byCaller ? caller : stopping).Cancel();

        Assert.True(attempt.Deadline.Token.IsCancellationRequested);
    }

    [Fact]
    public void What_came_from_below_is_known_however_often_it_was_caught_and_thrown_again()
    {
        var thrown = new HttpRequestException("no");
        HandshakeAttempt.CameFromBelow(thrown, "A handler", throughProxy: true);

        var wrapped = new IOException("again", new InvalidOperationException("and again", thrown));

        Assert.Equal(new HandshakeAttempt.Origin(thrown, "A handler", ThroughProxy: true), HandshakeAttempt.OriginOf(wrapped));
        Assert.Null(HandshakeAttempt.OriginOf(new IOException("another", new HttpRequestException("no"))));
        Assert.Null(HandshakeAttempt.OriginOf(null));
    }

    private static OpenedContent Content(Stream owner) => new(new OpenedConnection(owner, owner, Calls.Create()));
}
