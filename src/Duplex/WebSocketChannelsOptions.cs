namespace Duplex;

/// <summary>How much a session's two queues hold. Part of <see cref="WebSocketsOptions"/>, and copied with them.</summary>
public sealed class WebSocketChannelsOptions
{
    /// <summary>
    /// Received frames that were not taken yet. Default: 4,096 frames and 4 MiB of payload. When it is full, the peer is not read until there is room: it slows down (backpressure),
    /// and memory stays bounded.
    /// </summary>
    /// <remarks>
    /// While nothing is read, the peer's pings are not answered, and many servers then close with 1011. There are two remedies. Receive in a loop that never waits long, and hand slow work
    /// to a task or channel of your own. Or raise the bound to what a slow time brings: bytes a second, times its length. A queue that stays full for longer than the ping interval is
    /// logged as a warning (event 23), once each time; not where pings are off.
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

    /// <summary>Sent frames that no write has taken yet. Default: 4,096 frames and 256 KiB; when full, a sender waits.</summary>
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
