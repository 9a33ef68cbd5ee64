using System.Net.Sockets;

namespace Duplex.Tests;

public class CloseStateTests
{
    private static readonly CloseReason Ours = new(CloseCode.GoingAway, "ours");
    private static readonly CloseReason Theirs = new((CloseCode)4000, "theirs");

    private readonly CloseState _state = new();

    // Our Close went out.
    private void Send(CloseReason reason)
    {
        Assert.True(_state.TryStage(reason));
        _state.MarkFlushed();
    }

    private void AssertResult(CloseReason? sent, CloseReason? received, CloseInitiator initiator, bool wasClean, Exception? error = null)
    {
        _state.MarkEnded();
        CloseResult result = _state.ToResult(7);

        Assert.Equal(WebSocketSessionState.Ended, _state.State);
        Assert.Equal((sent, received, initiator, wasClean, 7), (result.Sent, result.Received, result.Initiator, result.WasClean, result.DiscardedMessages));
        Assert.Same(error, result.Error);

        WebSocketClosedException exception = _state.ToSendException(7);
        Assert.Equal(result, exception.Result);
        Assert.Same(error, exception.InnerException);
    }

    [Fact]
    public void A_session_is_open_until_a_cause_begins_its_end()
    {
        Assert.Equal(WebSocketSessionState.Open, _state.State);
        Assert.Null(_state.Cause);
        Assert.Null(_state.Received);
        Assert.Null(_state.Staged);
        Assert.Null(_state.Failure);
        Assert.Null(_state.ToReceiveException());
        Assert.Throws<ArgumentNullException>(() => _state.TryBegin(null!));
    }

    [Fact]
    public void The_first_cause_wins_and_the_loser_reads_the_winners()
    {
        CloseCause first = CloseCause.Peer(Theirs);

        Assert.True(_state.TryBegin(first));
        Assert.False(_state.TryBegin(CloseCause.Local(Ours)));
        Assert.False(_state.TryBegin(first));

        Assert.Same(first, _state.Cause);
        Assert.Equal(Theirs, _state.Received);
    }

    [Fact]
    public void Of_many_causes_at_once_exactly_one_wins_and_everybody_sees_that_one()
    {
        for (int round = 0; round < 500; round++)
        {
            var state = new CloseState();
            CloseCause[] causes = [CloseCause.Local(Ours), CloseCause.Peer(Theirs), CloseCause.Lost(new EndOfStreamException()), CloseCause.Aborted()];
            bool[] won = new bool[causes.Length];
            var seen = new CloseCause?[causes.Length];
            var received = new CloseReason?[causes.Length];

            Parallel.For(0, causes.Length, i =>
            {
                won[i] = state.TryBegin(causes[i]);
                seen[i] = state.Cause;
                received[i] = state.Received;
            });

            CloseCause winner = causes[Array.IndexOf(won, true)];
            Assert.Single(won, true);
            Assert.All(seen, cause => Assert.Same(winner, cause));
            Assert.All(received, reason => Assert.Equal(winner.Received, reason));
        }
    }

    [Fact]
    public void Only_one_Close_is_ever_staged()
    {
        int staged = 0;
        Parallel.For(0, 16, _ =>
        {
            if (_state.TryStage(Ours))
                Interlocked.Increment(ref staged);
        });

        Assert.Equal(1, staged);
        Assert.False(_state.TryStage(Theirs));
        Assert.Equal(Ours, _state.Staged);
    }

