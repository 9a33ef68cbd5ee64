namespace Duplex;

/// <summary>How a default session delivers messages.</summary>
public enum ReceiveMode
{
    /// <summary>Each message as one whole frame in <c>Incoming</c>. The default.</summary>
    Messages,

    /// <summary>
    /// Each message as a stream from <c>ReceiveStreamAsync</c>, whose bytes can be read as they arrive. A message of
    /// any size needs no more memory than the incoming queue. Frame and message sizes are not limited unless limits are
    /// set.
    /// </summary>
    Streams,
}
