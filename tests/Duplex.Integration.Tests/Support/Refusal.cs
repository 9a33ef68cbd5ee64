using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>A way to be refused, and the row of the table that it must be told by.</summary>
/// <param name="Row">The row.</param>
/// <param name="What">Who does what.</param>
/// <param name="HappenAsync">Lets it happen, and gives what the caller gets.</param>
internal sealed record Refusal(HandshakeRefusal Row, string What, Func<Task<WebSocketHandshakeException>> HappenAsync)
{
    private const string Proper = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n";

    // As a handler gets it that fetches a token by a client of its own.
    private static readonly TaskCanceledException AnotherClientsTimeout = new("The request was canceled due to the configured HttpClient.Timeout.", new TimeoutException());

    public static IReadOnlyList<Refusal> All { get; } =
    [
        Status(HandshakeRefusals.Redirect, "302 Found\r\nLocation: http://elsewhere.test/"),
        Status(HandshakeRefusals.BadRequest, "400 Bad Request"),
        Status(HandshakeRefusals.Unauthorized, "401 Unauthorized\r\nWWW-Authenticate: Bearer"),
        Status(HandshakeRefusals.Forbidden, "403 Forbidden"),
        Status(HandshakeRefusals.NotFound, "404 Not Found"),
        Status(HandshakeRefusals.MethodNotAllowed, "405 Method Not Allowed"),
        Status(HandshakeRefusals.GatewayWantsCredentials, "407 Proxy Authentication Required"),
        Status(HandshakeRefusals.UpgradeRequired, "426 Upgrade Required\r\nSec-WebSocket-Version: 8"),
        Status(HandshakeRefusals.TooManyRequests, "429 Too Many Requests"),
        Status(HandshakeRefusals.ServerFailed, "500 Internal Server Error"),
        Status(HandshakeRefusals.ServerFailed, "599 Odd"),
        Status(HandshakeRefusals.Unavailable, "502 Bad Gateway"),
        Status(HandshakeRefusals.Unavailable, "503 Service Unavailable"),
        Status(HandshakeRefusals.Unavailable, "504 Gateway Timeout"),
        Status(HandshakeRefusals.OtherStatus, "200 OK"),
        Status(HandshakeRefusals.OtherStatus, "418 I'm a teapot"),

        Answer(HandshakeRefusals.OtherVersion, "101 of HTTP/1.0", Proper.Replace("HTTP/1.1", "HTTP/1.0", StringComparison.Ordinal)),
        Answer(HandshakeRefusals.NoUpgrade, "no Upgrade", Proper.Replace("Upgrade: websocket\r\n", "", StringComparison.Ordinal)),
        Answer(HandshakeRefusals.OtherUpgrade, "Upgrade: h2c", Proper.Replace("websocket", "h2c", StringComparison.Ordinal)),
        Answer(HandshakeRefusals.NoConnection, "no Connection", Proper.Replace("Connection: Upgrade\r\n", "", StringComparison.Ordinal)),
        Answer(HandshakeRefusals.OtherConnection, "Connection: close", Proper.Replace("Connection: Upgrade", "Connection: close", StringComparison.Ordinal)),
        Answer(HandshakeRefusals.NoAccept, "no accept", Proper.Replace("Sec-WebSocket-Accept: {accept}\r\n", "", StringComparison.Ordinal)),
        Answer(HandshakeRefusals.SeveralAccepts, "two accepts", Proper + "Sec-WebSocket-Accept: {accept}\r\n"),
        Answer(HandshakeRefusals.OtherAccept, "another accept", Proper.Replace("{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", StringComparison.Ordinal)),
        Answer(HandshakeRefusals.SeveralSubprotocols, "two lines", Proper + "Sec-WebSocket-Protocol: OCPP1.6\r\nSec-WebSocket-Protocol: OCPP1.6\r\n"),
        Answer(HandshakeRefusals.SubprotocolList, "two in one line", Proper + "Sec-WebSocket-Protocol: OCPP1.6, mqtt\r\n"),
        Answer(HandshakeRefusals.OtherSubprotocol, "another case", Proper + "Sec-WebSocket-Protocol: ocpp1.6\r\n"),
        Answer(HandshakeRefusals.OtherSubprotocol, "one unasked", Proper + "Sec-WebSocket-Protocol: mqtt\r\n"),
        Answer(HandshakeRefusals.NoSubprotocol, "none, where one is required", Proper, isRequired: true),
        Answer(HandshakeRefusals.NoSubprotocol, "an empty one, where one is required", Proper + "Sec-WebSocket-Protocol: \r\n", isRequired: true),
        new(HandshakeRefusals.NoSubprotocol, "the function gives a socket without the one that is required",
            () => OpenAsync(From((_, _) => new(WebSocket.CreateFromStream(new MemoryStream(), new WebSocketCreationOptions()))), subprotocols: ["mqtt"], isRequired: true)),
        Answer(HandshakeRefusals.MalformedExtensions, "a malformed extension", Proper + "Sec-WebSocket-Extensions: a; =1\r\n"),
        Answer(HandshakeRefusals.OtherExtension, "another extension", Proper + "Sec-WebSocket-Extensions: x-other\r\n"),
        Answer(HandshakeRefusals.CompressionUnasked, "compression unasked", Proper + "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
        Answer(HandshakeRefusals.ExtensionTwice, "one extension twice", Proper + "Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate\r\n", ws => ws.Extensions.InstallPerMessageDeflate()),
        Answer(HandshakeRefusals.ExtensionParameters, "a valueless window", Proper + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n", ws => ws.Extensions.InstallPerMessageDeflate()),
        Answer(HandshakeRefusals.ExtensionThrew, "an extension that throws", Proper + "Sec-WebSocket-Extensions: x-throws\r\n", ws => ws.Extensions.Install(new ThrowingFactory())),

        Through(HandshakeRefusals.ProxyWantsCredentials, "407", () => ScriptedProxy.Answering("407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"")),
        Through(HandshakeRefusals.ProxyForbids, "403", () => ScriptedProxy.Answering("403 Forbidden")),
        Through(HandshakeRefusals.ProxyCannotReach, "502", () => ScriptedProxy.Answering("502 Bad Gateway")),
        Through(HandshakeRefusals.ProxyCannotReach, "504", () => ScriptedProxy.Answering("504 Gateway Timeout")),
        Through(HandshakeRefusals.ProxyRefuses, "302", () => ScriptedProxy.Answering("302 Found\r\nLocation: http://elsewhere.test/")),
        Through(HandshakeRefusals.ProxyRefuses, "400", () => ScriptedProxy.Answering("400 Bad Request")),
        Through(HandshakeRefusals.ProxyBreaks, "SOCKS5, not allowed", () => new ScriptedProxy("socks5", ends: false, [5, 0], [5, 2, 0, 1, 0, 0, 0, 0, 0, 0])),
        Through(HandshakeRefusals.ProxyBreaks, "SOCKS5, wants a password", () => new ScriptedProxy("socks5", ends: false, [5, 2])),
        Through(HandshakeRefusals.ProxyBreaks, "SOCKS5, no method that we know", () => new ScriptedProxy("socks5", ends: false, [5, 0xFF])),
        Through(HandshakeRefusals.ProxyBreaks, "SOCKS4, not allowed", () => new ScriptedProxy("socks4a", ends: false, [0, 0x5B, 0, 0, 0, 0, 0, 0])),
        Through(HandshakeRefusals.ProxyBreaks, "SOCKS5, ended", () => new ScriptedProxy("socks5", ends: true)),
        Through(HandshakeRefusals.EndedThroughProxy, "ended", () => new ScriptedProxy("http", ends: true)),
        Through(HandshakeRefusals.EndedThroughProxy, "no HTTP", () => new ScriptedProxy("http", ends: true, "220 mail.test ESMTP\r\n"u8.ToArray())),
        new(HandshakeRefusals.ProxyUnreachable, "nobody listens", () => OpenAsync(Clients.Through(new Uri("http://127.0.0.1:1")))),

        new(HandshakeRefusals.Unreachable, "nobody listens", () => OpenAsync(Clients.Create(), new Uri("ws://127.0.0.1:1/"))),
        new(HandshakeRefusals.UnknownHost, "a name that is not known", () => OpenAsync(Over(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectCallback = (_, _) => throw new SocketException((int)SocketError.HostNotFound) }))),
        new(HandshakeRefusals.NoTls, "a certificate that is not trusted, with a handler of one's own", () => UntrustedAsync(new HttpClient(new WebSocketsHandler(new SocketsHttpHandler { AllowAutoRedirect = false })))),
        new(HandshakeRefusals.NoTls, "no TLS at this port", async () =>
        {
            using var server = new RawServer();
            Task<WebSocketHandshakeException> opening = OpenAsync(new HttpClient(new WebSocketsHandler()), new UriBuilder(server.Uri) { Scheme = "wss" }.Uri);
            using Socket socket = await server.AcceptSocketAsync();
            await socket.SendAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
            return await opening;
        }),
        new(HandshakeRefusals.Untrusted, "a certificate that is not trusted", () => UntrustedAsync(new HttpClient(new WebSocketsHandler()))),
        .. from policy in Enum.GetValues<HttpVersionPolicy>()
           select new Refusal(HandshakeRefusals.Untrusted, $"a certificate that is not trusted, over HTTP/2, {policy}", () => UntrustedAsync(new HttpClient(new WebSocketsHandler()) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = policy })),
        Written(HandshakeRefusals.NoHttp, "another protocol", "220 mail.test ESMTP\r\n\r\n"),
        new(HandshakeRefusals.NoHttp2, "a server of HTTP/1.1", async () =>
        {
            using var server = new RawServer();
            Task<WebSocketHandshakeException> opening = OpenAsync(OverHttp2(LoopbackCertificate.CreateHandler()), server.Uri);
            using RawPeer peer = await server.AcceptAsync();
            await peer.WriteAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
            return await opening;
        }),
        Written(HandshakeRefusals.Ended, "the end within the answer", "HTTP/1.1 101 Switching Prot", peer => peer.EndAsync()),
        Written(HandshakeRefusals.TooLong, "too many headers", $"HTTP/1.1 101 Switching Protocols\r\nX-Long: {new string('x', 70_000)}\r\n\r\n"),
        Written(HandshakeRefusals.Broken, "a reset within the answer", "HTTP/1.1 101 Switching Prot", peer =>
        {
            peer.Reset();
            return Task.CompletedTask;
        }),

        new(HandshakeRefusals.Silent, "the server is silent", SilentAsync),
        new(HandshakeRefusals.SilentThroughProxy, "CONNECT stalls", StalledAsync),
        new(HandshakeRefusals.SilentOverHttp2, "the server's only stream is taken", TakenAsync),
        new(HandshakeRefusals.LateAbove, "a handler above waits before it tries again", () =>
        {
            var time = new TestClock();
            return AnsweredAsync("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", below => new Waiting(() => time.Advance(TimeSpan.FromSeconds(15)))
            {
                InnerHandler = new WebSocketsHandler(below, ws => ws.TimeProvider = time),
            });
        }),
        new(HandshakeRefusals.ClientTimeout, "the server is silent", ClientTimeoutAsync),
        new(HandshakeRefusals.TimeLimitBelow, "CONNECT stalls for longer than ConnectTimeout", async () =>
        {
            using var proxy = new ScriptedProxy("http", ends: false);
            return await OpenAsync(Over(new SocketsHttpHandler { AllowAutoRedirect = false, Proxy = new WebProxy(proxy.Uri), ConnectTimeout = TimeSpan.FromMilliseconds(50) }));
        }),
        new(HandshakeRefusals.ProcessLate, "all pool threads block", BlockedPool.OpenAsync),

        new(HandshakeRefusals.StatusAbove, "EnsureSuccessStatusCode above", () => AnsweredAsync("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", below => new Ensuring { InnerHandler = new WebSocketsHandler(below) })),
        new(HandshakeRefusals.StatusBelow, "EnsureSuccessStatusCode below", () => AnsweredAsync("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", below => new WebSocketsHandler(new Ensuring { InnerHandler = below }))),
        new(HandshakeRefusals.AboveThrew, "a handler above whose token server answers 404", () =>
            AnsweredAsync(Proper + "\r\n", below => new Throwing(new HttpRequestException("No token.", null, HttpStatusCode.NotFound)) { InnerHandler = new WebSocketsHandler(below) })),
        new(HandshakeRefusals.AboveThrew, "a handler that throws above", () => AnsweredAsync(Proper + "\r\n", below => new Throwing(new IOException("mine")) { InnerHandler = new WebSocketsHandler(below) })),
        new(HandshakeRefusals.SentElsewhere, "a handler that changes the address", () => AnsweredAsync(Proper + "\r\n", below => new WebSocketsHandler(new Diverting { InnerHandler = below }))),
        new(HandshakeRefusals.NoDuplexStream, "a handler that makes a response of its own", () => AnsweredAsync(Proper + "\r\n", below => new WebSocketsHandler(new Replacing(content => new StringContent("")) { InnerHandler = below }))),
        new(HandshakeRefusals.NoDuplexStream, "the same, over one that would decompress", () => AnsweredAsync(Proper + "\r\n", below => new WebSocketsHandler(new Replacing(content => new StreamContent(new MemoryStream())) { InnerHandler = Decompressing(below) }))),
        .. from coding in (string[])["gzip", "deflate", "br"]
           select new Refusal(HandshakeRefusals.Decompressed, $"Content-Encoding: {coding}", () => AnsweredAsync($"{Proper}Content-Encoding: {coding}\r\n\r\n", below => new WebSocketsHandler(Decompressing(below)))),
        new(HandshakeRefusals.Decompressed, "a handler that decompresses by its own code", () => AnsweredAsync(Proper + "\r\n", below =>
            new WebSocketsHandler(new Replacing(content => new OwnContent(new GZipStream(content.ReadAsStream(), CompressionMode.Decompress))) { InnerHandler = below }))),

        new(HandshakeRefusals.ConnectThrew, "the function throws", () => OpenAsync(From((_, _) => throw new FormatException()))),
        new(HandshakeRefusals.BrowserFailed, "the browser refuses the address", () => OpenAsync(new HttpClient(new WebSocketsHandler(ws => ws.Engine = new BrowserEngine(_ => throw new FormatException()))))),
        new(HandshakeRefusals.ConnectGaveNoSocket, "the function gives null", () => OpenAsync(From((_, _) => new(default(WebSocket)!)))),
        new(HandshakeRefusals.ConnectGaveSpentSocket, "the function gives a socket that never connected", () => OpenAsync(From((_, _) => new(new ClientWebSocket())))),
        new(HandshakeRefusals.ConnectGaveNoStream, "the function gives a stream to read", () => OpenAsync(new HttpClient(new WebSocketsHandler(ws => ws.Engine = WebSocketEngines.FromStream((_, _) => new(new MemoryStream([], writable: false))))))),
        new(HandshakeRefusals.ConnectGaveSubprotocol, "the function gives a subprotocol unasked", () => OpenAsync(From((_, _) => new(WebSocket.CreateFromStream(new MemoryStream(), new WebSocketCreationOptions { SubProtocol = "mqtt" }))))),
        new(HandshakeRefusals.DecorateThrew, "the function throws", () => OpenAsync(Decorating(_ => throw new FormatException()))),
        new(HandshakeRefusals.DecorateGaveNoStream, "the function gives a stream to read", () => OpenAsync(Decorating(_ => new MemoryStream([], writable: false)))),
        new(HandshakeRefusals.ProxyForbids, "a ClientWebSocket of the function's is refused", async () =>
        {
            using ScriptedProxy proxy = ScriptedProxy.Answering("403 Forbidden");
            return await OpenAsync(From(async (request, token) =>
            {
                var socket = new ClientWebSocket { Options = { Proxy = new WebProxy(proxy.Uri) } };
                await socket.ConnectAsync(request.Uri!, token);
                return socket;
            }));
        }),
        new(HandshakeRefusals.StatusBelow, "an HttpClient of the function's throws", () => OpenAsync(From((_, _) => throw new HttpRequestException("no", null, HttpStatusCode.Forbidden)))),
        new(HandshakeRefusals.TimeLimitBelow, "the function has a limit of its own", () => OpenAsync(From((_, _) => throw new OperationCanceledException()))),

        new(HandshakeRefusals.PluginDisposed, "the handler is disposed meanwhile", async () =>
        {
            var handler = new WebSocketsHandler(LoopbackCertificate.CreateHandler());
            return await SilentAsync(new HttpClient(handler, disposeHandler: false), handler.Dispose);
        }),
        new(HandshakeRefusals.ClientDisposed, "the client is disposed before", () =>
        {
            HttpClient client = Clients.Create();
            client.Dispose();
            return OpenAsync(client);
        }),
        new(HandshakeRefusals.GivenUpAbove, "a client that a handler above uses has timed out", () =>
            AnsweredAsync(Proper + "\r\n", below => new Throwing(AnotherClientsTimeout) { InnerHandler = new WebSocketsHandler(below) })),
        new(HandshakeRefusals.GivenUpAbove, "the same, of a client without a timeout", () =>
            AnsweredAsync(Proper + "\r\n", below => new Throwing(AnotherClientsTimeout) { InnerHandler = new WebSocketsHandler(below) }, Timeout.InfiniteTimeSpan)),
        new(HandshakeRefusals.GivenUpAbove, "pending requests are cancelled", () =>
        {
            HttpClient client = Clients.Create();
            return SilentAsync(client, client.CancelPendingRequests);
        }),
    ];

    /// <summary>Whether a message is this row's, with each of its words in braces filled in.</summary>
    public bool IsTold(string message)
    {
        string pattern = string.Join("(.+?)", Regex.Split(Row.Template, "{[a-z]+}").Select(Regex.Escape));
        if (Row == HandshakeRefusals.Broken)
            pattern = pattern.Replace("(.+?)", "(.*?)", StringComparison.Ordinal); // there may be no kind
        return Regex.IsMatch(message, $"^{pattern}") && !Regex.IsMatch(message, "{[a-z]+}");
    }

    public override string ToString() => $"{Row.Name}: {What}";

    /// <summary>Opens a session, which must fail, and disposes the client.</summary>
    public static async Task<WebSocketHandshakeException> OpenAsync(
        HttpClient client, Uri? uri = null, string[]? subprotocols = null, bool isRequired = false)
    {
        using HttpClient own = client;
        return await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync(uri ?? new Uri("ws://server.test/path"), request =>
        {
            request.RequireSubprotocol = isRequired;
            foreach (string name in subprotocols ?? [])
                request.Subprotocols.Add(name);
        }).Soon());
    }

    private static Refusal Status(HandshakeRefusal row, string status) => Written(row, status.Split('\r')[0], $"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");

    private static Refusal Answer(
        HandshakeRefusal row, string what, string head, Action<WebSocketsOptions>? configure = null,
        bool isRequired = false) =>
        Written(row, what, head + "\r\n", configure: configure, isRequired: isRequired);

    private static Refusal Written(
        HandshakeRefusal row, string what, string answer, Func<RawPeer, Task>? then = null,
        Action<WebSocketsOptions>? configure = null, bool isRequired = false) => new(row, what, async () =>
    {
        using var server = new RawServer();
        Task<WebSocketHandshakeException> opening = OpenAsync(Clients.Create(configure), server.Uri, ["OCPP1.6"], isRequired);
        using RawPeer peer = await server.AcceptAsync();
        await peer.WriteAsync(Fill(peer, answer));
        if (then is not null)
            await then(peer);
        return await opening;
    });

    private static Refusal Through(HandshakeRefusal row, string what, Func<ScriptedProxy> start) => new(row, what, async () =>
    {
        using ScriptedProxy proxy = start();
        return await OpenAsync(Clients.Through(proxy.Uri));
    });

    private static async Task<WebSocketHandshakeException> AnsweredAsync(string answer, Func<SocketsHttpHandler, HttpMessageHandler> chain, TimeSpan? timeout = null)
    {
        using var server = new RawServer();
        var client = new HttpClient(chain(LoopbackCertificate.CreateHandler()));
        client.Timeout = timeout ?? client.Timeout;
        Task<WebSocketHandshakeException> opening = OpenAsync(client, server.Uri);
        using RawPeer peer = await server.AcceptAsync();
        await peer.WriteAsync(Fill(peer, answer));
        return await opening;
    }

    private static HttpClient OverHttp2(SocketsHttpHandler below, Action<WebSocketsOptions>? configure = null) => new(new WebSocketsHandler(below, configure ?? (_ => { })))
    {
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private static Task<WebSocketHandshakeException> SilentAsync()
    {
        var time = new TestClock();
        return SilentAsync(Clients.Create(ws => ws.TimeProvider = time), () => time.Advance(TimeSpan.FromSeconds(15)));
    }

    // Its time is real; that of our own measurement stands still, so that a loaded machine changes no words.
    private static async Task<WebSocketHandshakeException> ClientTimeoutAsync()
    {
        using var server = new RawServer();
        HttpClient client = Clients.Create(ws => ws.TimeProvider = new TestClock());
        client.Timeout = TimeSpan.FromMilliseconds(50);
        return await OpenAsync(client, server.Uri);
    }

    private static async Task<WebSocketHandshakeException> SilentAsync(HttpClient client, Action then)
    {
        using var server = new RawServer();
        Task<WebSocketHandshakeException> opening = OpenAsync(client, server.Uri);
        using RawPeer peer = await server.AcceptAsync();
        then();
        return await opening;
    }

    private static async Task<WebSocketHandshakeException> TakenAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.Http2.MaxStreamsPerConnection = 1;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        await using WebApplication app = builder.Build();
        app.UseWebSockets();
        app.Map("/", async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.ReceiveAsync(new byte[16].AsMemory(), default);
        });
        await app.StartAsync();
        var uri = new Uri(app.Urls.Single().Replace("http", "ws", StringComparison.Ordinal));
        var time = new TestClock();
        using HttpClient client = OverHttp2(LoopbackCertificate.CreateHandler(), ws => ws.TimeProvider = time);
        DefaultClientWebSocketSession first = await client.WebSocketSessionAsync(uri).Soon();

        Task<WebSocketHandshakeException> opening = OpenAsync(client, uri);
        await time.Pass(TimeSpan.FromSeconds(15));
        WebSocketHandshakeException error = await opening;
        first.Abort();
        return error;
    }

