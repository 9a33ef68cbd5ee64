namespace Duplex;

/// <summary>
/// The session has ended or is ending: nothing can be sent or received any more. The message states the cause; a peer's
/// code and text are escaped and cut as in <see cref="CloseReason.ToString"/>.
/// </summary>
/// <remarks>
/// After a peer's violation every send throws this. Its <see cref="Exception.InnerException"/> and
/// <see cref="CloseResult.Error"/> are the <see cref="WebSocketProtocolException"/> or
/// <see cref="FrameTooBigException"/> that receivers get.
/// </remarks>
public sealed class WebSocketClosedException : WebSocketException
{
    /// <summary>Creates the exception.</summary>
    public WebSocketClosedException() : this("The WebSocket session has ended.") { }

    /// <summary>Creates the exception.</summary>
    public WebSocketClosedException(string message) : this(message, innerException: null) { }

    /// <summary>Creates the exception with the error that ended the session.</summary>
    public WebSocketClosedException(string message, Exception? innerException) : base(message, innerException) =>
        Result = new CloseResult { Error = innerException };

    /// <summary>Creates the exception with the result as far as it is known.</summary>
    public WebSocketClosedException(string message, CloseResult result, Exception? innerException = null)
        : base(message, innerException)
    {
        ArgumentNullException.ThrowIfNull(result);
        Result = result;
    }

    /// <summary>The result at the time of the throw; the final one is the session's <c>Completion</c>.</summary>
    public CloseResult Result { get; }
}
