using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Duplex.Tests;

public sealed class HandshakeBoundsTests : IDisposable
{
    private readonly CancellationTokenSource _stopping = new(), _caller = new();
    private readonly HandshakeDeadline _deadline = new(TimeSpan.FromSeconds(15), new TestClock());
    private readonly ListLogger _logger = new();
    private bool _throughProxy;

    public void Dispose()
    {
        _deadline.Dispose();
        _stopping.Dispose();
        _caller.Dispose();
    }

    [Theory]
    [InlineData(HttpStatusCode.SwitchingProtocols)]
    [InlineData(HttpStatusCode.Forbidden)]
    public async Task What_an_attempt_gives_is_passed_on(HttpStatusCode status)
    {
        using var answer = new HttpResponseMessage(status);

        Assert.Same(answer, await Bounds().RunAsync(NullLogger.Instance, "ws://host.test/", _ => Task.FromResult(answer)).Soon());
    }

    [Fact]
    public async Task What_an_attempt_throws_is_passed_on_and_logged()
    {
        var error = new HttpRequestException("no");

        Assert.Same(error, await Assert.ThrowsAsync<HttpRequestException>(() => Bounds().RunAsync(_logger, "ws://host.test/", _ => throw error).Soon()));
        Assert.Contains(_logger.Entries, entry => entry.Text.Contains("Transport", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_logger_that_throws_changes_nothing()
    {
        using var answer = new HttpResponseMessage(HttpStatusCode.SwitchingProtocols);
        var error = new HttpRequestException("no");

        Assert.Same(answer, await Bounds().RunAsync(new BrokenLogger(), "ws://host.test/", _ => Task.FromResult(answer)).Soon());
        Assert.Same(error, await Assert.ThrowsAsync<HttpRequestException>(() => Bounds().RunAsync(new BrokenLogger(), "ws://host.test/", _ => throw error).Soon()));
    }

    [Fact]
    public async Task Only_the_callers_own_token_is_a_cancellation()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunUntilAsync(_caller.Cancel));
    }

    [Theory, InlineData(false, "The server did not answer"), InlineData(true, "Neither the proxy nor the server answered")]
    public async Task The_deadline_is_a_timeout_that_names_its_option_and_who_may_be_silent(bool throughProxy, string who)
    {
        _throughProxy = throughProxy;

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => RunUntilAsync(_deadline.End));

        Assert.Equal(HandshakeCheck.Timeout, error.Check);
        Assert.StartsWith(who, error.Message, StringComparison.Ordinal);
        Assert.Contains("WebSocketsOptions.HandshakeTimeout, 15 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deadline_at_which_the_pool_does_not_run_what_is_queued_is_told_as_ours()
    {
        var time = new TestClock();
        using var deadline = new HandshakeDeadline(TimeSpan.FromSeconds(15), time, queue: _ => { });

        Task running = RunUntilAsync(() => time.Advance(TimeSpan.FromSeconds(15)), new(deadline, "A handler", () => HandshakeRefusals.Silent, _stopping.Token, _caller.Token));
        await time.Pass(TimeSpan.FromSeconds(1));

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => running.Soon());
        Assert.Equal(HandshakeCheck.Timeout, error.Check);
        Assert.Contains("this process itself ran at least 1 s late", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("did not answer", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plugin_that_is_disposed_says_so() =>
        Assert.Equal(HandshakeCheck.Disposed, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => RunUntilAsync(_stopping.Cancel))).Check);

    [Fact]
    public async Task Somebody_elses_limit_is_a_timeout()
    {
        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => Bounds().RunAsync(NullLogger.Instance, "ws://host.test/", _ => throw new OperationCanceledException()).Soon());

        Assert.Equal(HandshakeCheck.Timeout, error.Check);
        Assert.Contains("of its own", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_comes_in_time_is_taken()
    {
        using var stream = new MemoryStream();

        Assert.Same(stream, await HandshakeBounds.WaitAsync(Task.FromResult(stream), CancellationToken.None));
    }

    [Fact]
    public async Task What_comes_too_late_is_thrown_away()
    {
        var making = new TaskCompletionSource<ScriptedPeer>();
        Task waiting = HandshakeBounds.WaitAsync(making.Task, _caller.Token);
        await _caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Soon());

        var late = new ScriptedPeer();
        making.SetResult(late);

        await late.Released.Soon();
    }

    private HandshakeBounds Bounds() => new(_deadline, "A handler", () => _throughProxy ? HandshakeRefusals.SilentThroughProxy : HandshakeRefusals.Silent, _stopping.Token, _caller.Token);

    private async Task RunUntilAsync(Action end, HandshakeBounds? bounds = null)
    {
        Task<HttpResponseMessage> running = (bounds ?? Bounds()).RunAsync(NullLogger.Instance, "ws://host.test/", async any =>
        {
            await new TaskCompletionSource().Task.WaitAsync(any);
            return new HttpResponseMessage();
        });
        end();
        await running.Soon();
    }

    private sealed class BrokenLogger : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new InvalidCastException("The log is full.");
    }
}
