using System.Net.WebSockets;

namespace Duplex;

/// <summary>The engines that <see cref="WebSocketsOptions.Engine"/> takes. Whichever it is, the client's base address, its default headers and the handlers above the plugin are asked first.</summary>
/// <remarks>Thread-safe.</remarks>
public static class WebSocketEngines
{
    /// <summary>The default: our own framing over the stream that HTTP upgrades, through the handlers below the plugin. It has every <see cref="EngineCapability"/>.</summary>
    public static WebSocketEngine Http { get; } = new HttpEngine();

    /// <summary>
    /// Sessions over any <see cref="WebSocket"/> that a function connects: ASP.NET's <c>TestServer.CreateWebSocketClient()</c>, a <see cref="ClientWebSocket"/>, one of your own.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Queues, back-pressure, <see cref="WebSocketsOptions.MaxMessageSize"/>, close codes and reasons, timeouts of handshake and close work as ever. What the socket does by itself is
    /// the socket's: it masks, answers pings, keeps itself alive by its own options, and judges the wire. A rule that it finds broken ends the session like a lost connection, with the
    /// socket's exception inside. <see cref="EngineCapability.ControlFrames"/>, <see cref="EngineCapability.FrameLimits"/>, <see cref="EngineCapability.LenientText"/>,
    /// <see cref="EngineCapability.WebSocketExtensions"/> and <see cref="EngineCapability.Response"/> are missing: no pings are sent, and <see cref="WebSocketCall.Response"/> is null.
    /// </para>
    /// <para>
    /// An empty Close, which such sockets cannot send, goes out as 1000; a <see cref="ClientWebSocket"/> reports one that it receives as 1000, too.
    /// </para>
    /// <para>
    /// The handlers below the plugin, and with them cookies, proxy, credentials and certificates, are not asked: what of these is wanted is the function's to do.
    /// </para>
    /// </remarks>
    /// <param name="connect">
    /// Connects. It gets the request as client and handlers have left it, with an absolute <c>ws</c> or <c>wss</c> <see cref="WebSocketRequest.Uri"/> and all subprotocols that shall be
    /// offered, and a token that fires when the handshake has taken too long or its caller gives up. The socket that it returns is open, and the session's from then on. What it throws
    /// becomes a <see cref="WebSocketHandshakeException"/>.
    /// </param>
    /// <param name="capabilities">
    /// What the function honours of a request: <see cref="EngineCapability.RequestHeaders"/>, <see cref="EngineCapability.HttpVersion"/>. By default neither, and whoever sets such a
    /// thing gets a <see cref="NotSupportedException"/> before the function is called.
    /// </param>
    /// <exception cref="ArgumentException">A capability is none that a function can add.</exception>
    public static WebSocketEngine From(Func<WebSocketRequest, CancellationToken, ValueTask<WebSocket>> connect, params ReadOnlySpan<EngineCapability> capabilities)
    {
        ArgumentNullException.ThrowIfNull(connect);
        return new SocketEngine(connect, capabilities);
    }

    /// <summary>Our own framing over any duplex stream that a function connects, behind whatever handshake it makes there: a pipe, a socket without HTTP, a tunnel.</summary>
    /// <remarks>
    /// As a client on every frame. <see cref="EngineCapability.WebSocketExtensions"/> and <see cref="EngineCapability.Response"/> are missing, since no answer is seen;
    /// <see cref="WebSocketCall.Subprotocol"/> is null for the same reason. The handlers below the plugin are not asked.
    /// </remarks>
    /// <param name="connect">
    /// Connects, as for <see cref="From"/>. The stream that it returns is the session's from then on, which never cancels a read or a write on it: disposing it must end both.
    /// </param>
    /// <param name="capabilities">
    /// What the function honours of a request: <see cref="EngineCapability.RequestHeaders"/>, which subprotocols need, too, and <see cref="EngineCapability.HttpVersion"/>. By default
    /// neither.
    /// </param>
    /// <exception cref="ArgumentException">A capability is none that a function can add.</exception>
    public static WebSocketEngine FromStream(Func<WebSocketRequest, CancellationToken, ValueTask<Stream>> connect, params ReadOnlySpan<EngineCapability> capabilities)
    {
        ArgumentNullException.ThrowIfNull(connect);
        return new StreamEngine(connect, capabilities);
    }
}
