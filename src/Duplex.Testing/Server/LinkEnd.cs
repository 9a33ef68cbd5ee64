namespace Duplex.Testing;

/// <summary>
/// One end of a connection in memory. Disposing it is what closing a socket is: its pending read gives 0, the other
/// end reads what was written and then the end.
/// </summary>
/// <remarks>One read and one write at a time; both at once are allowed.</remarks>
internal sealed class LinkEnd(LinkPipe incoming, LinkPipe outgoing) : Stream
{
    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        int read;
        while (!incoming.TryRead(buffer.Span, out read, out Task wait))
            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        return read;
    }

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        do
        {
            int written = outgoing.Write(buffer.Span, out Task wait);
            buffer = buffer[written..];
            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        while (!buffer.IsEmpty);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush() { }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            incoming.Leave();
            outgoing.End();
        }

        base.Dispose(disposing);
    }
}
