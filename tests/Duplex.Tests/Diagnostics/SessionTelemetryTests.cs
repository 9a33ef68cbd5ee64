using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

public sealed class SessionTelemetryTests : IDisposable
{
    private static readonly Uri Target = new("wss://user:s3cret@host.test:8443/feed?token=s3cret");
    private readonly ListLogger _logger = new();

    public void Dispose() => _logger.Dispose();

    [Fact]
    public void Ids_are_short_and_never_the_same()
    {
        string[] ids = [.. Enumerable.Range(0, 1000).AsParallel().Select(_ => TestTelemetry.Of(_logger, Target).Id)];

        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.All(ids, id => Assert.InRange(id.Length, 1, 19));
    }

    [Fact]
    public void An_opened_session_is_news_with_id_and_target()
    {
        var log = TestTelemetry.Of(_logger, Target);

        log.Opened();

        Assert.Equal((11, LogLevel.Information, $"WebSocket session {log.Id} with wss://host.test:8443/feed opened. "), Assert.Single(_logger.Entries));
    }

    [Fact]
    public void Over_a_stream_the_target_is_a_stream()
    {
        TestTelemetry.Of(_logger).Opened();

        Assert.Contains(" with a stream opened.", Assert.Single(_logger.Entries).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_clean_end_is_news_with_cause_codes_and_what_was_discarded()
    {
        var log = TestTelemetry.Of(_logger, Target);
        var reason = new CloseReason((CloseCode)4001, "bye");

        log.Ended(new CloseResult { Sent = reason, Received = CloseReason.NoStatus, WasClean = true, DiscardedMessages = 3 }, "the peer closed it", TimeSpan.FromSeconds(1.5));

        Assert.Equal(
            (20, LogLevel.Information,
                $"WebSocket session {log.Id} with wss://host.test:8443/feed ended: the peer closed it. Sent close code 4001, received 1005, 3 received messages discarded. The last byte was received 1.5 s before, the last ping round trip was none. "),
            Assert.Single(_logger.Entries));
    }

    public static TheoryData<CloseResult> BadEnds =>
    [
        new CloseResult(), // aborted
        new CloseResult { Error = new IOException() }, // lost
        new CloseResult { Sent = CloseReason.Normal, Error = new TimeoutException() }, // not answered
        new CloseResult { Sent = CloseReason.Normal, Received = CloseReason.Normal, WasClean = true, Error = new FormatException() }, // closed because of an error on our side
    ];

    [Theory, MemberData(nameof(BadEnds), DisableDiscoveryEnumeration = true)]
    public void Any_other_end_is_a_warning(CloseResult result)
    {
        TestTelemetry.Of(_logger, Target).Ended(result, "it was lost", TimeSpan.FromSeconds(1.5));

        (int id, LogLevel level, string text) = Assert.Single(_logger.Entries);
        Assert.Equal((20, LogLevel.Warning), (id, level));
        Assert.Contains(result.Sent is null ? "Sent close code none" : "Sent close code 1000", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_queue_is_a_warning_that_names_the_option()
    {
        TestTelemetry.Of(_logger, Target).IncomingStaysFull(TimeSpan.FromSeconds(20.4));

        (int id, LogLevel level, string text) = Assert.Single(_logger.Entries);
        Assert.Equal((23, LogLevel.Warning), (id, level));
        Assert.Contains("full for 20 s", text, StringComparison.Ordinal);
        Assert.Contains("Channels.Incoming", text, StringComparison.Ordinal);
    }

    [Fact]
    public void No_line_has_user_info_or_query()
    {
        var log = TestTelemetry.Of(_logger, Target);

        log.Opened();
        log.ClosedCallbackFailed(new FormatException());
        log.IncomingStaysFull(TimeSpan.FromSeconds(1));
        log.Ended(new CloseResult(), "it was aborted", TimeSpan.FromSeconds(1.5));

        Assert.Equal(4, _logger.Entries.Count);
        Assert.All(_logger.Entries, entry => Assert.DoesNotContain("s3cret", entry.Text, StringComparison.Ordinal));
    }

    [Fact]
    public void A_logger_that_throws_disturbs_nobody()
    {
        var log = TestTelemetry.Of(new BrokenLogger(), Target);

        log.Opened();
        log.Ended(new CloseResult(), "it was aborted", TimeSpan.FromSeconds(1.5));
    }

    private sealed class BrokenLogger : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => throw new InvalidCastException("The log is full.");

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
        }
    }
}
