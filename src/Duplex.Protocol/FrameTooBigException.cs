namespace Duplex;

/// <summary>A frame or message exceeded a limit. The session ended with close code 1009.</summary>
/// <remarks>
/// Thrown to receivers; senders get a <see cref="WebSocketClosedException"/> with this inside. The message names all
/// exceeded limits.
/// </remarks>
public sealed class FrameTooBigException : WebSocketException
{
    /// <summary>Creates the exception.</summary>
    public FrameTooBigException() : this("A frame or message was larger than a limit allows.") { }

    /// <summary>Creates the exception.</summary>
    public FrameTooBigException(string message) : base(message) { }

    /// <summary>Creates the exception.</summary>
    public FrameTooBigException(string message, Exception? innerException) : base(message, innerException) { }

    /// <summary>Creates the exception with the limit and the size: bytes, fragments or final blocks.</summary>
    public FrameTooBigException(string message, long limit, long size) : base(message)
    {
        Limit = limit;
        Size = size;
    }

    /// <summary>The limit that was exceeded.</summary>
    public long Limit { get; }

    /// <summary>The size that exceeded the limit, as far as it was known.</summary>
    public long Size { get; }
}
