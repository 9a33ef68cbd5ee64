namespace Duplex;

/// <summary>A frame or message was larger than a limit allows. The peer was told 1009 and the session has ended.</summary>
public sealed class FrameTooBigException : WebSocketException
{
    /// <summary>Creates the exception.</summary>
    public FrameTooBigException() : this("A frame or message was larger than a limit allows.") { }

    /// <summary>Creates the exception.</summary>
    public FrameTooBigException(string message) : base(message) { }

    /// <summary>Creates the exception.</summary>
    public FrameTooBigException(string message, Exception? innerException) : base(message, innerException) { }

    /// <summary>Creates the exception with the limit and the size, both in bytes, or in fragments where fragments were limited.</summary>
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
