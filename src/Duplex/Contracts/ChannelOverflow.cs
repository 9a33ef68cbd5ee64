namespace Duplex;

/// <summary>What happens when a session's queue is full.</summary>
public enum ChannelOverflow
{
    /// <summary>Whoever fills it waits for room: a sender in its call, the receive loop by not reading, which the peer feels as back-pressure.</summary>
    Suspend,

    /// <summary>The session closes with 1011 and a <see cref="ChannelOverflowException"/>. No frame that was queued is lost.</summary>
    Close,
}
