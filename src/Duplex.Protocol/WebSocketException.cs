namespace Duplex;

/// <summary>The root of every exception that a WebSocket session or its handshake throws.</summary>
public class WebSocketException : Exception
{
    /// <summary>Creates the exception.</summary>
    public WebSocketException() : this("A WebSocket error occurred.") { }

    /// <summary>Creates the exception with what was expected, what came, and what to do.</summary>
    public WebSocketException(string message) : base(message) { }

    /// <summary>Creates the exception with the error that led to it.</summary>
    public WebSocketException(string message, Exception? innerException) : base(message, innerException) { }
}
