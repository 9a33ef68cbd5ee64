using System.Net.WebSockets;

namespace Duplex;

/// <summary>Sessions over the browser's own WebSocket.</summary>
internal sealed class BrowserEngine(Func<WebSocketRequest, PageSocket> create)
    : SocketEngine((request, token) => ConnectAsync(create, request, token), BrowserProfile)
{
    private static readonly EngineProfile BrowserProfile = new("Browser", EngineCapability.WebSocket)
    {
        Masks = false,
        Cures = new Dictionary<EngineCapability, string>
        {
            [EngineCapability.RequestHeaders] =
                "A page cannot set the headers of a handshake. Send a token in the URL's query or as a subprotocol " +
                "(WebSocketRequest.AddTokenToQuery, AddTokenToSubprotocols); the browser sends cookies by itself.",
            [EngineCapability.ControlFrames] =
                "A page can neither send nor receive pings and pongs. Leave it unset in a browser, and set " +
                "WebSocketsOptions.Heartbeat to send messages in their place.",
            [EngineCapability.FrameLimits] =
                "A page receives whole messages. Leave it unset in a browser, and limit them with MaxMessageSize.",
            [EngineCapability.WebSocketExtensions] =
                "The browser negotiates extensions, such as compression, by itself. Leave it unset in a browser.",
            [EngineCapability.HttpVersion] = "The browser chooses the HTTP version. Leave it unset in a browser.",
            [EngineCapability.LocalSockets] =
                "A page cannot connect to a socket of its machine. Use a ws or wss URL in a browser.",
            [EngineCapability.LenientText] =
                "The browser fails the connection on invalid UTF-8. Leave it unset in a browser.",
            [EngineCapability.Response] =
                "A page does not see the server's response. Leave it unset in a browser.",
        },
    };

    internal override string Below => "The browser";

    public static PageSocket CreatePageSocket(WebSocketRequest request) => OperatingSystem.IsBrowser()
        ? new JavaScriptSocket(request.Uri!, [.. request.Subprotocols])
        : throw new PlatformNotSupportedException(
            "WebSocketEngines.Browser works in a browser only. Leave WebSocketsOptions.Engine unset: its default " +
            "fits the platform.");

    private protected override void Require(WebSocketRequest asked, WebSocketRequest request)
    {
        base.Require(asked, request);
        if (request.IsCompressionSet)
            Profile.Require(EngineCapability.WebSocketExtensions, "WebSocketRequest.Compression");
    }

    private static async ValueTask<WebSocket> ConnectAsync(
        Func<WebSocketRequest, PageSocket> create, WebSocketRequest request, CancellationToken token)
    {
        BrowserSocket? socket = null;
        try
        {
            socket = new BrowserSocket(create(request), TimeProvider.System);
            await socket.OpenAsync(token).ConfigureAwait(false);
            return socket;
        }
        catch (Exception e)
        {
            socket?.Dispose();
            if (e is OperationCanceledException or PlatformNotSupportedException)
                throw;
            throw new WebSocketHandshakeException(HandshakeRefusals.BrowserFailed.Failure(), e);
        }
    }
}
