using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;

namespace Duplex.Tests;

public sealed class SocketStreamsTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"dx{Guid.NewGuid():N}.sock");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public async Task Over_tcp_nothing_is_delayed()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        await using Stream stream = await SocketStreams.ConnectTcpAsync((IPEndPoint)listener.LocalEndpoint, default).Soon();

        Assert.True(Assert.IsType<NetworkStream>(stream).Socket.NoDelay);
    }

    [Fact]
    public async Task A_unix_socket_is_a_stream_both_ways()
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_path));
        listener.Listen();

        await using Stream stream = await SocketStreams.ConnectUnixAsync(new UnixDomainSocketEndPoint(_path), default).Soon();
        using Socket peer = await listener.AcceptAsync().Soon();
        await stream.WriteAsync("a"u8.ToArray()).Soon();
        byte[] one = new byte[1];
        Assert.Equal(1, await peer.ReceiveAsync(one).Soon());
        await peer.SendAsync("b"u8.ToArray()).Soon();
        Assert.Equal(1, await stream.ReadAsync(one).Soon());
        Assert.Equal("b"u8, one);
    }

    [Fact]
    public async Task Without_a_listener_the_sockets_own_error_is_thrown() =>
        await Assert.ThrowsAsync<SocketException>(() => SocketStreams.ConnectUnixAsync(new UnixDomainSocketEndPoint(_path), default).Soon());

    [Fact]
    public async Task A_named_pipe_is_a_stream_both_ways()
    {
        string name = $"dx{Guid.NewGuid():N}";
        await using var server = new NamedPipeServerStream(name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous);
        Task waiting = server.WaitForConnectionAsync();

        await using Stream stream = await SocketStreams.ConnectPipeAsync(name, ".", default).Soon();
        await waiting.Soon();
        await stream.WriteAsync("a"u8.ToArray()).Soon();
        byte[] one = new byte[1];
        Assert.Equal(1, await server.ReadAsync(one).Soon());
        await server.WriteAsync("b"u8.ToArray()).Soon();
        Assert.Equal(1, await stream.ReadAsync(one).Soon());
        Assert.Equal("b"u8, one);
    }

    [Fact]
    public async Task A_pipe_without_a_server_fails_soon()
    {
        var error = await Assert.ThrowsAsync<IOException>(() => SocketStreams.ConnectPipeAsync($"dx{Guid.NewGuid():N}", ".", default).Soon());

        Assert.StartsWith("No server listens at the named pipe", error.Message, StringComparison.Ordinal);
        Assert.IsType<TimeoutException>(error.InnerException);
    }

    [Fact]
    public async Task A_cancelled_connection_is_cancelled()
    {
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SocketStreams.ConnectPipeAsync("dx", ".", cancelled).Soon());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SocketStreams.ConnectUnixAsync(new UnixDomainSocketEndPoint(_path), cancelled).Soon());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SocketStreams.ConnectTcpAsync(new IPEndPoint(IPAddress.Loopback, 1), cancelled).Soon());
    }
}
