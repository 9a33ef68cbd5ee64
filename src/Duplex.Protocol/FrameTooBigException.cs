namespace Duplex;

/// <summary>A frame or message was larger than a limit allows. The peer was told 1009 and the session has ended.</summary>
/// <remarks>
/// Receivers get it; senders get a <see cref="WebSocketClosedException"/> whose inner exception it is. Where several limits
/// were exceeded, the message names all of them.
/// </remarks>
public sealed class FrameTooBigException : WebSocketException
{
    /// <summary>Creates the exception.</summary>
    public FrameTooBigException() : this("A frame or message was larger than a limit allows.") { }

    /// <summary>Creates the exception.</summary>
    public FrameTooBigException(string message) : base(message) { }

    /// <summary>Creates the exception.</summary>
    public FrameTooBigException(string message, Exception? innerException) : base(message, innerException) { }

    /// <summary>Creates the exception with the limit and the size, both in bytes, or in fragments or final blocks where those were limited.</summary>
    public FrameTooBigException(string message, long limit, long size) : base(message)
    {
        Limit = limit;
        Size = size;
    }

    /// <summary>What was allowed.</summary>
    public long Limit { get; }

    /// <summary>What came, as far as it was known when it was noticed.</summary>
    public long Size { get; }
}
