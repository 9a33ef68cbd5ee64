namespace Duplex;

/// <summary>A connection after its handshake. Disposing the owner ends reads and writes in progress.</summary>
internal sealed record UpgradedConnection(
    Stream Stream, IDisposable Owner, WebSocketCall Call, ExtensionChain? Extensions = null) : IDisposable
{
    /// <summary>Releases everything if no session takes the connection.</summary>
    public void Dispose()
    {
        Extensions?.Release();
        Owner.Dispose();
    }
}
