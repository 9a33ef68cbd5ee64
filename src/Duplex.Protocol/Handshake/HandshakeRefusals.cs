using System.Runtime.CompilerServices;

namespace Duplex.Protocol;

/// <summary>
/// The table of all reasons for refusing to open a session, with their messages. docs/handshake-errors.md is generated
/// from it. The tests keep both equal and try each row against a peer that causes it.
/// </summary>
internal static class HandshakeRefusals
{
    /// <summary>Appended to a message if the response has a body.</summary>
    public const string SeeBody = "See BodyPreview for the start of the response's body.";

    /// <summary>Appended to a message if the response has a legal Retry-After.</summary>
    public const string RetryAfter = "Retry-After: {wait}.";

    /// <summary>Appended to a message if <see cref="HandshakeStrictness.Lenient"/> accepts the response.</summary>
    public const string LenientAccepts =
        "If the server cannot be fixed, set WebSocketsOptions.HandshakeStrictness to Lenient, which accepts this.";

    private const string Answered =
        "The server answered the WebSocket handshake with {status} where {expected} was expected.";
    private const string Refused = "The proxy refused the tunnel to the server with {status}.";
    private const string ProxySettings =
        "Proxy of the handler that WebSocketsHandler is made with, else HttpClient.DefaultProxy, which reads "
        + "HTTP_PROXY, HTTPS_PROXY and ALL_PROXY";

    private static readonly List<HandshakeRefusal> Rows = [];

    /// <summary>All rows, in the order of the page.</summary>
    public static IReadOnlyList<HandshakeRefusal> All => Rows;

    // The server, by its status.
    public static HandshakeRefusal Redirect { get; } = Answer("300 to 399",
        "Redirects are not followed. If you trust the new address (Headers.Location), connect to it instead.");
    public static HandshakeRefusal BadRequest { get; } = Answer("400 Bad Request",
        "Check that the path is a WebSocket endpoint, that the server supports the offered subprotocols, that no "
        + "proxy strips the Upgrade header, and that the port does not speak HTTP/2 only (then set Version to 2.0).");
    public static HandshakeRefusal Unauthorized { get; } = Answer("401 Unauthorized",
        "Send credentials, or others than were sent: an Authorization header, or Credentials of the handler below. "
        + "Headers.WwwAuthenticate names the scheme.");
    public static HandshakeRefusal Forbidden { get; } = Answer("403 Forbidden",
        "Check the credentials' permissions, and the Origin header if the server restricts origins.");
    public static HandshakeRefusal NotFound { get; } = Answer("404 Not Found",
        "Check the path: the server has no resource there.");
    public static HandshakeRefusal MethodNotAllowed { get; } = Answer("405 Method Not Allowed",
        "Check the path: a resource that does not accept GET is not a WebSocket endpoint. Over HTTP/2 the method is "
        + "CONNECT, which an endpoint of ASP.NET's MapGet refuses: let the server use Map.");
    public static HandshakeRefusal GatewayWantsCredentials { get; } = Answer("407 Proxy Authentication Required",
        "A gateway in front of the server requires credentials: add a Proxy-Authorization header to the request.");
    public static HandshakeRefusal UpgradeRequired { get; } = Answer("426 Upgrade Required",
        "The server saw no Upgrade header (a proxy may strip it), or supports another version only: see the "
        + "headers Upgrade and Sec-WebSocket-Version in Headers.");
    public static HandshakeRefusal TooManyRequests { get; } = Answer("429 Too Many Requests",
        "Connect less often, and wait before you retry.");
    public static HandshakeRefusal ServerFailed { get; } = Answer("500, and above 504",
        "The server failed: see its log.");
    public static HandshakeRefusal Unavailable { get; } = Answer("502, 503, 504",
        "The server is overloaded, or a gateway in front of it cannot reach it: retry later.");
    public static HandshakeRefusal OtherStatus { get; } = Answer("any other",
        "Check the path, and that the server speaks WebSocket there.");

