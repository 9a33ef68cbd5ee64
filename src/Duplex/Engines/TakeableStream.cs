using System.Net.Sockets;
using System.Runtime.Versioning;

namespace Duplex;

/// <summary>
/// HttpClient's end of a connection, until a session takes the connection. From a handshake's request on, no read goes
/// beyond the head of a response: HttpClient keeps no byte that belongs to the session.
/// </summary>
/// <remarks>One read and one write at a time.</remarks>
[UnsupportedOSPlatform("browser")]
internal sealed class TakeableStream(Stream inner, ConnectionTaker taker) : Stream
{
    private Stream _inner = inner;
    private ReadOnlyMemory<byte> _held; // was read behind the end of a head
    private bool _isWatched; // a handshake was sent
    private bool _isLineEmpty;
    private bool _isHeadRead; // by the last read, to its end

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The connection, which this stream lets go. Null in the midst of a response.</summary>
    public async ValueTask<Stream?> TryTakeAsync()
    {
        if (!_isHeadRead)
            return null;
        Stream connection = _inner;
        Stream taken = _held.IsEmpty ? connection : new HeldBytesStream(_held, connection);
        (_inner, _held) = (Null, default);
        try
        {
            // A socket keeps the buffer of its last write, which is HttpClient's.
            if (connection is NetworkStream)
                await connection.WriteAsync(ReadOnlyMemory<byte>.Empty).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // it has ended, as the session's first read will find
        }

        return taken;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_held.IsEmpty)
            return new ValueTask<int>(ReadHeld(buffer.Span));
        return _isWatched && !buffer.IsEmpty
            ? ReadWatchedAsync(buffer, cancellationToken)
            : _inner.ReadAsync(buffer, cancellationToken);
    }

    public override int Read(Span<byte> buffer)
    {
        if (!_held.IsEmpty)
            return ReadHeld(buffer);
        int count = _inner.Read(buffer);
        return _isWatched ? Cut(buffer[..count]) : count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        return BeginWrite(buffer.Span) is { } handshake
            ? WriteHandshakeAsync(handshake, buffer, cancellationToken)
            : _inner.WriteAsync(buffer, cancellationToken);
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ConnectionTaker.Handshake? handshake = BeginWrite(buffer);
        try
        {
            _inner.Write(buffer);
        }
        finally
        {
            handshake?.EndWrite();
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override Task FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);

    public override void Flush() => _inner.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _inner.Dispose();
        base.Dispose(disposing);
    }

    // A request that is no handshake, and its response, are not looked at.
    private ConnectionTaker.Handshake? BeginWrite(ReadOnlySpan<byte> request)
    {
        ConnectionTaker.Handshake? handshake = taker.Find(request);
        _isWatched = handshake?.TryBeginWrite(this) == true;
        (_isLineEmpty, _isHeadRead) = (false, false);
        return _isWatched ? handshake : null;
    }

    private async ValueTask WriteHandshakeAsync(
        ConnectionTaker.Handshake handshake, ReadOnlyMemory<byte> request, CancellationToken token)
    {
        try
        {
            await _inner.WriteAsync(request, token).ConfigureAwait(false);
        }
        finally
        {
            handshake.EndWrite();
        }
    }

    private async ValueTask<int> ReadWatchedAsync(Memory<byte> buffer, CancellationToken token) =>
        Cut(buffer.Span[..await _inner.ReadAsync(buffer, token).ConfigureAwait(false)]);

    private int Cut(ReadOnlySpan<byte> read)
    {
        int count = EndOfHead(read);
        _held = read[count..].ToArray();
        return count;
    }

    private int ReadHeld(Span<byte> buffer)
    {
        ReadOnlySpan<byte> next = _held.Span[..Math.Min(buffer.Length, _held.Length)];
        int count = _isWatched ? EndOfHead(next) : next.Length;
        next[..count].CopyTo(buffer);
        _held = _held[count..];
        return count;
    }

    // How much of it belongs to this head: all, if it does not end here. RFC 9112 §2.2: a line may end with LF alone.
    private int EndOfHead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return 0;
        _isHeadRead = false;
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] != '\n')
            {
                _isLineEmpty &= bytes[i] == '\r';
                continue;
            }

            if (_isLineEmpty)
            {
                (_isLineEmpty, _isHeadRead) = (false, true);
                return i + 1;
            }

            _isLineEmpty = true;
        }

        return bytes.Length;
    }
}