    [Fact]
    public void Row_1_our_close_is_answered()
    {
        Assert.True(_state.TryBegin(CloseCause.Local(Ours)));
        Assert.Equal(WebSocketSessionState.Closing, _state.State);
        Send(Ours);
        Assert.Null(_state.ToReceiveException());
        _state.MarkReceived(Theirs);
        Assert.Equal(WebSocketSessionState.Closing, _state.State);

        Assert.Null(_state.ToReceiveException());
        AssertResult(Ours, Theirs, CloseInitiator.Local, wasClean: true);
        Assert.Equal(Ours, _state.ToResult().Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Row_1b_the_peer_never_answers_or_never_reads(bool isFlushed)
    {
        var timeout = new TimeoutException("The peer did not answer.");
        _state.TryBegin(CloseCause.Local(Ours));
        _state.TryStage(Ours);
        if (isFlushed)
            _state.MarkFlushed();
        _state.Fail(timeout);

        var exception = Assert.IsType<WebSocketClosedException>(_state.ToReceiveException(7));
        Assert.Same(timeout, exception.InnerException);
        Assert.Equal(_state.ToResult(7), exception.Result);
        AssertResult(isFlushed ? Ours : null, null, CloseInitiator.Local, wasClean: false, timeout);
    }

    [Fact]
    public void Row_1_a_rule_broken_while_we_wait_for_the_peers_close_is_what_the_receiver_gets()
    {
        foreach (ProtocolViolation violation in (ProtocolViolation[])[ProtocolViolation.Protocol("x"), ProtocolViolation.TooBig("MaxFrameSize", 1, 2)])
        {
            var state = new CloseState();
            state.TryBegin(CloseCause.Local(Ours));
            WebSocketException error = violation.ToException();
            state.Fail(error);

            Assert.Same(error, state.ToReceiveException());
            Assert.Same(error, state.ToResult().Error);
        }
    }

    [Fact]
    public void Row_2_leaving_ends_what_is_received_normally_if_the_peer_closes_too_and_nothing_was_discarded()
    {
        _state.TryBegin(CloseCause.CloseAndDiscard(CloseReason.Normal));
        Assert.Equal(WebSocketSessionState.Closing, _state.State);
        Send(CloseReason.Normal);
        _state.MarkReceived(Theirs);

        Assert.Null(_state.ToReceiveException());
        var lost = Assert.IsType<WebSocketClosedException>(_state.ToReceiveException(discardedMessages: 3));
        Assert.Contains("3 received messages were discarded", lost.Message, StringComparison.Ordinal);
        Assert.Equal(3, lost.Result.DiscardedMessages);
        Assert.Contains("one received message was discarded", _state.ToReceiveException(discardedMessages: 1)!.Message, StringComparison.Ordinal);
        AssertResult(CloseReason.Normal, Theirs, CloseInitiator.Local, wasClean: true);
    }

    [Fact]
    public void Row_2_leaving_a_peer_that_breaks_a_rule_then_is_no_normal_end()
    {
        _state.TryBegin(CloseCause.CloseAndDiscard(CloseReason.Normal));
        Send(CloseReason.Normal);

        var error = new WebSocketProtocolException("x");
        _state.Fail(error);

        Assert.Same(error, _state.ToReceiveException());
        AssertResult(CloseReason.Normal, null, CloseInitiator.Local, wasClean: false, error);
    }

    [Fact]
    public void Row_3_an_error_of_the_users_block_is_the_results_error_and_no_receivers()
    {
        var error = new InvalidOperationException();
        _state.TryBegin(CloseCause.CloseAndDiscard(new CloseReason(CloseCode.InternalError), error));
        Send(new CloseReason(CloseCode.InternalError));
        _state.MarkReceived(Theirs);

        Assert.Null(_state.ToReceiveException());
        AssertResult(new CloseReason(CloseCode.InternalError), Theirs, CloseInitiator.Local, wasClean: true, error);
    }

    [Fact]
    public void Row_4_the_peers_close_is_echoed()
    {
        _state.TryBegin(CloseCause.Peer(Theirs));
        Assert.Equal(WebSocketSessionState.PeerClosing, _state.State);
        Send(_state.Cause!.Reason!);

        Assert.Null(_state.ToReceiveException());
        AssertResult(Theirs, Theirs, CloseInitiator.Remote, wasClean: true);
        Assert.Equal(Theirs, _state.ToResult().Reason);
    }

    [Fact]
    public void Row_4_without_our_echo_the_end_is_not_clean_but_still_normal_for_a_receiver()
    {
        var error = new IOException();
        _state.TryBegin(CloseCause.Peer(Theirs));
        _state.TryStage(Theirs);
        _state.Fail(error);

        Assert.Null(_state.ToReceiveException());
        AssertResult(null, Theirs, CloseInitiator.Remote, wasClean: false, error);
    }

    [Fact]
    public void Row_5_an_empty_close_of_the_peer_is_1005_both_ways()
    {
        _state.TryBegin(CloseCause.Peer(CloseReason.NoStatus));
        Send(_state.Cause!.Reason!);

        AssertResult(CloseReason.NoStatus, CloseReason.NoStatus, CloseInitiator.Remote, wasClean: true);
    }

    [Theory]
    [InlineData("protocol", CloseCode.ProtocolError)]
    [InlineData("UTF-8", CloseCode.InvalidFramePayloadData)]
    [InlineData("size", CloseCode.MessageTooBig)]
    public void Rows_6_9_10_11_a_violation_is_what_the_receiver_gets(string kind, CloseCode code)
    {
        CloseCause cause = CloseCause.Violation(kind switch
        {
            "protocol" => ProtocolViolation.Protocol("x"),
            "UTF-8" => ProtocolViolation.InvalidUtf8("x"),
            _ => ProtocolViolation.TooBig("MaxFrameSize", 1, 2),
        });
        _state.TryBegin(cause);
        Assert.Equal(WebSocketSessionState.Closing, _state.State);
        Send(cause.Reason!);

        Assert.Same(cause.Error, _state.ToReceiveException());
        AssertResult(new CloseReason(code), null, CloseInitiator.Local, wasClean: false, cause.Error);
    }

    [Fact]
    public void Rows_7_8_a_lost_connection_is_abnormal_and_begun_by_nobody()
    {
        foreach (Exception error in (Exception[])[new EndOfStreamException(), new IOException()])
        {
            var state = new CloseState();
            state.TryBegin(CloseCause.Lost(error));

            Assert.Equal(WebSocketSessionState.Ended, state.State);
            var exception = Assert.IsType<WebSocketClosedException>(state.ToReceiveException());
            Assert.Same(error, exception.InnerException);
            Assert.Equal((null, null, CloseInitiator.None, false), (exception.Result.Sent, exception.Result.Received, exception.Result.Initiator, exception.Result.WasClean));
            Assert.Equal(CloseReason.Abnormal, exception.Result.Reason);
        }
    }

    [Fact]
    public void Row_12_and_17_a_failure_of_our_own_is_what_the_receiver_gets()
    {
        foreach (WebSocketException error in (WebSocketException[])[new WebSocketProtocolException("x", CloseCode.InvalidFramePayloadData), new ChannelOverflowException()])
        {
            var state = new CloseState();
            state.TryBegin(CloseCause.Failure(new CloseReason(CloseCode.InternalError), error));

            Assert.Equal(WebSocketSessionState.Closing, state.State);
            Assert.Same(error, state.ToReceiveException());
            Assert.Same(error, state.ToSendException().InnerException);
        }
    }

    [Fact]
    public void Row_13_a_ping_timeout_is_told_to_receivers_in_its_own_words()
    {
        _state.TryBegin(CloseCause.Lost(new TimeoutException("ping timeout")));

        var exception = Assert.IsType<WebSocketClosedException>(_state.ToReceiveException());
        Assert.Contains("ping timeout", exception.Message, StringComparison.Ordinal);
        Assert.IsType<TimeoutException>(exception.InnerException);
    }

    [Fact]
    public void Row_16_a_full_send_queue_leaves_receiving_open_until_the_peers_close()
    {
        var overflow = new ChannelOverflowException();
        _state.TryBegin(CloseCause.SendOverflow(overflow));
        Send(_state.Cause!.Reason!);
        Assert.Null(_state.ToReceiveException());
        _state.MarkReceived(Theirs);

        Assert.Null(_state.ToReceiveException());
        AssertResult(new CloseReason(CloseCode.InternalError), Theirs, CloseInitiator.Local, wasClean: true, overflow);
    }

    [Fact]
    public void Row_19_an_abort_ends_at_once()
    {
        _state.TryBegin(CloseCause.Aborted());

        Assert.Equal(WebSocketSessionState.Ended, _state.State);
        var exception = Assert.IsType<WebSocketClosedException>(_state.ToReceiveException());
        Assert.Contains("aborted", exception.Message, StringComparison.Ordinal);
        Assert.Null(exception.InnerException);
        AssertResult(null, null, CloseInitiator.Local, wasClean: false);
    }

    [Fact]
    public void On_a_raw_session_the_peers_close_waits_for_the_users_answer()
    {
        _state.TryBegin(CloseCause.Peer(Theirs, answer: false));

        Assert.Equal(WebSocketSessionState.PeerClosing, _state.State);
        Assert.Null(_state.Staged);
        Assert.Null(_state.ToReceiveException());
        Send(Ours);
        AssertResult(Ours, Theirs, CloseInitiator.Remote, wasClean: true);
    }

    [Fact]
    public void What_fails_behind_a_clean_end_changes_nothing()
    {
        _state.TryBegin(CloseCause.Local(Ours));
        Send(Ours);
        _state.MarkReceived(Theirs);

        _state.Fail(new IOException());

        Assert.Null(_state.ToReceiveException());
        AssertResult(Ours, Theirs, CloseInitiator.Local, wasClean: true);
    }

    [Fact]
    public void After_the_peers_close_a_receiver_keeps_its_normal_end_even_if_ours_never_goes_out()
    {
        var error = new TimeoutException("The peer did not read.");
        _state.TryBegin(CloseCause.Local(Ours));
        _state.TryStage(Ours);
        _state.MarkReceived(Theirs);
        _state.Fail(error);

        Assert.Null(_state.ToReceiveException());
        AssertResult(null, Theirs, CloseInitiator.Local, wasClean: false, error);
    }

    [Fact]
    public void A_later_violation_does_not_replace_a_lost_connection_or_an_abort()
    {
        foreach (CloseCause cause in (CloseCause[])[CloseCause.Lost(new IOException()), CloseCause.Aborted()])
        {
            var state = new CloseState();
            state.TryBegin(cause);
            state.Fail(new WebSocketProtocolException("x"));

            var exception = Assert.IsType<WebSocketClosedException>(state.ToReceiveException());
            Assert.Same(cause.ReceiveError, exception.InnerException);
        }
    }

    [Fact]
    public void The_first_failure_and_the_first_close_of_the_peer_are_kept()
    {
        var first = new IOException();
        _state.Fail(first);
        _state.Fail(new TimeoutException());
        Assert.Same(first, _state.Failure);

        _state.MarkReceived(Theirs);
        _state.MarkReceived(Ours);
        Assert.Equal(Theirs, _state.Received);
    }

    [Fact]
    public void A_Close_counts_as_sent_only_once_the_transport_accepted_it()
    {
        _state.TryBegin(CloseCause.Local(Ours));
        _state.TryStage(Ours);
        Assert.Null(_state.ToResult().Sent);
        Assert.Equal(CloseReason.Abnormal, _state.ToResult().Reason);

        _state.MarkFlushed();

        Assert.Equal(Ours, _state.ToResult().Sent);
    }

    [Fact]
    public void Messages_say_what_happened_and_of_foreign_words_only_the_text_of_the_peers_Close()
    {
        (CloseCause Cause, Exception? Failure, string Words)[] cases =
        [
            (CloseCause.Local(Ours), null, "we closed it with 1001"),
            (CloseCause.Local(Ours), new IOException("ours"), "we closed it with 1001, but not cleanly (IOException)"),
            (CloseCause.Peer(Theirs), null, "the peer closed it with 4000: \"theirs\""),
            (CloseCause.Peer(CloseReason.NoStatus), null, "the peer closed it with 1005 NoStatusReceived"),
            (CloseCause.Peer(new CloseReason(CloseCode.PolicyViolation, "say \"please\"\r\n")), null, "the peer closed it with 1008 PolicyViolation: \"say \\\"please\\\"\\u000D\\u000A\""),
            (CloseCause.Peer(Theirs), new TimeoutException("It took too long."), "the peer closed it with 4000: \"theirs\", but not cleanly (It took too long)"),
            (CloseCause.CloseAndDiscard(Ours, new InvalidOperationException("ours")), null, "an error on our side ended it (InvalidOperationException)"),
            (CloseCause.CloseAndDiscard(Ours, new TimeoutException("ours")), null, "an error on our side ended it (TimeoutException)"),
            (CloseCause.Failure(Ours, new FormatException("ours")), null, "an error on our side ended it (FormatException)"),
            (CloseCause.Lost(new IOException("theirs")), null, "the connection was lost without a Close frame (IOException)"),
            (CloseCause.Lost(new IOException("theirs", new SocketException((int)SocketError.ConnectionReset))), null, $"the connection was lost without a Close frame (IOException: {new SocketException((int)SocketError.ConnectionReset).Message})"),
            (CloseCause.Aborted(), null, "it was aborted"),
        ];
        foreach ((CloseCause cause, Exception? failure, string words) in cases)
        {
            var state = new CloseState();
            state.TryBegin(cause);
            if (failure is not null)
                state.Fail(failure);

            Assert.Equal($"The WebSocket session takes no more frames: {words}.", state.ToSendException().Message);
        }
    }
}
