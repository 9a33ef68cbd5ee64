using System.Runtime.CompilerServices;

namespace Duplex.Protocol;

/// <summary>
/// The table of all reasons for refusing to open a session, with their messages. docs/handshake-errors.md is generated
/// from it. The tests keep both equal and try each row against a peer that causes it.
/// </summary>
internal static class HandshakeRefusals
{
    /// <summary>Appended to a message if the response has a body.</summary>
    public const string SeeBody = "BodyPreview has the beginning of what the answer says.";

    /// <summary>Appended to a message if the response has a legal Retry-After.</summary>
    public const string RetryAfter = "Retry-After: {wait}.";

    /// <summary>Appended to a message if <see cref="HandshakeStrictness.Lenient"/> accepts the response.</summary>
    public const string LenientAccepts =
        "If the server cannot be mended, set WebSocketsOptions.HandshakeStrictness to Lenient, which accepts this.";

    private const string Answered =
        "The server answered the WebSocket handshake with {status} where 101 Switching Protocols was expected.";
    private const string Refused = "The proxy refused the tunnel to the server with {status}.";
    private const string ProxySettings =
        "Proxy of the handler that WebSocketsHandler is made with, else HttpClient.DefaultProxy, which reads "
        + "HTTP_PROXY, HTTPS_PROXY and ALL_PROXY";

    private static readonly List<HandshakeRefusal> Rows = [];

    /// <summary>All rows, in the order of the page.</summary>
    public static IReadOnlyList<HandshakeRefusal> All => Rows;

    // The server, by its status.
    public static HandshakeRefusal Redirect { get; } = Answer("300 to 399",
        "Redirects are not followed: connect to the new address, which Headers.Location has, if you trust it.");
    public static HandshakeRefusal BadRequest { get; } = Answer("400 Bad Request",
        "Check that the path is one for WebSockets, that the server takes the subprotocols offered, and that no "
        + "proxy strips the Upgrade header.");
    public static HandshakeRefusal Unauthorized { get; } = Answer("401 Unauthorized",
        "Send credentials: an Authorization header on the request, or Credentials of the handler below. "
        + "Headers.WwwAuthenticate names the scheme.");
    public static HandshakeRefusal Forbidden { get; } = Answer("403 Forbidden",
        "Check what the credentials allow, and the Origin header where the server has a list of those.");
    public static HandshakeRefusal NotFound { get; } = Answer("404 Not Found",
        "Check the path: the server has nothing there.");
    public static HandshakeRefusal MethodNotAllowed { get; } = Answer("405 Method Not Allowed",
        "Check the path: what is there takes no GET, so it is none for WebSockets.");
    public static HandshakeRefusal GatewayWantsCredentials { get; } = Answer("407 Proxy Authentication Required",
        "A gateway in front of the server wants credentials: add a Proxy-Authorization header to the request.");
    public static HandshakeRefusal UpgradeRequired { get; } = Answer("426 Upgrade Required",
        "The server saw no Upgrade header, as where a proxy strips it, or speaks another version: Headers names it "
        + "in Upgrade and Sec-WebSocket-Version.");
    public static HandshakeRefusal TooManyRequests { get; } = Answer("429 Too Many Requests",
        "Connect less often, and wait before you try again.");
    public static HandshakeRefusal ServerFailed { get; } = Answer("500, and above 504",
        "The server failed by itself: see its log.");
    public static HandshakeRefusal Unavailable { get; } = Answer("502, 503, 504",
        "The server is overloaded, or a gateway in front of it cannot reach it: try again later.");
    public static HandshakeRefusal OtherStatus { get; } = Answer("any other",
        "Check the path, and that the server speaks WebSocket there.");

