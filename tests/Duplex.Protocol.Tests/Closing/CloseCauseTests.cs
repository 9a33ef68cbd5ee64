namespace Duplex.Tests;

public class CloseCauseTests
{
    private static readonly CloseReason Reason = new((CloseCode)4000, "why");

    [Fact]
    public void Our_close_leaves_receiving_open_until_the_peers()
    {
        CloseCause cause = CloseCause.Local(Reason);

        Assert.Equal((CloseInitiator.Local, Reason), (cause.Initiator, cause.Reason));
        Assert.True(cause is { AwaitsPeer: true, DropsReceived: false, StopsParsing: false, Error: null, ReceiveError: null, Received: null });
    }

    [Fact]
    public void Leaving_drops_what_was_received_and_waits_for_the_peer_even_with_an_error()
    {
        var error = new InvalidOperationException();
        CloseCause cause = CloseCause.CloseAndDiscard(Reason, error);

        Assert.Equal((CloseInitiator.Local, Reason), (cause.Initiator, cause.Reason));
        Assert.Same(error, cause.Error);
        Assert.True(cause is { AwaitsPeer: true, DropsReceived: true, StopsParsing: false, ReceiveError: null });
    }

    [Fact]
    public void The_peers_close_is_answered_with_the_same()
    {
        CloseCause cause = CloseCause.Peer(Reason);

        Assert.Equal((CloseInitiator.Remote, Reason, Reason), (cause.Initiator, cause.Reason, cause.Received));
        Assert.True(cause is { AwaitsPeer: false, DropsReceived: false, Error: null, ReceiveError: null });
    }

    [Fact]
    public void A_raw_sessions_user_answers_the_peers_close()
    {
        CloseCause cause = CloseCause.Peer(Reason, answer: false);

        Assert.Equal((CloseInitiator.Remote, null, Reason), (cause.Initiator, cause.Reason, cause.Received));
    }

    [Fact]
    public void A_violation_is_told_to_the_peer_by_its_code_alone_and_to_the_receiver_as_it_is()
    {
        CloseCause cause = CloseCause.Violation(ProtocolViolation.InvalidUtf8("a text message"));

        Assert.Equal((CloseInitiator.Local, new CloseReason(CloseCode.InvalidFramePayloadData)), (cause.Initiator, cause.Reason));
        Assert.Equal(CloseCode.InvalidFramePayloadData, Assert.IsType<WebSocketProtocolException>(cause.Error).CloseCode);
        Assert.Same(cause.Error, cause.ReceiveError);
        Assert.True(cause is { AwaitsPeer: false, DropsReceived: false, StopsParsing: true, WrapsError: false });
        Assert.Throws<ArgumentNullException>(() => CloseCause.Violation(null!));
    }

    [Fact]
    public void A_limit_that_was_passed_is_1009_and_names_limit_and_size()
    {
        CloseCause cause = CloseCause.Violation(ProtocolViolation.TooBig("MaxFrameSize", 10, 11));

        Assert.Equal(new CloseReason(CloseCode.MessageTooBig), cause.Reason);
        var error = Assert.IsType<FrameTooBigException>(cause.ReceiveError);
        Assert.Equal((10, 11), (error.Limit, error.Size));
    }

    [Fact]
    public void A_failure_on_our_side_is_told_to_both()
    {
        var error = new WebSocketException("An extension failed.");
        CloseCause cause = CloseCause.Failure(new CloseReason(CloseCode.InternalError), error);

        Assert.Equal((CloseInitiator.Local, CloseCode.InternalError), (cause.Initiator, cause.Reason!.Code));
        Assert.Same(error, cause.Error);
        Assert.Same(error, cause.ReceiveError);
        Assert.True(cause is { AwaitsPeer: false, DropsReceived: false, StopsParsing: false, WrapsError: false });
    }

    [Fact]
    public void A_full_send_queue_closes_with_1011_and_leaves_receiving_open()
    {
        var error = new ChannelOverflowException();
        CloseCause cause = CloseCause.SendOverflow(error);

        Assert.Equal((CloseInitiator.Local, CloseCode.InternalError), (cause.Initiator, cause.Reason!.Code));
        Assert.Same(error, cause.Error);
        Assert.True(cause is { AwaitsPeer: true, DropsReceived: false, ReceiveError: null });
    }

    [Fact]
    public void A_lost_transport_was_begun_by_nobody_and_nobody_is_told()
    {
        var error = new EndOfStreamException();
        CloseCause cause = CloseCause.Lost(error);

        Assert.Equal((CloseInitiator.None, null), (cause.Initiator, cause.Reason));
        Assert.Same(error, cause.ReceiveError);
        Assert.True(cause is { AwaitsPeer: false, DropsReceived: false, WrapsError: true });
    }

    [Fact]
    public void An_abort_tells_nobody_and_drops_what_was_received()
    {
        CloseCause cause = CloseCause.Aborted();

        Assert.Equal((CloseInitiator.Local, null), (cause.Initiator, cause.Reason));
        Assert.True(cause is { AwaitsPeer: false, DropsReceived: true, WrapsError: true, Error: null, ReceiveError: null });
    }
}