    // The server, by the rest of its response.
    public static HandshakeRefusal OtherVersion { get; } = Server(HandshakeCheck.HttpVersion,
        "The server answered with HTTP/{version}; expected HTTP/{expected}.",
        "Check for an old proxy between client and server.");
    public static HandshakeRefusal NoUpgrade { get; } = Server(HandshakeCheck.Upgrade,
        "The response has no Upgrade header; expected \"websocket\".",
        "Check for a proxy that strips it.");
    public static HandshakeRefusal OtherUpgrade { get; } = Server(HandshakeCheck.Upgrade,
        "The response's Upgrade header is not exactly \"websocket\".",
        "Check that the server speaks WebSocket there.");
    public static HandshakeRefusal NoConnection { get; } = Server(HandshakeCheck.Connection,
        "The response has no Connection header; expected one with the token \"Upgrade\".",
        "Check for a proxy that strips it.");
    public static HandshakeRefusal OtherConnection { get; } = Server(HandshakeCheck.Connection,
        "The response's Connection header lacks the token \"Upgrade\".",
        "Check for a proxy that rewrites it.");
    public static HandshakeRefusal NoAccept { get; } = Server(HandshakeCheck.Accept,
        "The response has no Sec-WebSocket-Accept header; expected the value that answers our key.",
        "Check that the server speaks WebSocket.");
    public static HandshakeRefusal SeveralAccepts { get; } = Server(HandshakeCheck.Accept,
        "Expected one Sec-WebSocket-Accept header in the response; {count} came.",
        "Check for a proxy that adds one.");
    public static HandshakeRefusal OtherAccept { get; } = Server(HandshakeCheck.Accept,
        "The response's Sec-WebSocket-Accept header does not answer our key.",
        "Check for a cache or proxy that replays an older response.");
    public static HandshakeRefusal SeveralSubprotocols { get; } = Server(HandshakeCheck.Subprotocol,
        "Expected at most one Sec-WebSocket-Protocol header in the response; {count} came. Offered: {offered}.",
        "Fix the server: it must choose one subprotocol or none.");
    public static HandshakeRefusal SubprotocolList { get; } = Server(HandshakeCheck.Subprotocol,
        "The server's Sec-WebSocket-Protocol header is a list; expected exactly one of the subprotocols offered: "
        + "{offered}.",
        "Fix the server, which must choose one, or offer only one.");
    public static HandshakeRefusal OtherSubprotocol { get; } = Server(HandshakeCheck.Subprotocol,
        "The server chose the subprotocol {came}, which was not offered. Offered: {offered}.",
        "Offer one that the server supports, in the same case (WebSocketRequest.Subprotocols, "
        + "WebSocketsOptions.Subprotocols).");
    public static HandshakeRefusal NoSubprotocol { get; } = Server(HandshakeCheck.Subprotocol,
        "The server chose no subprotocol, but WebSocketRequest.RequireSubprotocol is set. Offered: {offered}.",
        "Offer one that the server supports, in the same case, or leave RequireSubprotocol unset.");
    public static HandshakeRefusal MalformedExtensions { get; } = Server(HandshakeCheck.Extensions,
        "The server's Sec-WebSocket-Extensions header is malformed. {error}",
        "Install no extensions (WebSocketsOptions.Extensions), or turn them off in the server.");
    public static HandshakeRefusal OtherExtension { get; } = Server(HandshakeCheck.Extensions,
        "Extension {position} of the {count} that the server accepted was not offered. Offered: {offered}.",
        "Turn it off in the server, or install it (WebSocketsOptions.Extensions); a raw session offers none.");
    public static HandshakeRefusal CompressionUnasked { get; } = Server(HandshakeCheck.Extensions,
        "The server accepted permessage-deflate, which was not offered. Offered: {offered}.",
        "Turn compression off in the server, or install it: WebSocketsOptions.Extensions.InstallPerMessageDeflate(); "
        + "a raw session offers none.");
    public static HandshakeRefusal ExtensionTwice { get; } = Server(HandshakeCheck.Extensions,
        "Extension {position} of the {count} that the server accepted has the name of an earlier one; expected each "
        + "name at most once.",
        "Do not install it (WebSocketsOptions.Extensions), or turn it off in the server.");
    public static HandshakeRefusal ExtensionParameters { get; } = Server(HandshakeCheck.Extensions,
        "The server accepted the extension {extension} with illegal parameters. {error}",
        "Otherwise do not install the extension (WebSocketsOptions.Extensions).");

