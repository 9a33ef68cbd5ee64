using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Duplex.Feeds;

/// <summary>
/// A TCP proxy between one client and the server, on a free port of the loopback. A script commands what happens to its
/// connections. Thread-safe.
/// </summary>
internal sealed class FaultProxy : IDisposable
{
    /// <summary>The seconds that a 503 asks to wait.</summary>
    public const int RetryAfter = 3;

    // A timer of ours or of the client may fire early by a tick of the system's clock.
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<ProxiedConnection, bool> _connections = [];
    private readonly int _serverPort;
    private readonly Lock _sync = new();

    // Under _sync.
    private Socket _listener;
    private ProxyMode _mode = ProxyMode.Forward;
    private int _busyAnswers;
    private long _busyUntil;
    private bool _isDisposed;

    public FaultProxy(int serverPort)
    {
        _serverPort = serverPort;
        _listener = Bind(0);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        Listen();
    }

    public int Port { get; }

    /// <summary>How many attempts came before the time that a 503 had asked for.</summary>
    public int EarlyAttempts { get; private set; }

    /// <summary>What happens to new connections.</summary>
    public ProxyMode Mode
    {
        get
        {
            lock (_sync)
                return _mode;
        }

        set
        {
            lock (_sync)
            {
                ProxyMode before = _mode;
                _mode = value;
                if (value == ProxyMode.Refuse)
                {
                    // Bound, but not listening: the kernel refuses connections, and the port stays ours.
                    _listener.Dispose();
                    _listener = Bind(Port);
                }
                else if (before == ProxyMode.Refuse)
                {
                    Listen();
                }
            }
        }
    }

    /// <summary>Answers the next connections with 503, then forwards.</summary>
    public void BeBusy(int answers)
    {
        lock (_sync)
        {
            _busyAnswers = answers;
            _mode = ProxyMode.Busy;
        }
    }

    /// <summary>Resets all connections.</summary>
    public void Reset() => Each(connection => connection.Reset());

    /// <summary>Ends all connections as a server's process does that ends: FIN, and no Close frame.</summary>
    public void EndWithoutClose() => Each(connection => connection.EndWithoutClose());

    /// <summary>Ends all connections in the middle of the next message to the client.</summary>
    public void Tear() => Each(connection => connection.Tear());

    /// <summary>Delivers nothing more on any connection, and goes on accepting bytes. New connections work.</summary>
    public void Silence() => Each(connection => connection.Silence());

    /// <summary>The answer of a busy server, and what becomes of later attempts.</summary>
    public byte[] TakeBusyAnswer()
    {
        lock (_sync)
        {
            CountIfEarly();
            _busyUntil = Stopwatch.GetTimestamp() + (RetryAfter * Stopwatch.Frequency);
            if (--_busyAnswers == 0)
                _mode = ProxyMode.Forward;
        }

        return Encoding.ASCII.GetBytes(
            $"HTTP/1.1 503 Service Unavailable\r\nRetry-After: {RetryAfter}\r\nContent-Length: 0\r\n"
            + "Connection: close\r\n\r\n");
    }

    public void Remove(ProxiedConnection connection) => _connections.TryRemove(connection, out _);

    public void Dispose()
    {
        lock (_sync)
        {
            _isDisposed = true;
            _listener.Dispose();
        }

        Each(connection => connection.Dispose());
    }

    private static Socket Bind(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }

    private void Listen()
    {
        _listener.Listen();
        _ = AcceptAsync(_listener);
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                Socket client = await listener.AcceptAsync();
                lock (_sync)
                {
                    if (_isDisposed)
                    {
                        client.Dispose();
                        return;
                    }

                    if (_mode == ProxyMode.Forward)
                        CountIfEarly();
                    var connection = new ProxiedConnection(this, client, _mode);
                    _connections[connection] = true;
                    _ = connection.RunAsync(_serverPort);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed, or the mode has changed.
        }
    }

    // Under _sync.
    private void CountIfEarly()
    {
        if (Stopwatch.GetElapsedTime(_busyUntil, Stopwatch.GetTimestamp()) < -Tolerance)
            EarlyAttempts++;
        _busyUntil = 0;
    }

    private void Each(Action<ProxiedConnection> action)
    {
        foreach (ProxiedConnection connection in _connections.Keys)
            action(connection);
    }
}
