using System.Net.WebSockets;
using System.Runtime.Versioning;

namespace Duplex;

/// <summary>
/// The engines for <see cref="WebSocketsOptions.Engine"/>. The client's base address, default headers and handlers
/// above the plugin apply with each.
/// </summary>
/// <remarks>Thread-safe.</remarks>
public static class WebSocketEngines
{
    /// <summary>
    /// The browser's own WebSocket: the default in a browser (WebAssembly), and only there.
    /// </summary>
    /// <remarks>
    /// <para>
    /// The browser frames, answers pings, negotiates compression, and sends its cookies. The engine has only
    /// <see cref="EngineCapability.WebSocket"/>: what needs another capability is refused before connecting, if it was
    /// set. Subprotocols are offered.
    /// </para>
    /// <para>
    /// A page may send the close codes 1000 and 3000 to 4999. Any other, 1001 to 1014, is sent as that code plus 2000:
    /// 1001 as 3001. A Close without a code is sent as 1000. Received codes are unchanged.
    /// </para>
    /// <para>
    /// A page cannot slow a server down: messages that <c>Incoming</c> has no room for wait in the page's memory.
    /// After our Close, the browser delivers no further messages.
    /// </para>
    /// </remarks>
    [SupportedOSPlatform("browser")]
    public static WebSocketEngine Browser => BrowserHolder.Engine;

    /// <summary>
    /// The default outside a browser, where alone it works: Duplex's framing over HTTP/1.1 or HTTP/2, through the
    /// handlers below the plugin. It has every <see cref="EngineCapability"/>.
    /// </summary>
    [UnsupportedOSPlatform("browser")]
    public static WebSocketEngine Http => HttpHolder.Engine;

    /// <summary>The engine of options that name none.</summary>
    internal static WebSocketEngine Default => OperatingSystem.IsBrowser() ? Browser : Http;

    /// <summary>
    /// Creates an engine over any <see cref="WebSocket"/> that a function connects: ASP.NET's
    /// <c>TestServer.CreateWebSocketClient()</c>, a <see cref="ClientWebSocket"/>, or your own.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Queues, backpressure, <see cref="WebSocketsOptions.MaxMessageSize"/>, closes, and the timeouts of handshake and
    /// close work as with any engine. The socket masks frames, answers pings, sends keep-alives by its own options, and
    /// checks the protocol. A violation that it finds ends the session like a lost connection, with its exception as
    /// the inner one.
    /// </para>
    /// <para>
    /// The engine lacks <see cref="EngineCapability.ControlFrames"/>, <see cref="EngineCapability.FrameLimits"/>,
    /// <see cref="EngineCapability.LenientText"/>, <see cref="EngineCapability.WebSocketExtensions"/> and
    /// <see cref="EngineCapability.Response"/>: no pings are sent, and <see cref="WebSocketCall.Response"/> is null. An
    /// empty Close is sent as 1000; a <see cref="ClientWebSocket"/> also reports a received one as 1000.
    /// </para>
    /// <para>
    /// The handlers below the plugin are not called: cookies, proxy, credentials and certificates are up to the
    /// function.
    /// </para>
    /// </remarks>
    /// <param name="connect">
    /// Connects. It receives the request as the client and its handlers left it, with an absolute <c>ws</c> or
    /// <c>wss</c> URL and all subprotocols. Its token fires when the handshake times out or is cancelled. The session
    /// owns the open socket that it returns. Its exceptions become a <see cref="WebSocketHandshakeException"/>.
    /// </param>
    /// <param name="capabilities">
    /// The parts of a request that the function honours: <see cref="EngineCapability.RequestHeaders"/>,
    /// <see cref="EngineCapability.HttpVersion"/>, <see cref="EngineCapability.LocalSockets"/>. Default: none; a
    /// request that needs one throws <see cref="NotSupportedException"/> before the function is called.
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
    /// Creates an engine with Duplex's framing over any duplex stream that a function connects: a pipe, a socket
    /// without HTTP, a tunnel. The function makes the handshake, if there is one.
    /// </summary>
    /// <remarks>
    /// The session is a client and masks its frames. It sees no response: the engine lacks
    /// <see cref="EngineCapability.WebSocketExtensions"/> and <see cref="EngineCapability.Response"/>, and
    /// <see cref="WebSocketCall.Subprotocol"/> is null. The handlers below the plugin are not called.
    /// </remarks>
    /// <param name="connect">
    /// Connects, as for <see cref="From"/>. The session owns the returned stream and never cancels reads or writes:
    /// disposing the stream must end both.
    /// </param>
    /// <param name="capabilities">
    /// As for <see cref="From"/>; subprotocols need <see cref="EngineCapability.RequestHeaders"/>, too.
    /// </param>
    /// <exception cref="ArgumentException">A function cannot add one of the capabilities.</exception>
    public static WebSocketEngine FromStream(
        Func<WebSocketRequest, CancellationToken, ValueTask<Stream>> connect,
        params ReadOnlySpan<EngineCapability> capabilities)
    {
        ArgumentNullException.ThrowIfNull(connect);
        return new StreamEngine(connect, capabilities);
    }

    /// <summary>
    /// Creates an engine that opens connections by another one, and passes the frames of each through a stream of
    /// yours: to record, delay or break them.
    /// </summary>
    /// <remarks>
    /// The stream carries frames as the engine sees them: after the handshake, and compressed where that was
    /// negotiated. Frames of <see cref="Http"/> and <see cref="FromStream"/> are masked by the client; those of
    /// <see cref="Browser"/> and <see cref="From"/> are not. The new engine has the other's name and capabilities, and
    /// <see cref="WebSocketCall.Engine"/> is the other one.
    /// </remarks>
    /// <param name="inner">The engine that connects.</param>
    /// <param name="decorate">
    /// Wraps the connection's stream in another duplex stream. It is called once for each connection, possibly
    /// concurrently. The session owns the result and never cancels reads or writes: disposing the result must end both.
    /// The inner stream is disposed afterwards in any case. Its exceptions become a
    /// <see cref="WebSocketHandshakeException"/>.
    /// </param>
    public static WebSocketEngine Decorate(WebSocketEngine inner, Func<Stream, Stream> decorate)
    {
        ArgumentNullException.ThrowIfNull(decorate);
        return Decorate(inner, (stream, _) => decorate(stream));
    }

    /// <inheritdoc
    /// cref="Decorate(WebSocketEngine, Func{Stream, Stream})" path="/node()[not(self::param)]"/>
    /// <param name="inner">The engine that connects.</param>
    /// <param name="decorate">As in the other form. It also receives the handshake that opened the connection.</param>
    public static WebSocketEngine Decorate(WebSocketEngine inner, Func<Stream, WebSocketCall, Stream> decorate)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(decorate);
        return new DecoratedEngine(inner, decorate);
    }

    // Apart, so that a trimmed program keeps only the engine that it uses.
    private static class BrowserHolder
    {
        public static WebSocketEngine Engine { get; } = new BrowserEngine(BrowserEngine.CreatePageSocket);
    }

    [UnsupportedOSPlatform("browser")]
    private static class HttpHolder
    {
        public static WebSocketEngine Engine { get; } = new HttpEngine();
    }
}
