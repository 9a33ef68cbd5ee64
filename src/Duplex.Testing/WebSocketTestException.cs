namespace Duplex.Testing;

/// <summary>
/// The client did not do what the test's server expected, or the server's script failed. The message says what was
/// expected and what happened.
/// </summary>
public sealed class WebSocketTestException : Exception
{
    /// <summary>Creates the exception.</summary>
    public WebSocketTestException() : this("The expectation of a WebSocketTestServer was not met.") { }

    /// <summary>Creates the exception with a message.</summary>
    public WebSocketTestException(string message) : base(message) { }

    /// <summary>Creates the exception with its cause.</summary>
    public WebSocketTestException(string message, Exception? innerException) : base(message, innerException) { }
}
