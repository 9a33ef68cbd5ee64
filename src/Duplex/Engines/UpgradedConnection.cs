namespace Duplex;

/// <summary>A connection whose handshake is done.</summary>
/// <param name="Stream">The duplex stream.</param>
/// <param name="Owner">Releases the connection, and ends reads and writes in progress.</param>
/// <param name="Call">The handshake.</param>
internal sealed record UpgradedConnection(Stream Stream, IDisposable Owner, WebSocketCall Call);
