namespace Duplex;

/// <summary>
/// Thrown if neither the session nor the call has a converter, or if the converter does not know the type. The session
/// stays open. A message that the call received is consumed only if the converter did not know the type.
/// </summary>
public sealed class WebSocketConverterNotFoundException : WebSocketException
{
    /// <summary>Creates the exception.</summary>
    public WebSocketConverterNotFoundException() : this("No converter was found for the WebSocket session.") { }

    /// <summary>Creates the exception with a message.</summary>
    public WebSocketConverterNotFoundException(string message) : base(message) { }

    /// <summary>Creates the exception with its cause.</summary>
    public WebSocketConverterNotFoundException(string message, Exception? innerException)
        : base(message, innerException) { }
}
