using System.Net;

namespace Duplex.Testing;

/// <summary>The content of a response that opens a connection: its stream is the client's end.</summary>
internal sealed class ConnectionContent(Stream stream) : HttpContent
{
    /// <inheritdoc/>
    protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult(stream);

    /// <inheritdoc/>
    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => stream;

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream target, TransportContext? context) =>
        throw new NotSupportedException("The content is a connection, which has no end to buffer.");

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            stream.Dispose();
        base.Dispose(disposing);
    }
}
