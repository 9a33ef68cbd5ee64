using System.Net;
using System.Net.Sockets;

namespace Duplex.EndToEnd;

/// <summary>Listens on a free port of loopback and passes each connection on.</summary>
internal sealed class LoopbackListener : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Action<Socket> _serve;

    /// <summary>Listens. Connections are accepted after <see cref="Start"/>.</summary>
    /// <param name="serve">Serves a connection, which it owns, without blocking.</param>
    public LoopbackListener(Action<Socket> serve)
    {
        _serve = serve;
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _socket.Listen(4096);
    }

    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>Accepts connections on a background thread until this is disposed.</summary>
    public void Start() => new Thread(Accept) { IsBackground = true }.Start();

    public void Dispose() => _socket.Dispose();

    private void Accept()
    {
        try
        {
            while (true)
                _serve(_socket.Accept());
        }
        catch (SocketException) when (_socket.SafeHandle.IsClosed)
        {
            // Disposed.
        }
    }
}
