namespace Duplex;

/// <summary>
/// What an engine can do (<see cref="WebSocketEngine.Supports"/>). A request or option that needs a missing capability
/// throws <see cref="NotSupportedException"/> before connecting.
/// </summary>
public enum EngineCapability
{
    /// <summary>Messages both ways, and close codes and reasons. Every engine has it.</summary>
    WebSocket,

    /// <summary>Negotiated extensions that own reserved bits.</summary>
    WebSocketExtensions,

    /// <summary>The frames on the wire: pings, pongs and raw sessions.</summary>
    ControlFrames,

    /// <summary>
    /// Limits of frame sizes and fragments; <see cref="WebSocketsOptions.MaxMessageSize"/> works with every engine.
    /// </summary>
    FrameLimits,

    /// <summary>The request's headers and the client's default ones are sent.</summary>
    RequestHeaders,

    /// <summary><see cref="WebSocketCall.Response"/> is not null.</summary>
    Response,

    /// <summary>The request's HTTP version is honoured.</summary>
    HttpVersion,

    /// <summary>Invalid UTF-8 can be received (<see cref="WebSocketsOptions.TextValidation"/>).</summary>
    LenientText,

    /// <summary>URLs of Unix sockets and named pipes, <c>ws+unix</c> and <c>ws+npipe</c>, are honoured.</summary>
    LocalSockets,
}
