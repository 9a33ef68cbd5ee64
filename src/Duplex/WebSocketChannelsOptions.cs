namespace Duplex;

/// <summary>
/// The bounds of a session's two queues. They are part of <see cref="WebSocketsOptions"/> and copied with them.
/// </summary>
public sealed class WebSocketChannelsOptions
{
    /// <summary>
    /// The queue of received frames. Default: 4,096 frames and 4 MiB of payload. While it is full, nothing is read from
    /// the peer: the peer slows down (backpressure), and memory stays bounded.
    /// </summary>
    /// <remarks>
    /// While nothing is read, the peer's pings are not answered, and many servers then close with 1011. Receive in a
    /// loop that never waits long, and hand slow work to a task or channel of your own. Or raise the bound to the bytes
    /// per second of the feed times the longest delay. A queue that stays full for longer than the ping interval is
    /// logged as a warning (event 23), once each time, unless pings are off.
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
    /// The queue of sent frames that are not written yet. Default: 4,096 frames and 256 KiB. While it is full, senders
    /// wait.
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
