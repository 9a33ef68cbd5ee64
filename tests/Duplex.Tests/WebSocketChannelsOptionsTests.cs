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
    public void Neither_can_be_set_once_a_handler_is_made_with_them()
    {
        var options = new WebSocketsOptions();
        using var handler = new WebSocketsHandler(options);

        Assert.Throws<InvalidOperationException>(() => options.Channels.Incoming = ChannelConfig.Unlimited);
        Assert.Throws<InvalidOperationException>(() => options.Channels.Outgoing = ChannelConfig.Unlimited);
        Assert.Same(ChannelConfig.DefaultIncoming, options.Channels.Incoming);
        Assert.Same(ChannelConfig.DefaultOutgoing, options.Channels.Outgoing);
    }
}
