namespace Duplex;

/// <summary>A queue configured to close on overflow was full. The session ended with close code 1011.</summary>
public sealed class ChannelOverflowException : WebSocketException
{
    /// <summary>Creates the exception.</summary>
    public ChannelOverflowException() : this("A session's queue was full.") { }

    /// <summary>Creates the exception.</summary>
    public ChannelOverflowException(string message) : base(message) { }

    /// <summary>Creates the exception.</summary>
    public ChannelOverflowException(string message, Exception? innerException) : base(message, innerException) { }
}