    // The server, by the rest of its response.
    public static HandshakeRefusal OtherVersion { get; } = Server(HandshakeCheck.HttpVersion,
        "The server answered with HTTP/{version}; expected HTTP/1.1, the version whose upgrade was asked for.",
        "Check for an old proxy on the way.");
    public static HandshakeRefusal NoUpgrade { get; } = Server(HandshakeCheck.Upgrade,
        "The response has no Upgrade header; expected \"websocket\".",
        "Check for a proxy that strips it.");
    public static HandshakeRefusal OtherUpgrade { get; } = Server(HandshakeCheck.Upgrade,
        "The response's Upgrade header is not \"websocket\" and nothing else.",
        "Check that the server speaks WebSocket there.");
    public static HandshakeRefusal NoConnection { get; } = Server(HandshakeCheck.Connection,
        "The response has no Connection header; expected one with the token \"Upgrade\".",
        "Check for a proxy that strips it.");
    public static HandshakeRefusal OtherConnection { get; } = Server(HandshakeCheck.Connection,
        "The response's Connection header lacks the token \"Upgrade\".",
        "Check for a proxy that rewrites it.");
    public static HandshakeRefusal NoAccept { get; } = Server(HandshakeCheck.Accept,
        "The response has no Sec-WebSocket-Accept header; expected the one that answers our key.",
        "Check that the server speaks WebSocket.");
    public static HandshakeRefusal SeveralAccepts { get; } = Server(HandshakeCheck.Accept,
        "Expected one Sec-WebSocket-Accept header in the response; {count} came.",
        "Check for a proxy that adds one.");
    public static HandshakeRefusal OtherAccept { get; } = Server(HandshakeCheck.Accept,
        "The response's Sec-WebSocket-Accept header does not answer our key.",
        "Check for a cache or proxy that replays an older response.");
    public static HandshakeRefusal SeveralSubprotocols { get; } = Server(HandshakeCheck.Subprotocol,
        "Expected at most one Sec-WebSocket-Protocol header in the response; {count} came. Offered: {offered}.",
        "A server chooses one subprotocol, or none: mend the server.");
    public static HandshakeRefusal SubprotocolList { get; } = Server(HandshakeCheck.Subprotocol,
        "The server's Sec-WebSocket-Protocol header is a list; expected exactly one of the subprotocols offered: "
        + "{offered}.",
        "A server chooses one: mend the server, or offer one only.");
    public static HandshakeRefusal OtherSubprotocol { get; } = Server(HandshakeCheck.Subprotocol,
        "The server chose the subprotocol {came}, which was not offered. Offered: {offered}.",
        "Offer what the server speaks, in the same case (WebSocketRequest.Subprotocols, "
        + "WebSocketsOptions.Subprotocols).");
    public static HandshakeRefusal NoSubprotocol { get; } = Server(HandshakeCheck.Subprotocol,
        "The server chose no subprotocol, but WebSocketRequest.RequireSubprotocol is set. Offered: {offered}.",
        "Offer what the server speaks, in the same case, or leave RequireSubprotocol unset.");
    public static HandshakeRefusal MalformedExtensions { get; } = Server(HandshakeCheck.Extensions,
        "The server's Sec-WebSocket-Extensions header is malformed. {error}",
        "Do without extensions (WebSocketsOptions.Extensions), or turn them off in the server.");
    public static HandshakeRefusal OtherExtension { get; } = Server(HandshakeCheck.Extensions,
        "Extension {position} of the {count} that the server accepted was not offered. Offered: {offered}.",
        "Turn it off in the server, or install it (WebSocketsOptions.Extensions); a raw session offers none.");
    public static HandshakeRefusal CompressionUnasked { get; } = Server(HandshakeCheck.Extensions,
        "The server accepted permessage-deflate, which was not offered. Offered: {offered}.",
        "Turn compression off in the server, or install it: WebSocketsOptions.Extensions.InstallPerMessageDeflate(); "
        + "a raw session offers none.");
    public static HandshakeRefusal ExtensionTwice { get; } = Server(HandshakeCheck.Extensions,
        "Extension {position} of the {count} that the server accepted has the name of an earlier one; expected each "
        + "at most once.",
        "Do without it (WebSocketsOptions.Extensions), or turn it off in the server.");
    public static HandshakeRefusal ExtensionParameters { get; } = Server(HandshakeCheck.Extensions,
        "The server accepted the extension {extension} with illegal parameters. {error}",
        "Or do without the extension (WebSocketsOptions.Extensions).");

