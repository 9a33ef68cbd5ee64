namespace Duplex;

/// <summary>How a default session gives what it receives.</summary>
public enum ReceiveMode
{
    /// <summary>Each message as one frame in <c>Incoming</c>, whole and in memory. The default.</summary>
    Messages,

    /// <summary>
    /// Each message as a readable stream, from <c>ReceiveStreamAsync</c>, whose bytes can be read as they come: a message of any size in the memory of the incoming queue. No limit holds
    /// for a frame's or a message's size unless somebody sets one.
    /// </summary>
    Streams,
}
