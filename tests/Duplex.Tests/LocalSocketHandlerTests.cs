using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Duplex.Tests;

public sealed class LocalSocketHandlerTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"dx{Guid.NewGuid():N}.sock");
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public LocalSocketHandlerTests()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(_path));
        _listener.Listen();
    }

    public void Dispose()
    {
        _listener.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public async Task Other_requests_pass_unchanged()
    {
        var primary = new FakePrimaryHandler(request => new HttpResponseMessage { RequestMessage = request });
        using var client = new HttpMessageInvoker(new LocalSocketHandler(primary));
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://host.test/");

        using HttpResponseMessage response = await client.SendAsync(request, default).Soon();

        Assert.Same(request, primary.Request);
        Assert.Null(request.Headers.Host);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_sockets_requests_take_the_settings_of_the_inner_handler_but_neither_its_proxy_nor_its_callback(bool isClientHandler)
    {
        var cookies = new CookieContainer();
        var proxy = new WebProxy("http://127.0.0.1:1/");
        LocalSocket socket = Socket();
        cookies.Add(new Uri($"http://{socket.Host}/"), new Cookie("a", "1"));
        HttpMessageHandler inner = isClientHandler
            ? new HttpClientHandler { CookieContainer = cookies, Proxy = proxy }
            : new SocketsHttpHandler { CookieContainer = cookies, Proxy = proxy, ConnectCallback = (_, _) => throw new IOException("not this one") };
        using var client = new HttpMessageInvoker(new LocalSocketHandler(new UserHandler((request, next) => next(request)) { InnerHandler = inner }));

        Task<HttpResponseMessage> asking = client.SendAsync(Request(socket), default);
        string request = await AnswerAsync("302 Found\r\nLocation: http://127.0.0.1:1/");
        using HttpResponseMessage response = await asking.Soon();

        Assert.Equal(HttpStatusCode.Found, response.StatusCode); // not followed
        Assert.StartsWith("GET /status HTTP/1.1\r\nHost: localhost\r\n", request, StringComparison.Ordinal);
        Assert.Contains("\r\nCookie: a=1\r\n", request, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nothing_listens_is_a_connection_error()
    {
        using var client = new HttpMessageInvoker(new LocalSocketHandler(new SocketsHttpHandler()));
        File.Delete(_path);

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(Request(Socket()), default).Soon());

        Assert.Equal(HttpRequestError.ConnectionError, error.HttpRequestError);
    }

    [Fact]
    public async Task After_disposal_nothing_is_sent()
    {
        var handler = new LocalSocketHandler(new FakePrimaryHandler());
        using var client = new HttpMessageInvoker(handler, disposeHandler: false);
        handler.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.SendAsync(Request(Socket()), default).Soon());
    }

    [Fact]
    public async Task A_chain_without_it_is_refused_before_anything_is_sent()
    {
        var primary = new FakePrimaryHandler();
        using var client = new HttpClient(new WebSocketsHandler(primary));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => client.WebSocketSessionAsync($"ws+unix:{_path}:/").Soon());

        Assert.Contains("new LocalSocketHandler(yours)", error.Message, StringComparison.Ordinal);
        Assert.Empty(primary.Requests);
    }

    [Fact]
    public void It_needs_a_handler_or_none() => Assert.Throws<ArgumentNullException>(() => new LocalSocketHandler(null!));

    private LocalSocket Socket() => LocalSocket.Of(new Uri($"ws+unix:{_path}:/status"))!;

    private static HttpRequestMessage Request(LocalSocket socket)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"http://{socket.Host}/status");
        socket.Address(request);
        return request;
    }

    private async Task<string> AnswerAsync(string status)
    {
        await using var stream = new NetworkStream(await _listener.AcceptAsync().Soon(), ownsSocket: true);
        byte[] buffer = new byte[4096];
        int read = 0;
        while (!Encoding.Latin1.GetString(buffer, 0, read).EndsWith("\r\n\r\n", StringComparison.Ordinal))
            read += await stream.ReadAsync(buffer.AsMemory(read)).Soon();
        await stream.WriteAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")).Soon();
        return Encoding.Latin1.GetString(buffer, 0, read);
    }
}
