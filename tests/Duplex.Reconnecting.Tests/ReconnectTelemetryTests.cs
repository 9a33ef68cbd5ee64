using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>The log lines and metrics of staying connected: names, never URLs with a query, ids or the peer's words.</summary>
public sealed class ReconnectTelemetryTests
{
    private const string Secret = "secret";

    [Fact]
    public async Task An_attempt_is_counted_with_its_phase_and_the_status_of_a_refusal()
    {
        using var probe = new MeterProbe();
        await using var scene = new Scene(ws => ws.MeterFactory = probe);
        ReconnectTelemetry telemetry = await CreateAsync(scene, probe);
        telemetry.Attempted(DisconnectPhase.GettingReady, new FormatException(Secret));
        telemetry.Attempted(DisconnectPhase.Connecting, Ended.Refusal(503));
        telemetry.Attempted(DisconnectPhase.Ready, null);
        Assert.Equal(
            [
                "1 duplex.connection.name=quotes duplex.reconnect.phase=getting_ready",
                "1 duplex.connection.name=quotes duplex.reconnect.phase=connecting http.response.status_code=503",
                "1 duplex.connection.name=quotes duplex.reconnect.phase=ready",
            ],
            probe.Of("duplex.reconnect.attempts"));
    }

    [Theory]
    [InlineData(1000, "normal")]
    [InlineData(1001, "normal")]
    [InlineData(1002, "error")]
    [InlineData(1011, "error")]
    [InlineData(1012, "try_later")]
    [InlineData(1013, "try_later")]
    [InlineData(3000, "application")]
    [InlineData(4999, "application")]
    public async Task The_end_of_a_ready_connection_is_measured_with_the_class_of_its_code(int code, string kind)
    {
        using var probe = new MeterProbe();
        await using var scene = new Scene(ws => ws.MeterFactory = probe);
        ReconnectTelemetry telemetry = await CreateAsync(scene, probe);
        telemetry.Ended(Ended.Ready(TimeSpan.FromSeconds(7), Ended.ByPeer(code, Secret)));
        Assert.Equal([$"7 duplex.connection.name=quotes duplex.close.class={kind}"], probe.Of("duplex.reconnect.connected.duration"));
        Assert.Equal(["1 duplex.connection.name=quotes duplex.gap.kind=lost"], probe.Of("duplex.reconnect.gaps"));
        Assert.Empty(probe.Of("duplex.reconnect.delay")); // there is none
    }

    [Fact]
    public async Task A_connection_without_a_close_ended_abnormally_and_a_failed_attempt_is_no_gap()
    {
        using var probe = new MeterProbe();
        await using var scene = new Scene(ws => ws.MeterFactory = probe);
        ReconnectTelemetry telemetry = await CreateAsync(scene, probe);
        telemetry.Ended(Ended.Ready(TimeSpan.FromSeconds(7)));
        telemetry.Ended(Ended.Failed() with { NextDelay = TimeSpan.FromSeconds(2), DelaySource = DelaySource.RetryAfter });
        Assert.Equal(["7 duplex.connection.name=quotes duplex.close.class=abnormal"], probe.Of("duplex.reconnect.connected.duration"));
        Assert.Single(probe.Of("duplex.reconnect.gaps"));
        Assert.Equal(["2 duplex.connection.name=quotes duplex.reconnect.delay.source=retry_after"], probe.Of("duplex.reconnect.delay"));
    }