    // The proxy.
    public static HandshakeRefusal ProxyWantsCredentials { get; } = Tunnel("407 Proxy Authentication Required",
        "Give the proxy credentials: new SocketsHttpHandler { AllowAutoRedirect = false, Proxy = new "
        + "WebProxy(address) { Credentials = ... } }, or DefaultProxyCredentials. Those in the proxy's URL are "
        + "ignored.");
    public static HandshakeRefusal ProxyForbids { get; } = Tunnel("403 Forbidden",
        "Let the proxy allow CONNECT to the server's host and port, or pass it by: UseProxy = false, "
        + "WebProxy.BypassList, or NO_PROXY.");
    public static HandshakeRefusal ProxyCannotReach { get; } = Tunnel("502, 503, 504",
        "The proxy cannot reach the server: check the server's host and port, as the proxy sees them.");
    public static HandshakeRefusal ProxyRefuses { get; } = Tunnel("any other",
        $"Check that it is a proxy for CONNECT ({ProxySettings}).");
    public static HandshakeRefusal ProxyBreaks { get; } = Proxy(
        "The proxy made no tunnel to the server. {reason}",
        $"Check its rules, its kind (http, socks4, socks4a, socks5) and its Credentials ({ProxySettings}).");
    public static HandshakeRefusal ProxyUnreachable { get; } = Proxy(
        "The proxy that the connection goes through cannot be reached ({kind}): see the inner exception.",
        $"Check its address ({ProxySettings}), or pass it by: UseProxy = false.");

    // The network.
    public static HandshakeRefusal Unreachable { get; } = Network(
        "The server cannot be reached (ConnectionError): see the inner exception.",
        "Check the host, the port, that the server listens there, and firewalls.");
    public static HandshakeRefusal UnknownHost { get; } = Network(
        "The server's host name is not known (NameResolutionError): see the inner exception.",
        "Check the host and the name servers.");
    public static HandshakeRefusal NoTls { get; } = Network(
        "TLS with the server failed (SecureConnectionError): see the inner exception.",
        "Check that the server speaks TLS at this port (else write ws), and its certificate; SslOptions of the "
        + "handler below says which are trusted.");
    public static HandshakeRefusal NoHttp { get; } = Network(
        "The answer to the WebSocket handshake is not HTTP (InvalidResponse): see the inner exception.",
        "Check the port, and that the server speaks plain HTTP there (else write wss).");
    public static HandshakeRefusal Ended { get; } = Network(
        "The connection ended before the WebSocket handshake was answered (ResponseEnded): see the inner exception.",
        "See the server's log; and where it speaks TLS at this port, write wss.");
    public static HandshakeRefusal EndedThroughProxy { get; } = Network(
        "The proxy, or the server through it, broke the WebSocket handshake off ({kind}): see the inner exception.",
        $"Check that it is a proxy for CONNECT ({ProxySettings}), then the server's log.");
    public static HandshakeRefusal TooLong { get; } = Network(
        "The server answered the WebSocket handshake with more than is taken. {reason}",
        "Raise the limit where the handler is made (MaxResponseHeadersLength, in KiB), or ask the server for less.");
    public static HandshakeRefusal Broken { get; } = Network(
        "The WebSocket handshake failed on its way{kind}: see the inner exception.",
        "Check the network, and the handlers of the client.");

    // Timeouts.
    public static HandshakeRefusal Silent { get; } = Row(HandshakeParty.Server, HandshakeCheck.Timeout,
        "The server did not answer the WebSocket handshake within WebSocketsOptions.HandshakeTimeout, {timeout} s.",
        "Check that the server speaks WebSocket at this port, or raise the option.");
    public static HandshakeRefusal SilentThroughProxy { get; } = Row(HandshakeParty.Proxy, HandshakeCheck.Timeout,
        "Neither the proxy nor the server answered the WebSocket handshake within WebSocketsOptions.HandshakeTimeout, "
        + "{timeout} s.",
        $"Check that the proxy tunnels to the server's host and port ({ProxySettings}), or raise the option.");
    public static HandshakeRefusal ClientTimeout { get; } = Row(HandshakeParty.HandlerAbove, HandshakeCheck.Timeout,
        "The WebSocket handshake did not end within HttpClient.Timeout, {timeout} s.",
        "Raise it; WebSocketsOptions.HandshakeTimeout holds, too.");
    public static HandshakeRefusal TimeLimitBelow { get; } = Row(HandshakeParty.HandlerBelow, HandshakeCheck.Timeout,
        "{below} gave up the WebSocket handshake by a time limit of its own.",
        "Raise that limit, such as SocketsHttpHandler.ConnectTimeout.");
    public static HandshakeRefusal ProcessLate { get; } = Row(HandshakeParty.Ourselves, HandshakeCheck.Timeout,
        "The WebSocket handshake did not end within {limit}, {timeout} s, but this process itself was {late} s late "
        + "or more: {pending} work items wait for {threads} pool threads. An answer may have come that no thread "
        + "could read.",
        "Find what blocks pool threads (.Result, .Wait(), Thread.Sleep), or raise ThreadPool.SetMinThreads. A "
        + "process that was suspended is late, too.");

