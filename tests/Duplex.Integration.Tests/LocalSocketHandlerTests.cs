using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>Sessions over Unix sockets, with real Kestrel, and over named pipes.</summary>
public sealed class LocalSocketHandlerTests(LocalSocketHandlerTests.Servers servers) : IClassFixture<LocalSocketHandlerTests.Servers>
{
    [Theory]
    [InlineData("1.1", "hello")]
    [InlineData("2.0", "hello")]
    public async Task A_session_works_as_over_tcp(string version, string text)
    {
        using var client = new HttpClient(new WebSocketsHandler(ws => ws.Extensions.InstallPerMessageDeflate()));

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(servers.Url("1", "/echo?room=1", version), request =>
        {
            (request.Version, request.VersionPolicy) = (Version.Parse(version), HttpVersionPolicy.RequestVersionExact);
            request.Headers.Add("X-Name", "value");
            request.Subprotocols.Add("echo.v1");
        }).Soon();
        await session.SendAsync(text);

        Assert.Equal(text, await session.ReceiveTextAsync().AsTask().Soon());
        Assert.Equal("echo.v1", session.Subprotocol);
        Assert.Equal("localhost /echo?room=1 value", session.Response!.Headers.GetValues("X-Asked").Single());
        Assert.Equal("permessage-deflate", session.Response.Headers.GetValues("Sec-WebSocket-Extensions").Single().Split(';')[0]);
        Assert.Equal(servers.Url("1", "/echo", version), session.Call.Request.Uri.OriginalString);
        Assert.Equal(version, session.Response.Version.ToString());
        await session.PingAsync().Soon();
        Assert.True((await session.CloseAsync().Soon()).WasClean);
    }

    [Theory, InlineData("1.1"), InlineData("2.0")]
    public async Task Two_sockets_share_no_connection_and_no_cookie(string version)
    {
        using var client = new HttpClient(new WebSocketsHandler());
        (client.DefaultRequestVersion, client.DefaultVersionPolicy) = (Version.Parse(version), HttpVersionPolicy.RequestVersionExact);

        var names = new List<string>();
        for (int round = 0; round < 2; round++)
        {
            foreach (string which in (string[])["1", "2"])
            {
                await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(servers.Url(which, "/who", version)).Soon();
                names.Add((await session.ReceiveTextAsync().AsTask().Soon())!);
            }
        }

        Assert.Equal(["1 -", "2 -", "1 1", "2 2"], names);
    }

    [Fact]
    public async Task A_base_address_may_be_a_sockets()
    {
        using var client = new HttpClient(new WebSocketsHandler()) { BaseAddress = new Uri(servers.Url("1", "/api/")) };

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("../echo?x").Soon();

        Assert.Equal("localhost /echo?x -", session.Response!.Headers.GetValues("X-Asked").Single());
    }

