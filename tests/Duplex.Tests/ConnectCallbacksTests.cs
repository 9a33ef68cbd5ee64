using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Callback = System.Func<System.Net.Http.SocketsHttpConnectionContext, System.Threading.CancellationToken, System.Threading.Tasks.ValueTask<System.IO.Stream>>;

namespace Duplex.Tests;

public sealed class ConnectCallbacksTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"dx{Guid.NewGuid():N}.sock");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public async Task Ordinary_requests_take_a_unix_socket()
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_path));
        listener.Listen();

        Task<string> asking = AskAsync(ConnectCallbacks.UnixSocket(_path), "http://localhost/status");
        await AnswerAsync(new NetworkStream(await listener.AcceptAsync().Soon(), ownsSocket: true));

        Assert.Equal("ok", await asking.Soon());
    }

    [Fact]
    public async Task Ordinary_requests_take_a_named_pipe()
    {
        string name = $"dx{Guid.NewGuid():N}";
        await using var server = new NamedPipeServerStream(name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous);
        Task connected = server.WaitForConnectionAsync();

        Task<string> asking = AskAsync(ConnectCallbacks.NamedPipe(name), "http://localhost/status");
        await connected.Soon();
        await AnswerAsync(server);

        Assert.Equal("ok", await asking.Soon());
    }

    // "localhost" is ::1, too, where such a listener refuses.
    [Theory, InlineData("localhost"), InlineData("127.0.0.1")]
    public async Task Happy_eyeballs_find_the_address_that_listens(string host)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;

        Task<string> asking = AskAsync(ConnectCallbacks.HappyEyeballs(), $"http://{host}:{port}/");
        using TcpClient peer = await listener.AcceptTcpClientAsync().Soon();
        await AnswerAsync(peer.GetStream());

        Assert.Equal("ok", await asking.Soon());
    }

    [Fact]
    public async Task A_dead_port_is_a_connection_error()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(ConnectCallbacks.HappyEyeballs(), $"http://127.0.0.1:{port}/"));

        Assert.Equal(HttpRequestError.ConnectionError, error.HttpRequestError);
        Assert.IsType<SocketException>(error.InnerException);
    }

    [Fact]
    public async Task A_name_that_does_not_exist_is_a_resolution_error()
    {
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(ConnectCallbacks.HappyEyeballs(), "http://host.invalid/"));

        Assert.Contains(error.HttpRequestError, (HttpRequestError[])[HttpRequestError.NameResolutionError, HttpRequestError.ConnectionError]); // the second where no resolver answers
    }

    [Theory, InlineData(9), InlineData(2001), InlineData(-1)]
    public void A_delay_out_of_the_RFCs_bounds_is_refused(int ms) =>
        Assert.Throws<ArgumentOutOfRangeException>("attemptDelay", () => ConnectCallbacks.HappyEyeballs(TimeSpan.FromMilliseconds(ms)));

    [Theory, InlineData(10), InlineData(2000)]
    public void A_delay_on_the_bounds_is_allowed(int ms) => Assert.NotNull(ConnectCallbacks.HappyEyeballs(TimeSpan.FromMilliseconds(ms)));

    [Fact]
    public void Other_arguments_are_checked_too()
    {
        Assert.Throws<ArgumentOutOfRangeException>("firstFamily", () => ConnectCallbacks.HappyEyeballs(firstFamily: AddressFamily.Unix));
        Assert.Throws<ArgumentException>("path", () => ConnectCallbacks.UnixSocket(""));
        Assert.Throws<ArgumentException>("path", () => ConnectCallbacks.UnixSocket(new string('s', 200)));
        Assert.Throws<ArgumentException>("name", () => ConnectCallbacks.NamedPipe(""));
        Assert.Throws<ArgumentException>("serverName", () => ConnectCallbacks.NamedPipe("name", ""));
    }

    private static async Task<string> AskAsync(Callback connect, string url)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = connect });
        return await client.GetStringAsync(url);
    }

    private static async Task AnswerAsync(Stream stream)
    {
        byte[] buffer = new byte[4096];
        int read = 0;
        while (!Encoding.Latin1.GetString(buffer, 0, read).EndsWith("\r\n\r\n", StringComparison.Ordinal))
            read += await stream.ReadAsync(buffer.AsMemory(read)).Soon();
        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray()).Soon();
    }
}