    private static async Task<WebSocketHandshakeException> StalledAsync()
    {
        var time = new TestClock();
        using var proxy = new ScriptedProxy("http", ends: false);
        Task<WebSocketHandshakeException> opening = OpenAsync(Clients.Through(proxy.Uri, ws => ws.TimeProvider = time));
        await proxy.Asked.Soon();
        time.Advance(TimeSpan.FromSeconds(15));
        return await opening;
    }

    private static async Task<WebSocketHandshakeException> UntrustedAsync(HttpClient client)
    {
        using var server = new RawServer(tls: true);
        Task<WebSocketHandshakeException> opening = OpenAsync(client, server.Uri);
        _ = await Record.ExceptionAsync(server.AcceptAsync); // which end notices first is up to TLS
        return await opening;
    }

    private static string Fill(RawPeer peer, string answer) => answer.Replace("{accept}", HandshakeKey.ComputeAccept(peer.Header("Sec-WebSocket-Key")!), StringComparison.Ordinal);

    private static HttpClient Over(HttpMessageHandler handler) => new(new WebSocketsHandler(handler));

    private static HttpClient From(Func<WebSocketRequest, CancellationToken, ValueTask<WebSocket>> connect) => new(new WebSocketsHandler(ws => ws.Engine = WebSocketEngines.From(connect)));