    [Fact]
    public async Task A_host_header_of_the_users_is_kept()
    {
        using var client = new HttpClient(new WebSocketsHandler());

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(servers.Url("1", "/echo"), request => request.Headers.Host = "app.test").Soon();

        Assert.StartsWith("app.test ", session.Response!.Headers.GetValues("X-Asked").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Around_a_handler_of_the_users_no_proxy_is_asked()
    {
        using var proxy = new RawServer();
        var primary = new SocketsHttpHandler { AllowAutoRedirect = false, Proxy = new WebProxy($"http://127.0.0.1:{proxy.Uri.Port}/") };
        using var client = new HttpClient(new WebSocketsHandler(new LocalSocketHandler(primary)));

        await (await client.WebSocketSessionAsync(servers.Url("1", "/echo")).Soon()).DisposeAsync();
        WebSocketHandshakeException error = await Refusal.OpenAsync(client, new Uri(servers.Url("none", "/")));

        Assert.False(proxy.IsAsked);
        Assert.Equal(HandshakeCheck.Transport, error.Check);
        Assert.StartsWith("The server cannot be reached", error.Message, StringComparison.Ordinal); // not the proxy
    }

    [Fact]
    public async Task A_refusal_is_the_servers()
    {
        using var client = new HttpClient(new WebSocketsHandler());

        WebSocketHandshakeException error = await Refusal.OpenAsync(client, new Uri(servers.Url("1", "/nowhere")));

        Assert.Equal((HandshakeCheck.Status, HttpStatusCode.NotFound), (error.Check, error.StatusCode));
    }

    [Theory, InlineData("1.1"), InlineData("2.0")]
    public async Task An_abort_ends_the_session_and_the_servers_end_is_seen(string version)
    {
        using var client = new HttpClient(new WebSocketsHandler());
        (client.DefaultRequestVersion, client.DefaultVersionPolicy) = (Version.Parse(version), HttpVersionPolicy.RequestVersionExact);
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(servers.Url("1", "/drop", version)).Soon();

        await session.SendAsync("now");
        await Assert.ThrowsAnyAsync<WebSocketException>(() => session.ReceiveAsync().AsTask().Soon());

        await using DefaultClientWebSocketSession other = await client.WebSocketSessionAsync(servers.Url("1", "/echo", version)).Soon();
        Task<Frame?> receiving = other.ReceiveAsync().AsTask();
        other.Abort();
        await Assert.ThrowsAnyAsync<WebSocketException>(() => receiving.Soon());
    }

    [Fact]
    public async Task Telemetry_has_the_path_and_no_query()
    {
        var logger = new ListLogger();
        using var probe = new MeterProbe();
        _ = probe.Instruments;
        using var client = new HttpClient(new WebSocketsHandler(ws => (ws.LoggerFactory, ws.MeterFactory) = (logger, probe)));

        await (await client.WebSocketSessionAsync(servers.Url("1", "/echo?token=s3cret")).Soon()).DisposeAsync();

        Assert.Contains(
            $" server.address={servers.Path("1")} url.scheme=ws+unix network.transport=unix http.response.status_code=101",
            Assert.Single(probe.Of("duplex.handshake.duration")), StringComparison.Ordinal);
        Assert.All(logger.Entries, entry =>
        {
            Assert.Contains(servers.Url("1", "/echo"), entry.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("s3cret", entry.Text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_handler_above_may_change_the_route()
    {
        using var client = new HttpClient(new Above(request => request.RequestUri = new Uri(request.RequestUri!, "/echo?by=handler")) { InnerHandler = new WebSocketsHandler() });

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(servers.Url("1", "/other")).Soon();

        Assert.Equal("localhost /echo?by=handler -", session.Response!.Headers.GetValues("X-Asked").Single());
        Assert.Equal(servers.Url("1", "/echo"), session.Call.Request.Uri.OriginalString);
    }

    [Fact]
    public async Task A_secure_call_is_refused_before_anything_is_sent()
    {
        using var client = new HttpClient(new WebSocketsHandler());

        var error = await Assert.ThrowsAsync<ArgumentException>(() => client.WssSessionAsync(servers.Url("1", "/echo")).Soon());

        Assert.Contains("without TLS", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_url_of_a_host_that_looks_like_a_sockets_reaches_none()
    {
        using var client = new HttpClient(new WebSocketsHandler());
        string host = LocalSocket.Of(new Uri(servers.Url("1", "/")))!.Host;
        await (await client.WebSocketSessionAsync(servers.Url("1", "/echo")).Soon()).DisposeAsync();

        WebSocketHandshakeException error = await Refusal.OpenAsync(client, new Uri($"ws://{host}/echo"));

        Assert.Equal(HandshakeCheck.Transport, error.Check);
    }

    [Fact]
    public async Task A_session_over_a_named_pipe_works_and_ends()
    {
        string name = $"dx{Guid.NewGuid():N}";
        await using var server = new NamedPipeServerStream(name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous);
        Task connected = server.WaitForConnectionAsync();
        using var probe = new MeterProbe();
        _ = probe.Instruments;
        using var client = new HttpClient(new WebSocketsHandler(ws => ws.MeterFactory = probe));

        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync($"ws+npipe:{name}:/chat?q");
        await connected.Soon();
        using var peer = new SocketPeer(null!, server);
        await peer.ReadRequestAsync();
        await peer.UpgradeAsync();
        await using (DefaultClientWebSocketSession session = await opening.Soon())
        {
            Assert.StartsWith("GET /chat?q HTTP/1.1\r\nHost: localhost\r\n", peer.Request, StringComparison.Ordinal);
            await session.SendAsync("to");
            Assert.Equal("to", Assert.IsType<Frame.Text>(await peer.ReceiveAsync()).ReadText());
            await peer.WriteHexAsync("81 03 66 72 6f");
            Assert.Equal("fro", await session.ReceiveTextAsync().AsTask().Soon());
            Task<Frame?> receiving = session.ReceiveAsync().AsTask();
            session.Abort();
            await Assert.ThrowsAnyAsync<WebSocketException>(() => receiving.Soon());
        }

        Assert.Contains($" server.address={name} url.scheme=ws+npipe network.transport=pipe ", Assert.Single(probe.Of("duplex.handshake.duration")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipe_without_a_server_cannot_be_reached()
    {
        using var client = new HttpClient(new WebSocketsHandler());

        WebSocketHandshakeException error = await Refusal.OpenAsync(client, new Uri($"ws+npipe:dx{Guid.NewGuid():N}:/"));

        Assert.StartsWith("The server cannot be reached", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Linux_has_abstract_sockets()
    {
        if (!OperatingSystem.IsLinux())
            return;
        string name = $"dx{Guid.NewGuid():N}";
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"\0{name}"));
        listener.Listen();
        using var client = new HttpClient(new WebSocketsHandler());

        Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync($"ws+unix:%00{name}:/");
        Socket socket = await listener.AcceptAsync().Soon();
        using var peer = new SocketPeer(socket, new NetworkStream(socket, ownsSocket: true));
        await peer.ReadRequestAsync();
        await peer.UpgradeAsync();

        await (await opening.Soon()).DisposeAsync();
    }

    private sealed class Above(Action<HttpRequestMessage> act) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            act(request);
            return base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>Two Kestrels, each on a socket of HTTP/1.1 and one of HTTP/2.</summary>
    public sealed class Servers : IAsyncLifetime
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("dx ").FullName; // with a space
        private readonly List<WebApplication> _apps = [];

        public string Path(string which, string version = "1.1") => System.IO.Path.Combine(_folder, $"{which}.{version}.sock");

        public string Url(string which, string route, string version = "1.1") => $"ws+unix:{Path(which, version).Replace(" ", "%20", StringComparison.Ordinal)}:{route}";

        public async ValueTask InitializeAsync()
        {
            foreach (string which in (string[])["1", "2"])
            {
                WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
                builder.Logging.ClearProviders();
                builder.WebHost.ConfigureKestrel(kestrel =>
                {
                    kestrel.ListenUnixSocket(Path(which));
                    kestrel.ListenUnixSocket(Path(which, "2.0"), listen => listen.Protocols = HttpProtocols.Http2);
                });
                WebApplication app = builder.Build();
                app.UseWebSockets();
                app.Map("/echo", async context =>
                {
                    HttpRequest request = context.Request;
                    context.Response.Headers["X-Asked"] = $"{request.Host} {request.Path}{request.QueryString} {(request.Headers.TryGetValue("X-Name", out Microsoft.Extensions.Primitives.StringValues name) ? name[0] : "-")}";
                    using WebSocket socket = await AcceptAsync(context);
                    byte[] buffer = new byte[4096];
                    while (await ReceiveAsync(socket, buffer) is { MessageType: not WebSocketMessageType.Close } received)
                        await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, default);
                });
                app.Map("/who", async context =>
                {
                    string cookie = context.Request.Cookies["who"] ?? "-";
                    context.Response.Cookies.Append("who", which);
                    using WebSocket socket = await AcceptAsync(context);
                    await socket.SendAsync(System.Text.Encoding.UTF8.GetBytes($"{which} {cookie}"), WebSocketMessageType.Text, true, default);
                    await ReceiveAsync(socket, new byte[64]);
                });
                app.Map("/drop", async context =>
                {
                    using WebSocket socket = await AcceptAsync(context);
                    await ReceiveAsync(socket, new byte[64]);
                    context.Abort();
                });
                await app.StartAsync();
                _apps.Add(app);
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (WebApplication app in _apps)
                await app.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }

        private static Task<WebSocket> AcceptAsync(HttpContext context) => context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            DangerousEnableCompression = true,
            SubProtocol = context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(),
        });

        private static async Task<ValueWebSocketReceiveResult?> ReceiveAsync(WebSocket socket, byte[] buffer)
        {
            try
            {
                ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), default);
                if (received.MessageType == WebSocketMessageType.Close)
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default);
                return received;
            }
            catch (Exception e) when (e is System.Net.WebSockets.WebSocketException or OperationCanceledException or IOException)
            {
                return null; // the client went away, which is what some tests do
            }
        }
    }
}
