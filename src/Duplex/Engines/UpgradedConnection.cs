namespace Duplex;

/// <summary>A connection whose handshake is done.</summary>
/// <param name="Stream">The duplex stream.</param>
/// <param name="Owner">Releases the connection, and ends reads and writes in progress.</param>
/// <param name="Call">The handshake.</param>
/// <param name="Extensions">The active extensions; null for none.</param>
internal sealed record UpgradedConnection(Stream Stream, IDisposable Owner, WebSocketCall Call, ExtensionChain? Extensions = null) : IDisposable
{
    /// <summary>Releases all of it, where no session takes it over.</summary>
    public void Dispose()
    {
        Extensions?.Release();
        Owner.Dispose();
    }
}
