namespace Duplex;

/// <summary>
/// Thrown if a received message is malformed, of a kind that the converter does not read, or does not fit the type. The
/// message is consumed and available in <see cref="Frame"/>; the session stays open.
/// </summary>
public sealed class WebSocketDeserializeException : WebSocketException
{
    /// <summary>Creates the exception.</summary>
    public WebSocketDeserializeException() : this("A received message could not be deserialized.") { }

    /// <summary>Creates the exception.</summary>
    public WebSocketDeserializeException(string message) : base(message) { }

    /// <summary>Creates the exception with its cause.</summary>
    public WebSocketDeserializeException(string message, Exception? innerException) : base(message, innerException) { }

    /// <summary>Creates the exception with the faulty message.</summary>
    /// <param name="message">What was expected and received, without the payload, which may hold secrets.</param>
    /// <param name="frame">The received message.</param>
    /// <param name="innerException">The cause; null if there is none.</param>
    public WebSocketDeserializeException(string message, Frame frame, Exception? innerException = null)
        : base(message, innerException) => Frame = frame;

    /// <summary>
    /// The received message, whole and not recycled; the caller owns it. Null only if the exception was created without
    /// one.
    /// </summary>
    public Frame? Frame { get; }
}