    [Fact]
    public async Task Each_event_is_one_log_line_with_the_name_and_the_url_without_its_secrets()
    {
        var logger = new ListLogger();
        await using var scene = new Scene(ws => ws.LoggerFactory = logger);
        ReconnectTelemetry telemetry = await CreateAsync(scene);
        (Connection connection, _) = await scene.OpenAsync(epoch: 3);
        DisconnectVerdict ended = Ended.Ready(TimeSpan.Zero, Ended.ByPeer(4000, Secret)) with { Why = "a rule", Error = new FormatException(Secret) };
        telemetry.Ready(2);
        telemetry.Ended(ended with { NextDelay = TimeSpan.FromSeconds(2), DelaySource = DelaySource.Backoff });
        telemetry.Ended(ended);
        telemetry.Replaced(connection, GapKind.Rotated);
        telemetry.HookFailed("OnUnconfirmed", new FormatException("the user's own"));
        (int Id, LogLevel Level, string Text)[] lines = [.. logger.Entries.Where(entry => entry.Id >= 30)];
        Assert.Equal(
            [
                (30, LogLevel.Information, "Connection quotes to ws://server.test/feed is ready, number 2. "),
                (31, LogLevel.Warning, "Connection quotes to ws://server.test/feed was lost (Ready): a rule. The next attempt is in 2 s. "),
                (32, LogLevel.Error, "Connection quotes to ws://server.test/feed is given up (Ready): a rule. "),
                (33, LogLevel.Information, "Connection quotes to ws://server.test/feed was rotated, to number 3. "),
            ],
            lines[..4]);
        Assert.Equal((34, LogLevel.Error), (lines[4].Id, lines[4].Level));
        Assert.StartsWith("Connection quotes to ws://server.test/feed: the function OnUnconfirmed failed. System.FormatException: the user's own", lines[4].Text, StringComparison.Ordinal);
        Assert.Equal(5, lines.Length);
        Assert.DoesNotContain(logger.Entries, entry => entry.Text.Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_whole_life_has_no_secret_in_its_tags_and_counts_the_rotation()
    {
        using var probe = new MeterProbe();
        await using var scene = new Scene(ws => ws.MeterFactory = probe);
        ReconnectTelemetry telemetry = await CreateAsync(scene, probe);
        (Connection connection, _) = await scene.OpenAsync();
        telemetry.Replaced(connection, GapKind.Rotated);
        telemetry.Ended(Ended.Ready(TimeSpan.FromSeconds(7), Ended.ByPeer(4000, Secret)));
        Assert.Equal(
            ["1 duplex.connection.name=quotes duplex.gap.kind=rotated", "1 duplex.connection.name=quotes duplex.gap.kind=lost"],
            probe.Of("duplex.reconnect.gaps"));
        foreach (string name in (string[])["attempts", "delay", "connected.duration", "gaps"])
            Assert.Equal(0, probe.Sum($"duplex.reconnect.{name}", Secret) + probe.Sum($"duplex.reconnect.{name}", "server.test"));
    }

    [Fact]
    public async Task A_logger_or_a_listener_that_throws_changes_nothing()
    {
        using var probe = new MeterProbe();
        await using var scene = new Scene(ws =>
        {
            ws.MeterFactory = probe;
            ws.LoggerFactory = new ThrowingLogger();
        });
        ReconnectTelemetry telemetry = await CreateAsync(scene, probe);
        (Connection connection, _) = await scene.OpenAsync();
        probe.Throws = new FormatException();
        telemetry.Attempted(DisconnectPhase.Ready, null);
        telemetry.Ready(1);
        telemetry.Ended(Ended.Ready(TimeSpan.Zero));
        telemetry.Replaced(connection, GapKind.Rotated);
        telemetry.HookFailed("x", new FormatException());
        probe.Throws = null;
    }

    [Fact]
    public void Before_an_attempt_has_reached_the_handler_nothing_fails()
    {
        using var client = new HttpClient();
        var telemetry = new ReconnectTelemetry("quotes", new Dialer(client, null, new StayConnectedOptions()));
        telemetry.Attempted(DisconnectPhase.Configuring, new FormatException());
        telemetry.Ended(Ended.Failed());
    }

    private static async Task<ReconnectTelemetry> CreateAsync(Scene scene, MeterProbe? probe = null)
    {
        _ = probe?.Instruments;
        var options = new StayConnectedOptions { TimeProvider = scene.Time };
        var dialer = new Dialer(scene.Client, new Uri($"ws://server.test/feed?token={Secret}"), options);
        Assert.Null((await dialer.DialAsync(new ConnectAttempt(1, null, false), default).Soon()).Error);
        await scene.AcceptedAsync();
        return new ReconnectTelemetry("quotes", dialer);
    }

    private sealed class ThrowingLogger : ILogger, ILoggerFactory
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new FormatException();

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
