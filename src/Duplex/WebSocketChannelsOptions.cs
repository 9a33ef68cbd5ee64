namespace Duplex;

/// <summary>The bounds of a session's two queues, copied with their <see cref="WebSocketsOptions"/>.</summary>
public sealed class WebSocketChannelsOptions
{
    /// <summary>
    /// The queue of received frames; default: 4,096 frames and 4 MiB of payload. While it is full, nothing is read: the
    /// peer slows down (backpressure), and memory stays bounded.
    /// </summary>
    /// <remarks>
    /// While nothing is read, the peer's pings are not answered, and many servers then close with 1011. Receive in a
    /// loop that never waits long, with slow work elsewhere. Or raise the bound to the feed's bytes per second times
    /// the longest delay. Unless pings are off, a queue full for longer than the ping interval is logged as a warning
    /// (event 23).
    /// </remarks>
    public ChannelConfig Incoming
    {
        get;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value;
        }
    } = ChannelConfig.DefaultIncoming;

    /// <summary>
    /// The queue of sent frames not written yet; default: 4,096 frames and 256 KiB. While it is full, senders wait.
    /// </summary>
    public ChannelConfig Outgoing
    {
        get;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value;
        }
    } = ChannelConfig.DefaultOutgoing;

    internal WebSocketChannelsOptions Copy() => (WebSocketChannelsOptions)MemberwiseClone();
}
