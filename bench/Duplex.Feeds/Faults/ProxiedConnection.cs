using System.Net;
using System.Net.Sockets;
using System.Text;
using Duplex.Testing;

namespace Duplex.Feeds;

/// <summary>
/// A connection through a <see cref="FaultProxy"/>: two pumps, and a stream of faults to the server. Its end toward the
/// client is a socket's: a reset is a RST, an end a FIN.
/// </summary>
internal sealed class ProxiedConnection(FaultProxy proxy, Socket client, ProxyMode mode) : IDisposable
{
    // One way, as between two cities. Without it, next to nothing is on its way when a connection is reset.
    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(10);

    // A client has subscribed and received by then, also on a busy machine.
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(300);

    // Longer than the head of any handshake here.
    private const int MaxHead = 4096;

    // A client that was sent a FIN and does not close in this time is cut off.
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(5);

    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private FaultyStream? _stream;
    private volatile bool _isSilent;
    private volatile bool _tears;

    public async Task RunAsync(int serverPort)
    {
        try
        {
            client.NoDelay = _server.NoDelay = true;
            await ServeAsync(serverPort);
        }
        catch (Exception e) when (
            e is SocketException or IOException or ObjectDisposedException or TimeoutException)
        {
            Reset();
        }
        finally
        {
            Dispose();
            proxy.Remove(this);
        }
    }

    public void Reset()
    {
        _stream?.Cut();
        try
        {
            client.LingerState = new LingerOption(true, 0); // Dispose sends a RST
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended by itself.
        }

        Dispose();
    }

    public void EndWithoutClose() => _stream?.Cut(CutKind.End);

    public void Tear() => _tears = true;

    public void Silence() => _isSilent = true;

    public void Dispose()
    {
        client.Dispose();
        _server.Dispose();
        _stream?.Dispose();
    }

    private async Task ServeAsync(int serverPort)
    {
        if (mode == ProxyMode.NoAnswer)
        {
            await SwallowAsync();
            return;
        }

        byte[] request = await ReadHeadAsync(client);
        if (mode == ProxyMode.Busy)
        {
            await client.SendAsync(proxy.TakeBusyAnswer());
            client.Shutdown(SocketShutdown.Send);
            await SwallowAsync().WaitAsync(Drain);
            return;
        }

        await _server.ConnectAsync(IPAddress.Loopback, serverPort);
        await _server.SendAsync(request);
        byte[] response = await ReadHeadAsync(_server);
        await client.SendAsync(response);
        if (!response.AsSpan().StartsWith("HTTP/1.1 101"u8))
        {
            await ForwardRequestsAsync();
            return;
        }

        if (mode == ProxyMode.DropAfterHandshake)
        {
            client.Shutdown(SocketShutdown.Send);
            await SwallowAsync().WaitAsync(Drain);
            return;
        }

        if (mode == ProxyMode.DropSoon)
            _ = Task.Delay(Soon).ContinueWith(_ => Reset(), TaskScheduler.Default);

        // From here on only frames, as the stream wants it.
        _stream = new FaultyStream(new NetworkStream(_server, ownsSocket: true), Faults.None.Delay(Latency));
        Task up = PumpUpAsync(_stream);
        await PumpDownAsync(_stream);
        client.Shutdown(SocketShutdown.Send);
        try
        {
            await up.WaitAsync(Drain);
        }
        catch (TimeoutException)
        {
            // Dispose ends it.
        }
    }

    // To the client, until the server or a script ends it.
    private async Task PumpDownAsync(FaultyStream stream)
    {
        byte[] buffer = new byte[64 * 1024];
        while (await stream.ReadAsync(buffer) is > 0 and int read)
        {
            if (_isSilent)
                continue;
            if (_tears)
            {
                await client.SendAsync(buffer.AsMemory(0, read - 1)); // the server writes whole messages
                return;
            }

            await client.SendAsync(buffer.AsMemory(0, read));
        }
    }

    // To the server, until the client ends it.
    private async Task PumpUpAsync(FaultyStream stream)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await client.ReceiveAsync(buffer) is > 0 and int read)
            {
                if (!_isSilent)
                    await stream.WriteAsync(buffer.AsMemory(0, read));
            }

            _server.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            stream.Cut(); // the client has reset it, or a script has
        }
    }

    // The negotiation of SignalR: the rest of the answer, and further requests.
    private async Task ForwardRequestsAsync()
    {
        using var toClient = new NetworkStream(client, ownsSocket: false);
        using var toServer = new NetworkStream(_server, ownsSocket: false);
        await Task.WhenAny(toClient.CopyToAsync(toServer), toServer.CopyToAsync(toClient));
    }

    private async Task SwallowAsync()
    {
        byte[] buffer = new byte[MaxHead];
        while (await client.ReceiveAsync(buffer) > 0)
        {
        }
    }

    // Exactly the head: what follows are frames.
    private static async Task<byte[]> ReadHeadAsync(Socket socket)
    {
        byte[] buffer = new byte[MaxHead];
        while (true)
        {
            int length = await socket.ReceiveAsync(buffer, SocketFlags.Peek);
            int end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                byte[] head = new byte[end + 4];
                await socket.ReceiveAsync(head);
                return head;
            }

            if (length is 0 or MaxHead)
                throw new IOException($"No head came, but: {Encoding.ASCII.GetString(buffer, 0, length)}");
            await Task.Delay(1); // a peek does not wait for more
        }
    }
}