    // The proxy.
    public static HandshakeRefusal ProxyWantsCredentials { get; } = Tunnel("407 Proxy Authentication Required",
        "Give the proxy credentials: new SocketsHttpHandler { AllowAutoRedirect = false, Proxy = new "
        + "WebProxy(address) { Credentials = ... } }, or DefaultProxyCredentials. Those in the proxy's URL are "
        + "ignored.");
    public static HandshakeRefusal ProxyForbids { get; } = Tunnel("403 Forbidden",
        "Let the proxy allow CONNECT to the server's host and port, or bypass the proxy: UseProxy = false, "
        + "WebProxy.BypassList, or NO_PROXY.");
    public static HandshakeRefusal ProxyCannotReach { get; } = Tunnel("502, 503, 504",
        "The proxy cannot reach the server: check the host and port as seen from the proxy.");
    public static HandshakeRefusal ProxyRefuses { get; } = Tunnel("any other",
        $"Check that the proxy supports CONNECT ({ProxySettings}).");
    public static HandshakeRefusal ProxyBreaks { get; } = Proxy(
        "The proxy opened no tunnel to the server. {reason}",
        $"Check its rules, its kind (http, socks4, socks4a, socks5) and its Credentials ({ProxySettings}).");
    public static HandshakeRefusal ProxyUnreachable { get; } = Proxy(
        "The proxy cannot be reached ({kind}): see the inner exception.",
        $"Check its address ({ProxySettings}), or bypass it: UseProxy = false.");

    // The network.
    public static HandshakeRefusal Unreachable { get; } = Network(
        "The server cannot be reached ({kind}): see the inner exception.",
        "Check the host and port, that the server listens there, and the firewalls.");
    public static HandshakeRefusal UnknownHost { get; } = Network(
        "The server's host name cannot be resolved ({kind}): see the inner exception.",
        "Check the host name and the DNS servers.");
    public static HandshakeRefusal NoTls { get; } = Network(
        "TLS with the server failed ({kind}): see the inner exception.",
        "Check that the server speaks TLS at this port (if not, use ws), and its certificate. SslOptions of the "
        + "handler below decides which certificates are trusted.");
    public static HandshakeRefusal Untrusted { get; } = Row(HandshakeParty.Network, HandshakeCheck.Certificate,
        "The certificate is not trusted or not for this host ({reason}); expected one without errors.",
        "Check its names and dates, and that this machine trusts its issuer. To trust another certificate, give "
        + "WebSocketsHandler a handler with SslOptions. With an https proxy, it may be the proxy's certificate.");
    public static HandshakeRefusal NoHttp { get; } = Network(
        "The answer to the WebSocket handshake is not HTTP (InvalidResponse): see the inner exception.",
        "Check the port, and that the server speaks plain HTTP there (if it speaks TLS, use wss).");
    public static HandshakeRefusal NoHttp2 { get; } = Server(HandshakeCheck.HttpVersion,
        "The server does not offer WebSockets over HTTP/2, and the request allows no other version.",
        "Allow HTTP/1.1: leave WebSocketRequest.Version as it is, or set VersionPolicy to RequestVersionOrLower. A "
        + "server of yours must speak HTTP/2 at this port and support extended CONNECT (RFC 8441).");
    public static HandshakeRefusal Ended { get; } = Network(
        "The connection ended before the WebSocket handshake was answered (ResponseEnded): see the inner exception.",
        "See the server's log. If the URL is ws, check whether the server speaks TLS at this port: then use wss. If "
        + "it is wss, check whether the server requires a client certificate: SslOptions of the handler below.");
    public static HandshakeRefusal EndedThroughProxy { get; } = Network(
        "The proxy, or the server behind it, broke off the WebSocket handshake ({kind}): see the inner exception.",
        $"Check that the proxy supports CONNECT ({ProxySettings}), then see the server's log.");
    public static HandshakeRefusal TooLong { get; } = Network(
        "The server's answer to the WebSocket handshake is too long. {reason}",
        "Raise the limit of the handler below (MaxResponseHeadersLength, in KiB), or let the server send less.");
    public static HandshakeRefusal Broken { get; } = Network(
        "The WebSocket handshake failed{kind}: see the inner exception.",
        "Check the network and the client's handlers.");

