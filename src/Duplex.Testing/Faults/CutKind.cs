namespace Duplex.Testing;

/// <summary>How a connection is cut.</summary>
public enum CutKind
{
    /// <summary>
    /// As by a TCP reset: reads and writes throw an <see cref="IOException"/> whose inner exception is a
    /// <see cref="System.Net.Sockets.SocketException"/> (<c>ConnectionReset</c>). The inner stream is disposed, so the
    /// peer loses its connection, too.
    /// </summary>
    Reset,

    /// <summary>
    /// As by a TCP FIN of the peer: reads return 0, and what the peer sends later is lost. Writes still reach the peer.
    /// </summary>
    End,
}
