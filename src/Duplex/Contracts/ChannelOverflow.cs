namespace Duplex;

/// <summary>What happens when a session's queue is full.</summary>
public enum ChannelOverflow
{
    /// <summary>
    /// The producer waits: a sender in its call; the receive loop stops reading, which slows the peer down
    /// (backpressure).
    /// </summary>
    Suspend,

    /// <summary>
    /// The session closes with 1011 and a <see cref="ChannelOverflowException"/>; queued frames are not lost.
    /// </summary>
    Close,
}
