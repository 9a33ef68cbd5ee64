namespace Duplex;

/// <summary>How a default session delivers messages.</summary>
public enum ReceiveMode
{
    /// <summary>Each as one whole frame in <c>Incoming</c>. The default.</summary>
    Messages,

    /// <summary>
    /// Each as a stream from <c>ReceiveStreamAsync</c>, readable as it arrives, in no more memory than the incoming
    /// queue. Sizes are unlimited by default.
    /// </summary>
    Streams,

    /// <summary>
    /// Each as a <see cref="MessageView"/> of the memory that it was read into, from <c>Messages</c>: no object, and no
    /// copy of a message that lies whole in the read buffer. The consumer is the reader: while it does not read, pings
    /// are not answered, an end is not noticed, and the ping timeout does not count.
    /// </summary>
    Direct,
}
