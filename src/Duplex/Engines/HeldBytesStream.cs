namespace Duplex;

/// <summary>A connection, and what was read from it before: that comes first.</summary>
/// <remarks>One read and one write at a time; both at once are allowed.</remarks>
internal sealed class HeldBytesStream(ReadOnlyMemory<byte> held, Stream inner) : Stream
{
    private ReadOnlyMemory<byte> _held = held;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_held.IsEmpty)
            return inner.ReadAsync(buffer, cancellationToken);
        ReadOnlyMemory<byte> next = _held[..Math.Min(buffer.Length, _held.Length)];
        next.CopyTo(buffer);
        _held = _held[next.Length..];
        return new ValueTask<int>(next.Length);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
