namespace Duplex.Tests;

public class DisconnectFactsTests
{
    [Fact]
    public void A_close_counts_for_the_side_that_began()
    {
        var peers = new DisconnectFacts(Ended.Ready(default, Ended.ByPeer(1008)));
        var ours = new DisconnectFacts(Ended.Ready(default, Ended.ByUs(1008)));
        var lost = new DisconnectFacts(Ended.Ready(default));

        Assert.Equal((CloseCode.PolicyViolation, false), (peers.PeersCode, peers.IsOurClose));
        Assert.Equal((null, true), (ours.PeersCode, ours.IsOurClose));
        Assert.Equal((null, false), (lost.PeersCode, lost.IsOurClose));
    }

    [Fact]
    public void A_refusal_counts_only_while_connecting()
    {
        var refused = new DisconnectFacts(Ended.Refused(404));
        var elsewhere = new DisconnectFacts(Ended.Refused(404) with { Phase = DisconnectPhase.Configuring });

        Assert.Equal((HandshakeCheck.Status, 404), (refused.Check, refused.Status));
        Assert.Equal((null, null), (elsewhere.Check, elsewhere.Status));
    }

    [Fact]
    public void The_errors_of_the_verdict_and_of_the_close_count()
    {
        var facts = new DisconnectFacts(Ended.Ready(default, new CloseResult { Error = new AggregateException(new FrameTooBigException()) }) with { Error = new FormatException() });

        Assert.True(facts.Has<FrameTooBigException>());
        Assert.True(facts.Has<FormatException>());
        Assert.False(facts.Has<TimeoutException>());
        Assert.False(facts.Threw<FormatException>()); // the connection was lost
    }
}
