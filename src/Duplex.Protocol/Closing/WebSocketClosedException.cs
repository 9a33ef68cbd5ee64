namespace Duplex;

/// <summary>
/// The session has ended, or its end has begun: nothing can be sent, and nothing more is received. The message says why; where the peer closed, with its code and its text, escaped and
/// shortened as <see cref="CloseReason.ToString"/> has it.
/// </summary>
/// <remarks>
/// After the peer broke a rule or a limit, every send throws this exception. Its <see cref="Exception.InnerException"/> is
/// the <see cref="WebSocketProtocolException"/> or <see cref="FrameTooBigException"/> that receivers get, the same object,
/// and <see cref="CloseResult.Error"/> holds it, too.
/// </remarks>
public sealed class WebSocketClosedException : WebSocketException
{
    /// <summary>Creates the exception.</summary>
    public WebSocketClosedException() : this("The WebSocket session has ended.") { }

    /// <summary>Creates the exception.</summary>
    public WebSocketClosedException(string message) : this(message, innerException: null) { }

    /// <summary>Creates the exception with the error that ended the session.</summary>
    public WebSocketClosedException(string message, Exception? innerException) : base(message, innerException) => Result = new CloseResult { Error = innerException };

    /// <summary>Creates the exception with the session's end as far as it was known.</summary>
    public WebSocketClosedException(string message, CloseResult result, Exception? innerException = null) : base(message, innerException)
    {
        ArgumentNullException.ThrowIfNull(result);
        Result = result;
    }

    /// <summary>The session's end as it stood when this was thrown. The final one is the session's <c>Completion</c>.</summary>
    public CloseResult Result { get; }
}
