namespace Duplex;

/// <summary>
/// A received message could not be made into a value: its payload is malformed, it is of a type that the converter does not take, or what came out does not fit. The message is
/// consumed, and stands in <see cref="Frame"/>; the session goes on.
/// </summary>
public sealed class WebSocketDeserializeException : WebSocketException
{
    /// <summary>Creates the exception.</summary>
    public WebSocketDeserializeException() : this("A received message could not be deserialized.") { }

    /// <summary>Creates the exception.</summary>
    public WebSocketDeserializeException(string message) : base(message) { }

    /// <summary>Creates the exception with the error that led to it.</summary>
    public WebSocketDeserializeException(string message, Exception? innerException) : base(message, innerException) { }

    /// <summary>Creates the exception with the message that is at fault.</summary>
    /// <param name="message">What was expected and what came; without the payload, which may hold secrets.</param>
    /// <param name="frame">The received message.</param>
    /// <param name="innerException">The error that led to it; null if there is none.</param>
    public WebSocketDeserializeException(string message, Frame frame, Exception? innerException = null) : base(message, innerException) => Frame = frame;

    /// <summary>The received message, whole and not recycled; null only if the exception was made without one. It is the receiver's for ever, as any received frame.</summary>
    public Frame? Frame { get; }
}
