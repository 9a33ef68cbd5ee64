namespace Duplex;

/// <summary>
/// No converter fits: the session has none and the call brought none, or the converter does not know the type. The session goes on. Where a message was received for the call, it is
/// consumed only if the converter did not know the type.
/// </summary>
public sealed class WebSocketConverterNotFoundException : WebSocketException
{
    /// <summary>Creates the exception.</summary>
    public WebSocketConverterNotFoundException() : this("No converter was found for the WebSocket session.") { }

    /// <summary>Creates the exception with what is missing, and what to do.</summary>
    public WebSocketConverterNotFoundException(string message) : base(message) { }

    /// <summary>Creates the exception with the error that led to it.</summary>
    public WebSocketConverterNotFoundException(string message, Exception? innerException) : base(message, innerException) { }
}