    private static HttpClient Decorating(Func<Stream, Stream> decorate) =>
        new(new WebSocketsHandler(ws => ws.Engine = WebSocketEngines.Decorate(WebSocketEngines.FromStream((_, _) => new(new MemoryStream())), decorate)));

    private static SocketsHttpHandler Decompressing(SocketsHttpHandler handler)
    {
        handler.AutomaticDecompression = DecompressionMethods.All;
        return handler;
    }

    private sealed class Ensuring : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            (await base.SendAsync(request, cancellationToken)).EnsureSuccessStatusCode();
    }

    private sealed class Waiting(Action wait) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (await base.SendAsync(request, cancellationToken)).Dispose();
            wait();
            return await base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Throwing(Exception error) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (await base.SendAsync(request, cancellationToken)).Dispose();
            throw error;
        }
    }

    private sealed class Diverting : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri = new Uri(request.RequestUri!, "/elsewhere");
            return await base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Replacing(Func<HttpContent, HttpContent> replace) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            response.Content = replace(response.Content);
            return response;
        }
    }

    private sealed class OwnContent(Stream stream) : HttpContent
    {
        protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult(stream);

        protected override Task SerializeToStreamAsync(Stream target, TransportContext? context) => throw new NotSupportedException();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    private sealed class ThrowingFactory : WebSocketExtensionFactory
    {
        public override string Name => "x-throws";

        public override WebSocketExtension Create() => new ThrowingExtension();
    }

    private sealed class ThrowingExtension : WebSocketExtension
    {
        public override IReadOnlyList<WebSocketExtensionHeader> Offers => [new("x-throws")];

        public override bool TryAccept(WebSocketExtensionHeader answer, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out string? error) => throw new FormatException();
    }
}