    // Handlers of the client, and their replacements.
    public static HandshakeRefusal StatusAbove { get; } = Row(HandshakeParty.HandlerAbove, HandshakeCheck.Status,
        "A handler above WebSocketsHandler threw because of the status {status} of the WebSocket handshake's answer.",
        "See the inner exception. Let the handler pass the answer on, to have its headers and BodyPreview.");
    public static HandshakeRefusal StatusBelow { get; } = Row(HandshakeParty.HandlerBelow, HandshakeCheck.Status,
        "{below} threw because of the status {status}.",
        "See the inner exception. Let it pass the answer on, to have its headers and BodyPreview.");
    public static HandshakeRefusal AboveThrew { get; } = Row(HandshakeParty.HandlerAbove, HandshakeCheck.Transport,
        "A handler above WebSocketsHandler threw: see the inner exception.",
        "Check that handler, and what it has caught.");
    public static HandshakeRefusal SentElsewhere { get; } = Row(HandshakeParty.HandlerBelow, HandshakeCheck.Redirect,
        "The handler below WebSocketsHandler sent the handshake somewhere else than it was told, as one does that "
        + "follows redirects, or that changes the request's address.",
        "A handshake must not follow redirects: turn that off there (AllowAutoRedirect = false). An address is "
        + "changed above WebSocketsHandler, not below it.");
    public static HandshakeRefusal NoDuplexStream { get; } = Row(HandshakeParty.HandlerBelow, HandshakeCheck.Transport,
        "The handler below WebSocketsHandler answered 101 without a stream to read and to write, as an in-memory test "
        + "server does.",
        "Use one that has a connection.");
    public static HandshakeRefusal Decompressed { get; } = Row(HandshakeParty.HandlerBelow, HandshakeCheck.Transport,
        "The server's 101 has a Content-Encoding, and the handler below WebSocketsHandler decompresses by itself, so "
        + "that there is no stream to write.",
        "Set that handler's AutomaticDecompression to None, or let the server send 101 without Content-Encoding.");
    public static HandshakeRefusal ConnectThrew { get; } = Row(HandshakeParty.HandlerBelow, HandshakeCheck.Transport,
        "The connect function of the engine {engine} failed.",
        "See the inner exception.");
    public static HandshakeRefusal ConnectGaveNoSocket { get; } = Row(
        HandshakeParty.HandlerBelow, HandshakeCheck.Transport,
        "The connect function gave no WebSocket.",
        "Let it return one that is open.");
    public static HandshakeRefusal ConnectGaveSpentSocket { get; } = Row(
        HandshakeParty.HandlerBelow, HandshakeCheck.Transport,
        "The connect function gave a WebSocket in the state {state}.",
        "Let it return one that is open.");
    public static HandshakeRefusal ConnectGaveNoStream { get; } = Row(
        HandshakeParty.HandlerBelow, HandshakeCheck.Transport,
        "The connect function gave no stream to read and to write.",
        "Let it return a duplex one.");
    public static HandshakeRefusal ConnectGaveSubprotocol { get; } = Row(
        HandshakeParty.HandlerBelow, HandshakeCheck.Subprotocol,
        "The connect function's WebSocket has the subprotocol {came}, which was not asked for. Asked for: {offered}.",
        "Let it offer the request's Subprotocols, and no others.");

    // This process.
    public static HandshakeRefusal ExtensionThrew { get; } = Row(HandshakeParty.Ourselves, HandshakeCheck.Extensions,
        "An extension failed to judge the server's answer: see the inner exception.",
        "Mend the extension, or do without it (WebSocketsOptions.Extensions).");
    public static HandshakeRefusal PluginDisposed { get; } = Row(HandshakeParty.Ourselves, HandshakeCheck.Disposed,
        "WebSocketsHandler was disposed while the WebSocket handshake was in progress.",
        "Keep it alive until the session is open.");
    public static HandshakeRefusal ClientDisposed { get; } = Row(HandshakeParty.Ourselves, HandshakeCheck.Disposed,
        "The HttpClient, or a handler of it, is disposed.",
        "Keep it alive until the session is open.");
    public static HandshakeRefusal GivenUpAbove { get; } = Row(HandshakeParty.HandlerAbove, HandshakeCheck.Disposed,
        "The HttpClient was disposed, its pending requests were cancelled, or a handler of it gave up by a time limit "
        + "of its own, while the WebSocket handshake was in progress.",
        "Keep the client alive until the session is open, and look at its handlers' limits.");

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
