namespace Duplex;

/// <summary>
/// The session has ended or is ending: nothing can be sent, and nothing more is received. The message states the cause.
/// If the peer closed, it contains the code and the text, escaped and cut as in <see cref="CloseReason.ToString"/>.
/// </summary>
/// <remarks>
/// After the peer broke a rule or a limit, every send throws this exception. Its
/// <see cref="Exception.InnerException"/> is the same <see cref="WebSocketProtocolException"/> or
/// <see cref="FrameTooBigException"/> that receivers get, and so is <see cref="CloseResult.Error"/>.
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

    /// <summary>Creates the exception with the session's result as far as it is known.</summary>
    public WebSocketClosedException(string message, CloseResult result, Exception? innerException = null)
        : base(message, innerException)
    {
        ArgumentNullException.ThrowIfNull(result);
        Result = result;
    }

    /// <summary>
    /// The session's result at the time of the throw. The final result is the session's <c>Completion</c>.
    /// </summary>
    public CloseResult Result { get; }
}