    // Timeouts.
    public static HandshakeRefusal Silent { get; } = Row(HandshakeParty.Server, HandshakeCheck.Timeout,
        "The server did not answer the WebSocket handshake within WebSocketsOptions.HandshakeTimeout, {timeout} s.",
        "Check that the server speaks WebSocket at this port, or raise the option.");
    public static HandshakeRefusal SilentThroughProxy { get; } = Row(HandshakeParty.Proxy, HandshakeCheck.Timeout,
        "Neither the proxy nor the server answered the WebSocket handshake within WebSocketsOptions.HandshakeTimeout, "
        + "{timeout} s.",
        $"Check that the proxy tunnels to the server's host and port ({ProxySettings}), or raise the option.");
    public static HandshakeRefusal SilentOverHttp2 { get; } = Row(HandshakeParty.HandlerBelow, HandshakeCheck.Timeout,
        "The server did not answer the WebSocket handshake over HTTP/2 within WebSocketsOptions.HandshakeTimeout, "
        + "{timeout} s. The handler below WebSocketsHandler has one connection to it, which may have all the streams "
        + "that the server allows.",
        "Give WebSocketsHandler a SocketsHttpHandler with EnableMultipleHttp2Connections = true, or no handler.");
    public static HandshakeRefusal LateAbove { get; } = Row(HandshakeParty.HandlerAbove, HandshakeCheck.Timeout,
        "WebSocketsOptions.HandshakeTimeout, {timeout} s, was over before this attempt of the WebSocket handshake "
        + "began. It includes earlier attempts, and what handlers above WebSocketsHandler did between them.",
        "Let those handlers retry sooner, or raise the option.");
    public static HandshakeRefusal ClientTimeout { get; } = Row(HandshakeParty.HandlerAbove, HandshakeCheck.Timeout,
        "The WebSocket handshake did not complete within HttpClient.Timeout, {timeout} s.",
        "Raise it. WebSocketsOptions.HandshakeTimeout applies as well.");
    public static HandshakeRefusal TimeLimitBelow { get; } = Row(HandshakeParty.HandlerBelow, HandshakeCheck.Timeout,
        "{below} ended the WebSocket handshake because of a timeout of its own.",
        "Raise that timeout, such as SocketsHttpHandler.ConnectTimeout.");
    public static HandshakeRefusal ProcessLate { get; } = Row(HandshakeParty.Ourselves, HandshakeCheck.Timeout,
        "The WebSocket handshake did not complete within {limit}, {timeout} s, but this process itself ran at least "
        + "{late} s late: {pending} work items wait for {threads} pool threads. The server may have answered, with "
        + "no thread free to read it.",
        "Find what blocks pool threads (.Result, .Wait(), Thread.Sleep), or raise ThreadPool.SetMinThreads. A "
        + "suspended process also runs late.");

