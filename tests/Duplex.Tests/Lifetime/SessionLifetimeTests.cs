using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

public sealed class SessionLifetimeTests
{
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);
    private static readonly CloseReason Ours = new((CloseCode)4000, "bye");
    private static readonly CloseReason Theirs = new((CloseCode)4001, "ok");

    [Fact]
    public async Task Where_closes_cross_ours_counts_if_it_was_staged_first()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        test.Peer.BlockWrites();

        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        test.Peer.SendClose(Theirs);
        test.Peer.SendEof();
        Assert.False(await test.Session.Incoming.WaitToReadAsync().Soon()); // the peer's is here, ours has not gone
        test.Peer.UnblockWrites();

        CloseResult result = await closing.Soon();
        Assert.Equal(new CloseResult { Initiator = CloseInitiator.Local, Sent = Ours, Received = Theirs, WasClean = true }, result);
        Assert.Equal(result, await test.Session.Completion.Soon());
        Assert.Equal("Close(4000: bye)", Ending.Describe(test.Peer));
    }

    [Fact]
    public async Task Where_closes_cross_the_peers_counts_if_it_was_parsed_first()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        test.Peer.BlockWrites();

        test.Peer.SendClose(Theirs);
        test.Peer.SendEof();
        await test.Until(WebSocketSessionState.PeerClosing);
        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        test.Peer.UnblockWrites();

        CloseResult result = await closing.Soon();
        Assert.Equal(new CloseResult { Initiator = CloseInitiator.Remote, Sent = Theirs, Received = Theirs, WasClean = true }, result);
        Assert.Equal(result, await test.Session.Completion.Soon());
        Assert.Equal("Close(4001: ok)", Ending.Describe(test.Peer));
    }

    [Fact]
    public async Task A_raw_user_who_answers_the_peers_close_at_once_did_not_begin()
    {
        for (int i = 0; i < 150; i++) // a race, if it is one: so the user is as fast as can be
        {
            await using SessionUnderTest<RawWebSocketSession> test = SessionUnderTest.Raw();
            Task<WebSocketSessionState> answering = Task.Run(() =>
            {
                Frame? close;
                while (!test.Session.Incoming.TryRead(out close) && !test.Session.Completion.IsCompleted)
                {
                }

                WebSocketSessionState state = test.Session.State;
                test.Session.Outgoing.TryWrite(new Frame.Close(Ours));
                close?.Recycle();
                return state;
            });
            test.Peer.SendClose(Theirs);
            test.Peer.SendEof();

            Assert.Equal(WebSocketSessionState.PeerClosing, await answering.Soon());
            Assert.Equal(
                new CloseResult { Initiator = CloseInitiator.Remote, Sent = Ours, Received = Theirs, WasClean = true }, await test.Session.Completion.Soon());
        }
    }

    [Fact]
    [KtorParity("weakness/3-no-close-timeout-half-closed-right-after")]
    public async Task The_tail_waits_for_the_peers_fin_and_counts_in_Completion_but_not_in_CloseAsync()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);

        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        Assert.Equal("Close(4000: bye)", await test.SentAsync());
        test.Peer.SendClose(Theirs);
        await closing.Soon();
        await test.Time.Armed(SessionLifetime.Tail);
        Assert.False(test.Session.Completion.IsCompleted);
        Assert.False(test.Peer.Released.IsCompleted);
        test.Peer.SendEof();

        Assert.True((await test.Session.Completion.Soon()).WasClean);
        Assert.Equal(DateTimeOffset.Parse("2000-01-01T00:00:00Z", null), test.Time.GetUtcNow()); // no time was needed
    }

    [Fact]
    public async Task The_tail_is_over_after_a_second_and_what_comes_in_it_is_read_and_dropped()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);

        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        test.Peer.SendClose(Theirs);
        test.Peer.SendFrame(Opcode.Text, "behind the close"u8);
        test.Peer.Send(new byte[200_000]);
        await closing.Soon();
        await Patience.Until(() => test.Peer.IsDrained);
        await test.Time.Pass(SessionLifetime.Tail);

        Assert.Equal(
            new CloseResult { Initiator = CloseInitiator.Local, Sent = Ours, Received = Theirs, WasClean = true }, await test.Session.Completion.Soon());
        Assert.Equal(0, test.Session.Incoming.Count);
    }

    [Fact]
    public async Task A_server_ends_the_connection_first()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default, AsServer);

        test.Peer.SendClose(Theirs);

        Assert.Equal("Close(4001: ok)", await test.SentAsync());
        Assert.True((await test.Session.Completion.Soon()).WasClean);
    }

    [Theory, InlineData(WebSocketRole.Client), InlineData(WebSocketRole.Server)]
    public async Task After_a_violation_the_input_is_drained_unparsed_for_a_second(WebSocketRole role)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default, settings =>
            settings with { Connection = settings.Connection with { Role = role } });

        test.Peer.SendHex("83 80 00 00 00 00"); // a reserved opcode
        test.Peer.SendFrame(Opcode.Text, "unparsed"u8);
        test.Peer.SendFrame(Opcode.Ping, "unanswered"u8);
        test.Peer.Send(new byte[200_000]);
        Assert.Equal("Close(1002 ProtocolError)", await test.SentAsync());
        await Patience.Until(() => test.Peer.IsDrained);
        await Assert.ThrowsAsync<WebSocketProtocolException>(() => test.Session.Incoming.ReadAsync().Soon());
        Assert.False(test.Session.Completion.IsCompleted);
        await test.Time.Pass(SessionLifetime.Tail);

        Assert.Equal(new CloseReason(CloseCode.ProtocolError), (await test.Session.Completion.Soon()).Sent);
        Assert.Equal("", Ending.Describe(test.Peer));
    }

    [Fact]
    public async Task A_violation_while_we_close_is_told_to_the_receiver_and_no_second_close_is_sent()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        Task<CloseResult> closing = test.Session.CloseAsync(Ours);

        test.Peer.SendHex("83 00");
        test.Peer.SendEof();

        CloseResult result = await closing.Soon();
        Assert.IsType<WebSocketProtocolException>(result.Error);
        Assert.Equal(new CloseResult { Initiator = CloseInitiator.Local, Sent = Ours, Error = result.Error }, result);
        Assert.Same(result.Error, await Assert.ThrowsAsync<WebSocketProtocolException>(() => test.Session.Incoming.ReadAsync().Soon()));
        await test.Session.Completion.Soon();
        Assert.Equal("Close(4000: bye)", Ending.Describe(test.Peer));
    }

    [Fact]
    public async Task A_connection_that_ends_while_we_close_is_an_abnormal_end_and_waits_for_nothing()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        Assert.Equal("Close(4000: bye)", await test.SentAsync());

        test.Peer.SendEof();

        CloseResult result = await closing.Soon();
        Assert.Equal(new CloseResult { Initiator = CloseInitiator.Local, Sent = Ours, Error = result.Error }, result);
        Assert.IsType<EndOfStreamException>(result.Error);
        var closed = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.ReadAsync().Soon());
        Assert.Same(result.Error, closed.InnerException);
        Assert.Equal(result, await test.Session.Completion.Soon());
    }

    [Fact]
    public async Task A_call_that_waits_for_a_write_that_fails_is_told_why()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var reset = new IOException("reset");
        test.Peer.BlockWrites();
        await test.Session.SendAsync("lost");
        Task flush = test.Session.FlushAsync();

        test.Peer.FailWrites(reset);

        var error = await Assert.ThrowsAsync<WebSocketClosedException>(() => flush.Soon());
        Assert.Same(reset, error.Result.Error);
    }

    [Fact]
    public async Task A_write_that_fails_while_we_close_shows_its_own_error()
    {
        for (int i = 0; i < 50; i++) // two paths lead to the error: the same must win
        {
            await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
            var broken = new IOException("broken pipe");
            test.Peer.BlockWrites();
            Task<CloseResult> closing = test.Session.CloseAsync(Ours);

            test.Peer.FailWrites(broken);

            CloseResult result = await closing.Soon();
            Assert.Same(broken, result.Error);
            Assert.Equal(new CloseResult { Initiator = CloseInitiator.Local, Error = broken }, result);
        }
    }

    [Theory]
    [InlineData(SessionKind.Default, "silent", "The peer did not answer our Close frame within the close timeout of 5 s.")]
    [InlineData(SessionKind.Default, "blocked", "The peer did not take our Close frame within the close timeout of 5 s.")]
    [InlineData(SessionKind.Raw, "unanswered", "The peer's Close frame was not answered within the close timeout of 5 s.")]
    public async Task A_close_that_takes_too_long_says_what_it_waited_for(SessionKind kind, string peer, string message)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind);
        if (peer == "blocked")
            test.Peer.BlockWrites();
        if (peer == "unanswered")
            test.Peer.SendClose(Theirs);
        else
            _ = test.Session.CloseAsync(Ours);
        if (peer == "silent")
            await Patience.Until(() => test.Session.BufferedBytes == 0); // the test's clock may outrun a write
        if (peer == "unanswered")
            await test.Until(WebSocketSessionState.PeerClosing);

        await test.Time.PassStepwise(CloseTimeout + SessionLifetime.Tail, test.Session.Completion);

        Assert.Equal(message, Assert.IsType<TimeoutException>((await test.Session.Completion.Soon()).Error).Message);
    }

    [Fact]
    public async Task Without_a_close_timeout_nothing_but_the_peer_ends_the_wait()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default, settings => settings with { CloseTimeout = Timeout.InfiniteTimeSpan });
        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        Assert.Equal("Close(4000: bye)", await test.SentAsync());

        test.Time.Advance(TimeSpan.FromDays(30));
        Assert.False(closing.IsCompleted);
        test.Peer.SendClose(Theirs);

        Assert.True((await closing.Soon()).WasClean);
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task A_Close_that_came_while_we_stood_still_makes_a_clean_end(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind);
        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        Assert.Equal("Close(4000: bye)", await test.SentAsync());
        await test.Time.Armed(CloseTimeout / 4);

        test.Time.StandStill(TimeSpan.FromMinutes(1));
        await test.Time.Armed(TimeSpan.FromSeconds(1)); // it has looked, and grants as much to what may have come
        test.Peer.SendClose(Theirs);
        test.Peer.SendEof();

        Assert.True((await closing.Soon()).WasClean);
        Assert.True((await test.Session.Completion.Soon()).WasClean);
    }

    [Fact]
    public async Task A_stop_that_outlasts_the_close_timeout_while_our_Close_is_flushed_leaves_time_for_the_answer()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        test.Peer.BlockWrites();
        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        await test.Time.Armed(CloseTimeout / 4);

        test.Time.StandStill(TimeSpan.FromMinutes(1));
        await test.Time.Armed(TimeSpan.FromSeconds(1));
        test.Peer.UnblockWrites();
        Assert.Equal("Close(4000: bye)", await test.SentAsync());
        test.Peer.SendClose(Theirs);
        test.Peer.SendEof();

        Assert.True((await closing.Soon()).WasClean);
    }

    [Fact]
    public async Task The_tail_is_not_cut_short_by_a_stop()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        test.Peer.SendClose(Theirs);
        await closing.Soon();
        await test.Time.Armed(SessionLifetime.Tail);

        test.Time.StandStill(TimeSpan.FromMinutes(1));
        Assert.True(test.Time.IsArmed(TimeSpan.FromSeconds(1)));
        test.Time.Advance(TimeSpan.FromSeconds(1) - TimeSpan.FromMilliseconds(1));
        Assert.False(test.Peer.Released.IsCompleted);
        test.Time.Advance(TimeSpan.FromMilliseconds(1));

        await test.Peer.Released.Soon();
    }

    [Fact]
    public async Task CloseAsync_is_safe_to_call_concurrently_and_gives_all_callers_the_first_ones_result()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        using var start = new Barrier(8);

        Task<Task<CloseResult>>[] callers = [.. Enumerable.Range(0, 8).Select(i => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                return test.Session.CloseAsync(new CloseReason((CloseCode)(4000 + i)));
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default))];
        Task<CloseResult>[] closings = await Task.WhenAll(callers).Soon();
        test.Peer.SendClose(Theirs);
        test.Peer.SendEof();
        CloseResult[] results = await Task.WhenAll(closings).Soon();

        CloseResult end = await test.Session.Completion.Soon();
        Assert.All(results, result => Assert.Equal(end, result));
        Assert.Equal($"Close({end.Sent})", Ending.Describe(test.Peer));
        Assert.Equal(end, await test.Session.CloseAsync(Ours).Soon()); // and afterwards
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task The_token_of_CloseAsync_ends_the_wait_only(bool before)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        using var cancel = new CancellationTokenSource();
        if (before)
            await cancel.CancelAsync();

        Task<CloseResult> closing = test.Session.CloseAsync(Ours, cancel.Token);
        await cancel.CancelAsync();

        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => closing.Soon());
        Assert.Equal(cancel.Token, cancelled.CancellationToken);
        test.Peer.SendClose(Theirs);
        test.Peer.SendEof();
        Assert.True((await test.Session.Completion.Soon()).WasClean);
        Assert.Equal("Close(4000: bye)", Ending.Describe(test.Peer));
    }

    [Fact]
    [KtorParity("weakness/12-sessions-leak")]
    public async Task DisposeAsync_is_safe_concurrently_and_again()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);

        Task[] disposals = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(async () => await test.Session.DisposeAsync()))];
        test.Peer.SendClose(CloseReason.Normal);
        test.Peer.SendEof();
        await Task.WhenAll(disposals).Soon();

        Assert.True(test.Session.Completion.IsCompletedSuccessfully);
        await test.Session.DisposeAsync().Soon();
        Assert.Equal("Close(1000 NormalClosure)", Ending.Describe(test.Peer));
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task DisposeAsync_is_bounded_while_a_write_is_blocked_and_while_the_queue_is_full(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind, settings => settings with { Incoming = ChannelConfig.Bounded(1, 1) });
        for (int i = 0; i < 3; i++)
            test.Peer.SendFrame(Opcode.Text, "x"u8);
        await test.Queued(1);
        test.Peer.BlockWrites();
        await test.Session.SendAsync("blocked");
        Task late = test.Session.SendAsync(new byte[1_000_000]).AsTask(); // waits for room in the midst of its frame

        ValueTask disposing = test.Session.DisposeAsync();
        await test.Time.PassStepwise(CloseTimeout);
        await disposing.Soon();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => late.Soon());
        CloseResult result = await test.Session.Completion;
        Assert.Equal((CloseInitiator.Local, null, false), (result.Initiator, result.Sent, result.WasClean));
        Assert.IsType<TimeoutException>(result.Error);
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task DisposeAsync_waits_in_every_later_state_without_changing_the_cause(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> closing = SessionUnderTest.Of(kind);
        _ = closing.Session.CloseAsync(Ours);
        ValueTask first = closing.Session.DisposeAsync();
        closing.Peer.SendClose(Theirs);
        closing.Peer.SendEof();
        await first.Soon();
        Assert.Equal(Ours, (await closing.Session.Completion).Sent);

        await using SessionUnderTest<WebSocketSession> aborted = SessionUnderTest.Of(kind);
        aborted.Session.Abort();
        await aborted.Session.DisposeAsync().Soon();
        Assert.Null((await aborted.Session.Completion).Sent);

        await using SessionUnderTest<WebSocketSession> lost = SessionUnderTest.Of(kind);
        lost.Peer.SendEof();
        await lost.Session.Completion.Soon();
        await lost.Session.DisposeAsync().Soon();
        Assert.Equal(CloseInitiator.None, (await lost.Session.Completion).Initiator);
    }

    [Fact]
    public async Task An_abort_while_we_close_ends_the_wait_and_is_told()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        Assert.Equal("Close(4000: bye)", await test.SentAsync());

        test.Session.Abort();

        CloseResult result = await closing.Soon();
        Assert.Equal((CloseInitiator.Local, null, false), (result.Initiator, result.Received, result.WasClean));
        Assert.Contains("aborted", Assert.IsType<WebSocketException>(result.Error).Message, StringComparison.Ordinal);
        var closed = await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.Incoming.ReadAsync().Soon());
        Assert.Contains("aborted", closed.Message, StringComparison.Ordinal);
        Assert.Equal(result, await test.Session.Completion.Soon());
    }

    [Fact]
    public async Task An_abort_in_the_tail_ends_it_and_spoils_nothing()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        test.Peer.SendClose(Theirs);
        await test.Time.Armed(SessionLifetime.Tail);

        test.Session.Abort();

        Assert.Equal(
            new CloseResult { Initiator = CloseInitiator.Remote, Sent = Theirs, Received = Theirs, WasClean = true }, await test.Session.Completion.Soon());
    }

    [Fact]
    public async Task An_abort_releases_the_transport_before_it_returns()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);

        test.Session.Abort();

        Assert.True(test.Peer.Released.IsCompleted);
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task A_stream_that_ignores_its_own_disposal_delays_the_end_by_a_second_and_keeps_its_memory(SessionKind kind)
    {
        SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind);
        test.Peer.OutlivesRelease = true;
        test.Peer.BlockWrites();
        await test.Session.SendAsync("blocked");
        await Patience.Until(() => test.Peer.IsWriteBlocked);

        test.Session.Abort();
        await test.Time.Pass(SessionLifetime.Tail);
        await test.Session.Completion.Soon();

        Assert.NotEqual(0, test.Pool.Rented); // the write in progress may still read it
        test.Peer.UnblockWrites();
        await Patience.Until(() => test.Pool.Rented == 0);
    }

    [Fact]
    public async Task A_transport_that_throws_when_it_is_disposed_keeps_nobody_waiting()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest<DefaultWebSocketSession>.Open(
            (stream, owner, settings) => DefaultWebSocketSession.Over(stream, new ThrowingOwner(owner), settings));

        test.Session.Abort();

        Assert.Equal(CloseInitiator.Local, (await test.Session.Completion.Soon()).Initiator);
    }

    [Fact]
    public async Task A_logger_that_throws_keeps_nobody_waiting()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default, settings => settings with { Telemetry = new() { Logger = new ThrowingLogger() } });

        test.Peer.SendEof();

        Assert.Equal(CloseInitiator.None, (await test.Session.Completion.Soon()).Initiator);
    }

    [Fact]
    public async Task The_end_is_logged_without_the_openers_context()
    {
        var logger = new NotingLogger();
        NotingLogger.Ambient.Value = "the opener's";
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default, settings => settings with { Telemetry = new() { Logger = logger } });
        NotingLogger.Ambient.Value = null;

        test.Peer.SendClose(Theirs);
        test.Peer.SendEof();
        await test.Session.Completion.Soon();

        (string text, string? context) = logger.Lines[^1];
        Assert.Contains("ended", text, StringComparison.Ordinal);
        Assert.Null(context);
    }

    [Theory]
    [InlineData("peer", LogLevel.Information, "the peer closed it with 4001: \"ok\". Sent close code 4001, received 4001, 0 received messages discarded.")]
    [InlineData("close", LogLevel.Information, "we closed it with 4000. Sent close code 4000, received 4001, 0 received messages discarded.")]
    [InlineData("dispose", LogLevel.Information, "we closed it with 1000. Sent close code 1000, received 4001, 1 received messages discarded.")]
    [InlineData("lost", LogLevel.Warning, "the connection was lost without a Close frame (EndOfStreamException). Sent close code none, received none, 0 received messages discarded.")]
    [InlineData("abort", LogLevel.Warning, "it was aborted. Sent close code none, received none, 1 received messages discarded.")]
    [InlineData("error", LogLevel.Warning, "an error on our side ended it (FormatException). Sent close code 1011, received 4001, 1 received messages discarded.")]
    [InlineData("violation", LogLevel.Warning, "The peer broke the WebSocket protocol: a text message is not valid UTF-8. Sent close code 1007, received none, 0 received messages discarded.")]
    public async Task An_end_is_logged_as_what_it_was(string end, LogLevel level, string words)
    {
        foreach (SessionKind kind in Enum.GetValues<SessionKind>())
        {
            if (kind == SessionKind.Raw && end == "peer")
                continue; // its user answers
            using var logger = new ListLogger();
            await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind, settings => settings with { Telemetry = new() { Logger = logger, Target = new Uri("wss://me:s3cret@host.test/feed?s3cret") } });
            if (words.Contains("1 received", StringComparison.Ordinal))
            {
                test.Peer.SendFrame(Opcode.Text, "unread"u8);
                await test.Queued(1);
            }

            switch (end)
            {
                case "close": _ = test.Session.CloseAsync(Ours); break;
                case "dispose": _ = test.Session.DisposeAsync().AsTask(); break;
                case "error": _ = test.Session.CloseWithErrorAsync(new FormatException("s3cret")); break;
                case "abort": test.Session.Abort(); break;
                case "violation": test.Peer.SendHex("81 08 73 33 63 72 65 74 c3 28"); break;
            }

            if (end is not ("lost" or "abort" or "violation"))
                test.Peer.SendClose(Theirs);
            test.Peer.SendEof();
            await test.Session.Completion.Soon();

            // A raw session's peer's Close is a frame, too.
            string expected = kind == SessionKind.Raw && end is ("dispose" or "error") ? words.Replace("1 received", "2 received", StringComparison.Ordinal) : words;
            string session = $"WebSocket session {test.Session.Id} with wss://host.test/feed";
            Assert.Equal([(11, LogLevel.Information), (20, level)], logger.Entries.Select(entry => (entry.Id, entry.Level)));
            Assert.Equal($"{session} opened. ", logger.Entries[0].Text);
            Assert.Equal($"{session} ended: {expected} The last byte was received 0 s before, the last ping round trip was none. ", logger.Entries[1].Text);
        }
    }

    [Fact]
    [KtorParity("session/coroutineContext-cancel-isActive")]
    public async Task Callbacks_of_Closed_run_on_the_pool_and_hold_nothing_up()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
        using var release = new ManualResetEventSlim();
        var called = new TaskCompletionSource<(bool OnPool, bool IsComplete)>();
        using CancellationTokenRegistration registration = test.Session.Closed.Register(() =>
        {
            called.SetResult((Thread.CurrentThread.IsThreadPoolThread, test.Session.Completion.IsCompleted));
            release.Wait(Patience.Limit);
        });

        test.Session.Abort();
        await test.Session.Completion.Soon();
        await test.Session.DisposeAsync().Soon();

        Assert.Equal((true, true), await called.Task.Soon());
        release.Set();
    }

    [Fact]
    [KtorParity("weakness/1-the-close-reason-is-unreliable")]
    public async Task What_ends_the_session_first_counts_however_many_try()
    {
        for (int i = 0; i < 50; i++)
        {
            await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default);
            using var start = new Barrier(2);
            Task aborting = Task.Run(() =>
            {
                start.SignalAndWait(Patience.Limit);
                test.Session.Abort();
            });
            start.SignalAndWait(Patience.Limit);
            test.Peer.SendClose(Theirs);
            test.Peer.SendEof();
            await aborting.Soon();

            CloseResult result = await test.Session.Completion.Soon();

            Assert.Contains(result.Initiator, (CloseInitiator[])[CloseInitiator.Local, CloseInitiator.Remote]);
            Assert.Equal(result.Sent is not null && result.Received is not null, result.WasClean);
            Assert.Equal(result.Initiator == CloseInitiator.Remote ? Theirs : CloseReason.Abnormal, result.Reason);
        }
    }

    private static SessionSettings AsServer(SessionSettings settings) => settings with { Connection = settings.Connection with { Role = WebSocketRole.Server } };

    private sealed class ThrowingOwner(IDisposable owner) : IDisposable
    {
        public void Dispose()
        {
            owner.Dispose();
            throw new InvalidOperationException("The transport is a bad one.");
        }
    }

    private sealed class NotingLogger : ILogger
    {
        public static readonly AsyncLocal<string?> Ambient = new();

        public List<(string Text, string? Context)> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add((formatter(state, exception), Ambient.Value));
    }

    private sealed class ThrowingLogger : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new InvalidOperationException("The logger is a bad one.");
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Aborting_a_raw_session_whose_peer_has_closed_ends_it_at_once(bool hasTimeout)
    {
        await using SessionUnderTest<RawWebSocketSession> test =
            SessionUnderTest.Raw(settings => hasTimeout ? settings : settings with { CloseTimeout = Timeout.InfiniteTimeSpan });
        test.Peer.SendClose(CloseReason.Normal);
        await test.Until(WebSocketSessionState.PeerClosing);

        test.Session.Abort();

        CloseResult result = await test.Session.Completion.Soon();
        Assert.False(result.WasClean);
        Assert.IsType<WebSocketException>(result.Error);
    }

    [Fact]
    public async Task A_raw_session_whose_unanswered_peer_takes_no_more_ends_with_the_failed_write()
    {
        await using SessionUnderTest<RawWebSocketSession> test = SessionUnderTest.Raw(settings => settings with { CloseTimeout = Timeout.InfiniteTimeSpan });
        test.Peer.SendClose(CloseReason.Normal);
        await test.Until(WebSocketSessionState.PeerClosing);
        test.Peer.SendEof();
        test.Peer.FailWrites(new IOException("reset"));

        await test.Session.SendAsync("into the void");

        Assert.Equal("reset", (await test.Session.Completion.Soon()).Error?.Message);
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    [KtorParity("test-default-session/testWebSocketSessionInheritsServerCoroutineContext")]
    public async Task An_open_session_keeps_nothing_of_its_openers_context(SessionKind kind)
    {
        var ambient = new AsyncLocal<object?>();
        (WeakReference context, SessionUnderTest<WebSocketSession> test) = OpenInContext();
        await using (test)
        {
            // What opening has queued to the pool has run once all of this has.
            await Task.Run(static () => { });
            await Patience.Until(() =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return !context.IsAlive;
            });
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        (WeakReference Context, SessionUnderTest<WebSocketSession> Test) OpenInContext()
        {
            (WeakReference, SessionUnderTest<WebSocketSession>) opened = default;
            var thread = new Thread(() =>
            {
                object context = new();
                ambient.Value = context;
                opened = (new WeakReference(context), SessionUnderTest.Of(kind));
            });
            thread.Start();
            thread.Join();
            return opened;
        }
    }

    [Fact]
    public async Task A_callback_of_Closed_that_throws_is_logged_and_disturbs_nobody()
    {
        var logger = new ListLogger();
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { Telemetry = new() { Logger = logger } });
        test.Session.Closed.Register(() => throw new InvalidOperationException("a user's mistake"));

        test.Session.Abort();

        await test.Session.Completion.Soon();
        await Patience.Until(() => logger.Entries.Any(entry => entry.Id == 21 && entry.Text.Contains("a user's mistake", StringComparison.Ordinal)));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_reader_whose_context_refuses_keeps_no_session_from_ending(bool byAbort)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        Task reading = WaitInRefusingContext();

        if (byAbort)
            test.Session.Abort();
        else
            test.Peer.SendEof();

        await test.Session.Completion.Soon();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => reading.Soon());

        Task WaitInRefusingContext()
        {
            SynchronizationContext? before = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(new RefusingContext());
            Task reading = ReadAsync();
            SynchronizationContext.SetSynchronizationContext(before);
            return reading;
        }

        async Task ReadAsync() => await test.Session.Incoming.WaitToReadAsync();
    }

    [Fact]
    public async Task Whoever_waits_behind_a_sender_that_is_held_up_learns_at_once_that_we_have_closed()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { CloseTimeout = Timeout.InfiniteTimeSpan });
        test.Peer.BlockWrites();
        Task heldUp = test.Session.SendAsync(new byte[1_000_000]).AsTask();
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        Task waiting = test.Session.SendAsync("waiting").AsTask();

        Task<CloseResult> closing = test.Session.CloseAsync();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => waiting.Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.SendAsync("late").Soon());
        test.Peer.UnblockWrites();
        await heldUp.Soon(); // from its first staged byte on it has to be finished
        test.Peer.SendClose(CloseReason.Normal);
        test.Peer.SendEof();
        Assert.True((await closing.Soon()).WasClean);
    }

    private sealed class RefusingContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => throw new InvalidOperationException("The window is gone.");
    }
}
