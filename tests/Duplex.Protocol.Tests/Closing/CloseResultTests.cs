namespace Duplex.Tests;

public class CloseResultTests
{
    private static readonly CloseReason Ours = new(CloseCode.GoingAway, "ours");
    private static readonly CloseReason Theirs = new((CloseCode)4000, "theirs");

    [Theory]
    [InlineData(CloseInitiator.Local, "ours")]
    [InlineData(CloseInitiator.Remote, "theirs")]
    [InlineData(CloseInitiator.None, "")]
    public void The_reason_is_that_of_who_began(CloseInitiator initiator, string expected)
    {
        var result = new CloseResult { Sent = Ours, Received = Theirs, Initiator = initiator };

        Assert.Equal(expected, result.Reason.Message);
    }

    [Theory]
    [InlineData(CloseInitiator.Local)]
    [InlineData(CloseInitiator.Remote)]
    [InlineData(CloseInitiator.None)]
    [KtorParity("weakness/1-the-close-reason-is-unreliable")]
    public void Without_a_Close_the_reason_is_1006(CloseInitiator initiator) =>
        Assert.Equal(CloseReason.Abnormal, new CloseResult { Initiator = initiator }.Reason);

    [Fact]
    public void An_empty_Close_of_the_peer_is_1005() =>
        Assert.Equal(CloseReason.NoStatus, new CloseResult { Initiator = CloseInitiator.Remote, Received = CloseReason.NoStatus }.Reason);

    [Fact]
    public void Its_string_form_is_one_line_whatever_the_peer_has_written() =>
        Assert.Equal(
            "clean, begun by the peer, sent nothing, received 4000: one\\u000Atwo",
            new CloseResult { Received = new CloseReason((CloseCode)4000, "one\ntwo"), Initiator = CloseInitiator.Remote, WasClean = true }.ToString());

    [Theory]
    [InlineData(CloseInitiator.Local, true, "clean, begun by us, sent 1001 GoingAway: ours, received nothing")]
    [InlineData(CloseInitiator.Remote, false, "not clean, begun by the peer, sent 1001 GoingAway: ours, received nothing")]
    [InlineData(CloseInitiator.None, false, "not clean, begun by no side, sent 1001 GoingAway: ours, received nothing")]
    public void Its_string_form_tells_who_began_and_both_reasons(CloseInitiator initiator, bool wasClean, string expected) =>
        Assert.Equal(expected, new CloseResult { Sent = Ours, Initiator = initiator, WasClean = wasClean }.ToString());
}