    // Handlers of the client, and their replacements.
    public static HandshakeRefusal StatusAbove { get; } = Row(HandshakeParty.HandlerAbove, HandshakeCheck.Status,
        "A handler above WebSocketsHandler threw because of the response's status {status}.",
        "See the inner exception. If the handler returns the response, Headers and BodyPreview are available.");
    public static HandshakeRefusal StatusBelow { get; } = Row(HandshakeParty.HandlerBelow, HandshakeCheck.Status,
        "{below} threw because of the status {status}.",
        "See the inner exception. If it returns the response, Headers and BodyPreview are available.");
    public static HandshakeRefusal AboveThrew { get; } = Row(HandshakeParty.HandlerAbove, HandshakeCheck.Transport,
        "A handler above WebSocketsHandler threw: see the inner exception.",
        "Check that handler and the exceptions it catches.");
    public static HandshakeRefusal SentElsewhere { get; } = Row(HandshakeParty.HandlerBelow, HandshakeCheck.Redirect,
        "The handler below WebSocketsHandler sent the handshake to another address: it follows redirects, or changes "
        + "the request's address.",
        "A handshake must not follow redirects: set AllowAutoRedirect = false there. Change addresses in a handler "
        + "above WebSocketsHandler, not below it.");
    public static HandshakeRefusal NoDuplexStream { get; } = Row(HandshakeParty.HandlerBelow, HandshakeCheck.Transport,
        "The handler below WebSocketsHandler answered 101 without a duplex stream, as an in-memory test server does.",
        "Use a handler with a real connection.");
    public static HandshakeRefusal Decompressed { get; } = Row(HandshakeParty.HandlerBelow, HandshakeCheck.Transport,
        "The server's 101 has a Content-Encoding, and the handler below WebSocketsHandler decompresses responses, "
        + "so no duplex stream is left.",
        "Set that handler's AutomaticDecompression to None, or let the server send 101 without Content-Encoding.");
    public static HandshakeRefusal ConnectThrew { get; } = Row(HandshakeParty.HandlerBelow, HandshakeCheck.Transport,
        "The connect function of the engine {engine} failed.",
        "See the inner exception.");
    public static HandshakeRefusal BrowserFailed { get; } = Row(
        HandshakeParty.HandlerBelow, HandshakeCheck.Transport,
        "The browser could not open the WebSocket. It tells a page no reason.",
        "See the console and the network panel of its developer tools. A page from https can open wss only, and a "
        + "Content-Security-Policy must allow the address in connect-src. If subprotocols are offered, the server "
        + "must choose one of them.");
    public static HandshakeRefusal ConnectGaveNoSocket { get; } = Row(
        HandshakeParty.HandlerBelow, HandshakeCheck.Transport,
        "The connect function returned no WebSocket.",
        "Return an open WebSocket from it.");
    public static HandshakeRefusal ConnectGaveSpentSocket { get; } = Row(
        HandshakeParty.HandlerBelow, HandshakeCheck.Transport,
        "The connect function returned a WebSocket in the state {state}; expected Open.",
        "Return an open WebSocket from it.");
    public static HandshakeRefusal ConnectGaveNoStream { get; } = Row(
        HandshakeParty.HandlerBelow, HandshakeCheck.Transport,
        "The connect function returned no stream that can be read and written.",
        "Return a duplex stream from it.");
    public static HandshakeRefusal ConnectGaveSubprotocol { get; } = Row(
        HandshakeParty.HandlerBelow, HandshakeCheck.Subprotocol,
        "The connect function's WebSocket has the subprotocol {came}, which was not requested. Requested: {offered}.",
        "Offer only the request's Subprotocols.");
    public static HandshakeRefusal DecorateThrew { get; } = Row(HandshakeParty.HandlerBelow, HandshakeCheck.Transport,
        "The function that decorates the engine's connections failed.",
        "See the inner exception.");
    public static HandshakeRefusal DecorateGaveNoStream { get; } = Row(
        HandshakeParty.HandlerBelow, HandshakeCheck.Transport,
        "The function that decorates the engine's connections returned no stream that can be read and written.",
        "Return a duplex stream from it, or the stream that it receives.");

