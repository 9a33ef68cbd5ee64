namespace Duplex.Tests;

public sealed class WebSocketChannelsOptionsTests
{
    [Fact]
    [KtorParity("options/channels", "channels/WebSocketChannelsConfig-incoming-outgoing")]
    public void Both_queues_can_be_set_and_not_to_null()
    {
        WebSocketChannelsOptions channels = new WebSocketsOptions().Channels;
        ChannelConfig incoming = ChannelConfig.Bounded(1, 2), outgoing = ChannelConfig.Bounded(3, 4, ChannelOverflow.Close);

        channels.Incoming = incoming;
        channels.Outgoing = outgoing;

        Assert.Throws<ArgumentNullException>(() => channels.Incoming = null!);
        Assert.Throws<ArgumentNullException>(() => channels.Outgoing = null!);
        Assert.Same(incoming, channels.Incoming);
        Assert.Same(outgoing, channels.Outgoing);
    }

    [Fact]
    [KtorParity("options/channels")]
    public void A_copy_is_independent()
    {
        var channels = new WebSocketChannelsOptions { Incoming = ChannelConfig.Unlimited };

        WebSocketChannelsOptions copy = channels.Copy();
        channels.Incoming = ChannelConfig.Bounded(1, 1);

        Assert.Same(ChannelConfig.Unlimited, copy.Incoming);
        Assert.Same(ChannelConfig.DefaultOutgoing, copy.Outgoing);
    }
}
