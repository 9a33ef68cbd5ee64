namespace Duplex;

/// <summary>
/// The peer broke RFC 6455, or sent data that does not match its type. The session ended with <see cref="CloseCode"/>.
/// </summary>
/// <remarks>Thrown to receivers; senders get a <see cref="WebSocketClosedException"/> with this inside.</remarks>
public sealed class WebSocketProtocolException : WebSocketException
{
    /// <summary>Creates the exception.</summary>
    public WebSocketProtocolException() : this("The peer broke the WebSocket protocol.") { }

    /// <summary>Creates the exception for a protocol error, 1002.</summary>
    public WebSocketProtocolException(string message) : this(message, CloseCode.ProtocolError) { }

    /// <summary>Creates the exception for a protocol error, 1002.</summary>
    public WebSocketProtocolException(string message, Exception? innerException) : base(message, innerException) =>
        CloseCode = CloseCode.ProtocolError;

    /// <summary>Creates the exception.</summary>
    public WebSocketProtocolException(string message, CloseCode closeCode) : base(message) => CloseCode = closeCode;

    /// <summary>The code of our Close frame.</summary>
    public CloseCode CloseCode { get; }
}
