namespace Duplex.Testing;

/// <summary>Records the frames that pass through it, and changes nothing.</summary>
/// <remarks>
/// One read and one write at a time may run, as for any connection. Disposing it disposes the inner stream.
/// </remarks>
public sealed class RecordingStream : Stream
{
    private readonly Stream _inner;
    private readonly ConnectionRecorder _recorder;

    /// <summary>Wraps a stream, whose next byte begins a frame in either direction.</summary>
    /// <param name="inner">A duplex stream, which this stream owns.</param>
    /// <param name="recorder">Keeps the frames.</param>
    /// <param name="url">
    /// The address of the server, recorded without user info, and without its query unless
    /// <see cref="SessionRecorderOptions.KeepQuery"/> is set.
    /// </param>
    public RecordingStream(Stream inner, SessionRecorder recorder, Uri? url = null)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(recorder);
        _inner = inner;
        _recorder = recorder.Begin(url);
    }

    /// <summary>A copy of what was recorded of this connection so far.</summary>
    public Recording Recording => new(_recorder.Snapshot());

    /// <inheritdoc/>
    public override bool CanRead => _inner.CanRead;

    /// <inheritdoc/>
    public override bool CanWrite => _inner.CanWrite;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await _inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        _recorder.NoteReceived(buffer.Span[..read]);
        return read;
    }

    /// <summary>Records the bytes and then writes them, so that an answer is recorded after what it answers.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="cancellationToken">Passed on to the inner stream.</param>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _recorder.NoteSent(buffer.Span);
        return _inner.WriteAsync(buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override void Flush() => _inner.Flush();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count)
    {
        int read = _inner.Read(buffer, offset, count);
        _recorder.NoteReceived(buffer.AsSpan(offset, read));
        return read;
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count)
    {
        _recorder.NoteSent(buffer.AsSpan(offset, count));
        _inner.Write(buffer, offset, count);
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _inner.Dispose();
        base.Dispose(disposing);
    }
}