    // This process.
    public static HandshakeRefusal ExtensionThrew { get; } = Row(HandshakeParty.Ourselves, HandshakeCheck.Extensions,
        "An extension failed to check the server's answer: see the inner exception.",
        "Fix the extension, or do not install it (WebSocketsOptions.Extensions).");
    public static HandshakeRefusal PluginDisposed { get; } = Row(HandshakeParty.Ourselves, HandshakeCheck.Disposed,
        "WebSocketsHandler was disposed while the WebSocket handshake was in progress.",
        "Keep it alive until the session is open.");
    public static HandshakeRefusal ClientDisposed { get; } = Row(HandshakeParty.Ourselves, HandshakeCheck.Disposed,
        "The HttpClient or one of its handlers is disposed.",
        "Keep it alive until the session is open.");
    public static HandshakeRefusal GivenUpAbove { get; } = Row(HandshakeParty.HandlerAbove, HandshakeCheck.Disposed,
        "While the WebSocket handshake was in progress, the HttpClient was disposed, its pending requests were "
        + "cancelled, or one of its handlers timed out.",
        "Keep the client alive until the session is open, and check its handlers' timeouts.");

    /// <summary>The status of a response that opens a session, in words.</summary>
    public static string Success(bool isHttp2) => isHttp2 ? "200 OK" : "101 Switching Protocols";

    /// <summary>Returns the row for a server's status other than 101.</summary>
    public static HandshakeRefusal ByStatus(int status) => status switch
    {
        >= 300 and < 400 => Redirect,
        400 => BadRequest,
        401 => Unauthorized,
        403 => Forbidden,
        404 => NotFound,
        405 => MethodNotAllowed,
        407 => GatewayWantsCredentials,
        426 => UpgradeRequired,
        429 => TooManyRequests,
        502 or 503 or 504 => Unavailable,
        >= 500 => ServerFailed,
        _ => OtherStatus,
    };

    /// <summary>Returns the row for a proxy's answer to CONNECT that is not a success.</summary>
    public static HandshakeRefusal ByProxyStatus(int status) => status switch
    {
        407 => ProxyWantsCredentials,
        403 => ProxyForbids,
        502 or 503 or 504 => ProxyCannotReach,
        _ => ProxyRefuses,
    };

    private static HandshakeRefusal Answer(string statuses, string cure, [CallerMemberName] string name = "") =>
        Row(HandshakeParty.Server, HandshakeCheck.Status, Answered, cure, statuses, name);

    private static HandshakeRefusal Server(
        HandshakeCheck check, string finding, string cure, [CallerMemberName] string name = "") =>
        Row(HandshakeParty.Server, check, finding, cure, name: name);

    private static HandshakeRefusal Tunnel(string statuses, string cure, [CallerMemberName] string name = "") =>
        Row(HandshakeParty.Proxy, HandshakeCheck.Proxy, Refused, cure, statuses, name);

    private static HandshakeRefusal Proxy(string finding, string cure, [CallerMemberName] string name = "") =>
        Row(HandshakeParty.Proxy, HandshakeCheck.Proxy, finding, cure, name: name);

    private static HandshakeRefusal Network(string finding, string cure, [CallerMemberName] string name = "") =>
        Row(HandshakeParty.Network, HandshakeCheck.Transport, finding, cure, name: name);

    private static HandshakeRefusal Row(
        HandshakeParty by,
        HandshakeCheck check,
        string finding,
        string cure,
        string statuses = "",
        [CallerMemberName] string name = "")
    {
        var row = new HandshakeRefusal(name, by, check, finding, cure, statuses);
        Rows.Add(row);
        return row;
    }
}
