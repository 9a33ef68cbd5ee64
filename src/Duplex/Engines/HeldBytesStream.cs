namespace Duplex;

/// <summary>A connection, and what was read from it before: that comes first.</summary>
/// <remarks>One read and one write at a time; both at once are allowed.</remarks>
internal sealed class HeldBytesStream : Stream
{
    private readonly Stream _inner;

    // Changed by reads only.
    private ReadOnlyMemory<byte> _held;
    private Task<int>? _reading; // into what is held then

    public HeldBytesStream(ReadOnlyMemory<byte> held, Stream inner)
    {
        _held = held;
        _inner = inner;
    }

    /// <summary>The same with a read that may not be done.</summary>
    public HeldBytesStream(Task<int> reading, ReadOnlyMemory<byte> held, Stream inner)
        : this(held, inner)
    {
        _reading = reading;

        // Nothing may come to read.
        _ = reading.ContinueWith(
            static failed => failed.Exception, CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _reading is { } reading ? WaitAndReadAsync(reading, buffer, cancellationToken)
        : _held.IsEmpty ? _inner.ReadAsync(buffer, cancellationToken)
        : new ValueTask<int>(ReadHeld(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(Span<byte> buffer)
    {
        if (_reading is { } reading)
        {
#pragma warning disable RS0030 // the caller asked to block
            Finish(reading.GetAwaiter().GetResult());
#pragma warning restore RS0030
        }

        return _held.IsEmpty ? _inner.Read(buffer) : ReadHeld(buffer);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _inner.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        _inner.WriteAsync(buffer, offset, count, cancellationToken);

    public override void Write(ReadOnlySpan<byte> buffer) => _inner.Write(buffer);

    public override void Write(byte[] buffer, int offset, int count) => _inner.Write(buffer, offset, count);

    public override Task FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);

    public override void Flush() => _inner.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await _inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _inner.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<int> WaitAndReadAsync(Task<int> reading, Memory<byte> buffer, CancellationToken token)
    {
        Finish(await reading.WaitAsync(token).ConfigureAwait(false));
        return _held.IsEmpty
            ? await _inner.ReadAsync(buffer, token).ConfigureAwait(false)
            : ReadHeld(buffer.Span);
    }

    private void Finish(int count) => (_held, _reading) = (_held[..count], null);

    private int ReadHeld(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, _held.Length);
        _held.Span[..count].CopyTo(buffer);
        _held = count == _held.Length ? default : _held[count..]; // empty, it would still keep its memory
        return count;
    }
}
