using System.Net;

namespace Duplex;

/// <summary>Owns the connection until the session takes it. It cannot be buffered: its bytes are the session.</summary>
internal sealed class OpenedContent(OpenedConnection connection) : HttpContent
{
    // Taken once, by an atomic exchange: by the session or by disposal.
    private OpenedConnection? _connection = connection;

    public OpenedConnection? TryTake() => Interlocked.Exchange(ref _connection, null);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => throw NotToBeRead();

    protected override void SerializeToStream(
        Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        throw NotToBeRead();

    protected override Task<Stream> CreateContentReadStreamAsync() => throw NotToBeRead();

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => throw NotToBeRead();

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            TryTake()?.Dispose();
        base.Dispose(disposing);
    }

    private static InvalidOperationException NotToBeRead() => new(
        "A handler tried to read or buffer the response of a WebSocket handshake, which is the session itself. " +
        "Let that handler pass responses with status 101 on as they are.");
}
