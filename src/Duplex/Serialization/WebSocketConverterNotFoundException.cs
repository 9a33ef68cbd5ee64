namespace Duplex;

/// <summary>
/// Thrown if neither session nor call has a converter, or the converter does not know the type. The session stays open;
/// a received message is consumed only in the second case.
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
