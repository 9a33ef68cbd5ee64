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
}
