namespace Duplex;

/// <summary>A connection after its handshake. Disposing the owner ends pending reads and writes.</summary>
internal sealed record OpenedConnection(
    Stream Stream, IDisposable Owner, WebSocketCall Call, ExtensionChain? Extensions = null) : IDisposable
{
    public void Dispose()
    {
        Extensions?.Release();
        Owner.Dispose();
    }
}
