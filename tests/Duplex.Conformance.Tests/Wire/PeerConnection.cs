using System.Net.Sockets;

namespace Duplex.Tests;

/// <summary>The peer's end of a session's connection, whatever it is made of.</summary>
internal abstract class PeerConnection : IDisposable
{
    /// <summary>What the frames are read from and written to.</summary>
    public abstract Stream Stream { get; }

    /// <summary>How many bytes came that nobody has read yet.</summary>
    public abstract int Available { get; }

    /// <summary>Ends what we send, if the connection is not broken.</summary>
    public abstract void Finish();

    public abstract void Dispose();
}

/// <summary>A connection of HTTP/1.1, or one without any HTTP.</summary>
internal sealed class SocketConnection(Socket socket) : PeerConnection
{
    public override Stream Stream { get; } = new NetworkStream(socket, ownsSocket: true);

    public override int Available => socket.Available;

    public override void Finish()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The session has broken the connection already.
        }
    }

    public override void Dispose() => Stream.Dispose();
}

/// <summary>A stream of HTTP/2.</summary>
internal sealed class Http2Connection(Http2Listener listener, Http2Exchange exchange, Stream stream) : PeerConnection
{
    public override Stream Stream => stream;

    public override int Available => throw new NotSupportedException("Kestrel does not tell.");

    public override void Finish() => _ = exchange.FinishAsync();

    public override void Dispose()
    {
        exchange.Dispose();
        listener.Dispose();
    }
}
