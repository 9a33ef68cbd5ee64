namespace Duplex;

/// <summary>What happens when a session's queue is full.</summary>
public enum ChannelOverflow
{
    /// <summary>
    /// The producer waits for room: a sender waits in its call, and the receive loop stops reading, which slows the
    /// peer down (backpressure).
    /// </summary>
    Suspend,

    /// <summary>
    /// The session closes with 1011 and a <see cref="ChannelOverflowException"/>. Frames already queued are not lost.
    /// </summary>
    Close,
}
