using System.Net.WebSockets;

namespace Duplex;

/// <summary>
/// The engines for <see cref="WebSocketsOptions.Engine"/>. With every engine, the client's base address, its default
/// headers and the handlers above the plugin apply.
/// </summary>
/// <remarks>Thread-safe.</remarks>
public static class WebSocketEngines
{
    /// <summary>
    /// The default: Duplex's own framing over an HTTP upgrade, which goes through the handlers below the plugin. It has
    /// every <see cref="EngineCapability"/>.
    /// </summary>
    public static WebSocketEngine Http { get; } = new HttpUpgrade();

    /// <summary>
    /// Creates an engine over any <see cref="WebSocket"/> that a function connects: ASP.NET's
    /// <c>TestServer.CreateWebSocketClient()</c>, a <see cref="ClientWebSocket"/>, or your own.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Queues, backpressure, <see cref="WebSocketsOptions.MaxMessageSize"/>, close codes and reasons, and the timeouts
    /// of handshake and close work as with any engine. The socket itself masks frames, answers pings, sends keep-alives
    /// by its own options, and checks the protocol. A violation that it finds ends the session like a lost connection;
    /// the socket's exception is the inner exception.
    /// </para>
    /// <para>
    /// The engine lacks <see cref="EngineCapability.ControlFrames"/>, <see cref="EngineCapability.FrameLimits"/>,
    /// <see cref="EngineCapability.LenientText"/>, <see cref="EngineCapability.WebSocketExtensions"/> and
    /// <see cref="EngineCapability.Response"/>. No pings are sent, and <see cref="WebSocketCall.Response"/> is null. An
    /// empty Close is sent as 1000, because such sockets cannot send an empty one. A <see cref="ClientWebSocket"/> also
    /// reports a received empty Close as 1000.
    /// </para>
    /// <para>
    /// The handlers below the plugin are not called. Cookies, proxy, credentials and certificates are up to the
    /// function.
    /// </para>
    /// </remarks>
    /// <param name="connect">
    /// Connects. It receives the request as the client and its handlers left it, with an absolute <c>ws</c> or
    /// <c>wss</c> <see cref="WebSocketRequest.Uri"/> and all subprotocols to offer. Its token fires when the handshake
    /// times out or is cancelled. It returns an open socket, which the session then owns. Its exceptions become a
    /// <see cref="WebSocketHandshakeException"/>.
    /// </param>
    /// <param name="capabilities">
    /// The parts of a request that the function honours: <see cref="EngineCapability.RequestHeaders"/>,
    /// <see cref="EngineCapability.HttpVersion"/>. Default: neither; a request that sets one fails with a
    /// <see cref="NotSupportedException"/> before the function is called.
    /// </param>
    /// <exception cref="ArgumentException">A function cannot add one of the capabilities.</exception>
    public static WebSocketEngine From(
        Func<WebSocketRequest, CancellationToken, ValueTask<WebSocket>> connect,
        params ReadOnlySpan<EngineCapability> capabilities)
    {
        ArgumentNullException.ThrowIfNull(connect);
        return new SocketEngine(connect, capabilities);
    }

    /// <summary>
    /// Creates an engine with Duplex's own framing over any duplex stream that a function connects: a pipe, a socket
    /// without HTTP, a tunnel. The function makes the handshake, if there is one.
    /// </summary>
    /// <remarks>
    /// The session is a client and masks its frames. The engine lacks
    /// <see cref="EngineCapability.WebSocketExtensions"/> and <see cref="EngineCapability.Response"/>, and
    /// <see cref="WebSocketCall.Subprotocol"/> is null: the session sees no response. The handlers below the plugin are
    /// not called.
    /// </remarks>
    /// <param name="connect">
    /// Connects, as for <see cref="From"/>. The session owns the returned stream and never cancels its reads or writes.
    /// Disposing the stream must end both.
    /// </param>
    /// <param name="capabilities">
    /// The parts of a request that the function honours: <see cref="EngineCapability.RequestHeaders"/>, which
    /// subprotocols also need, and <see cref="EngineCapability.HttpVersion"/>. Default: neither.
    /// </param>
    /// <exception cref="ArgumentException">A function cannot add one of the capabilities.</exception>
    public static WebSocketEngine FromStream(
        Func<WebSocketRequest, CancellationToken, ValueTask<Stream>> connect,
        params ReadOnlySpan<EngineCapability> capabilities)
    {
        ArgumentNullException.ThrowIfNull(connect);
        return new StreamEngine(connect, capabilities);
    }
}
