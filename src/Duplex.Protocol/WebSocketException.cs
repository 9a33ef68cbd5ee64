namespace Duplex;

/// <summary>The base class of all exceptions of sessions and handshakes.</summary>
public class WebSocketException : Exception
{
    /// <summary>Creates the exception.</summary>
    public WebSocketException() : this("A WebSocket error occurred.") { }

    /// <summary>Creates the exception with a message.</summary>
    public WebSocketException(string message) : base(message) { }

    /// <summary>Creates the exception with its cause.</summary>
    public WebSocketException(string message, Exception? innerException) : base(message, innerException) { }
}
