namespace Duplex;

/// <summary>
/// The capabilities of an engine; query them with <see cref="WebSocketEngine.Supports"/>. A request or an option that
/// needs a missing one throws <see cref="NotSupportedException"/> before connecting.
/// </summary>
public enum EngineCapability
{
    /// <summary>
    /// Messages in both directions, and the close handshake with codes and reasons. Every engine has it.
    /// </summary>
    WebSocket,

    /// <summary>Extensions that are negotiated with the server and own reserved bits.</summary>
    WebSocketExtensions,

    /// <summary>Access to the frames on the wire: pings, pongs and raw sessions.</summary>
    ControlFrames,

    /// <summary>
    /// Limits of a frame's size and of a message's fragments. <see cref="WebSocketsOptions.MaxMessageSize"/> works with
    /// every engine.
    /// </summary>
    FrameLimits,

    /// <summary>The request's headers and the client's default headers reach the server.</summary>
    RequestHeaders,

    /// <summary>The server's response is available: <see cref="WebSocketCall.Response"/> is not null.</summary>
    Response,

    /// <summary>The request's HTTP version is honoured.</summary>
    HttpVersion,

    /// <summary>
    /// Text that is not valid UTF-8 can be received (<see cref="WebSocketsOptions.TextValidation"/>).
    /// </summary>
    LenientText,
}
