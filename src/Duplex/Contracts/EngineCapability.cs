namespace Duplex;

/// <summary>What an engine can do: see <see cref="WebSocketEngine.Supports"/>. What it cannot do is off; asking for it fails before connecting, with a <see cref="NotSupportedException"/>.</summary>
public enum EngineCapability
{
    /// <summary>Messages in both directions, and the closing handshake with its codes and reasons. Every engine has it.</summary>
    WebSocket,

    /// <summary>Extensions that are negotiated with the server, and own reserved bits.</summary>
    WebSocketExtensions,

    /// <summary>Frames as they stand on the wire: pings and pongs are sent and seen, and a raw session can be opened.</summary>
    ControlFrames,

    /// <summary>The limits of a frame's size and of a message's fragments. <see cref="WebSocketsOptions.MaxMessageSize"/> holds on every engine.</summary>
    FrameLimits,

    /// <summary>Headers of a request, and a client's default ones, reach the server.</summary>
    RequestHeaders,

    /// <summary>The server's answer is known: <see cref="WebSocketCall.Response"/> is not null.</summary>
    Response,

    /// <summary>The HTTP version of a request is honoured.</summary>
    HttpVersion,

    /// <summary>Texts that are not valid UTF-8 can be received: <see cref="WebSocketsOptions.TextValidation"/>.</summary>
    LenientText,
}
