using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;

namespace Duplex;

/// <summary>
/// HttpClient's end of a connection of HTTP/1.1, until a session takes the connection. HttpClient's part of it, with
/// two buffers of 4 KiB, is then not kept as long as the session.
/// </summary>
/// <remarks>
/// No read goes beyond the head of a response with 101: HttpClient keeps no byte that belongs to the session. Bytes are
/// looked at only between the request of a handshake and the head of its response.
/// <para>One read and one write at a time; both at once are allowed.</para>
/// </remarks>
[UnsupportedOSPlatform("browser")]
internal sealed class TakeableStream(Stream inner) : Stream
{
    private const int StatusStart = 9; // in "HTTP/1.1 101"
    private const int StatusEnd = 12; // the same

    // Of the call of TakeAsync in progress on this thread.
    [ThreadStatic]
    private static Taking? _taking;

    private readonly bool _isSocket = inner.GetType() == typeof(NetworkStream);

    // Set by writes, before the request goes out; then changed by reads.
    private Stream _inner = inner; // with what was read behind a head with 101
    private bool _isWatched; // a handshake was sent, and its response has not come
    private bool _isOpened; // the last read ended with a head with 101
    private int _position; // in the head
    private int _status;
    private bool _isLineEmpty;

    /// <summary>For <see cref="SocketsHttpHandler.PlaintextStreamFilter"/>. HTTP/2 stays as it is.</summary>
    public static Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>> Filter { get; } =
        static (context, _) => new(context.NegotiatedHttpVersion.Major == 1
            ? new TakeableStream(context.PlaintextStream)
            : context.PlaintextStream);

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// Makes a handler's connections takeable. One that is in use, has a filter or is of another kind stays as it is.
    /// </summary>
    public static void TryInstall(HttpMessageHandler? primary)
    {
        if (primary is not SocketsHttpHandler { PlaintextStreamFilter: null } handler)
            return;
        try
        {
            handler.PlaintextStreamFilter = Filter;
        }
        catch (InvalidOperationException)
        {
            // It has sent a request, or is disposed: HttpClient keeps its connections.
        }
    }

    public static bool IsInstalled(HttpMessageHandler? primary) =>
        primary is SocketsHttpHandler { PlaintextStreamFilter: { } filter } && filter == Filter;

    /// <summary>Takes the connection from under the stream of a response with 101.</summary>
    /// <param name="response">HttpClient's stream, from which nothing was read.</param>
    /// <returns>The connection, and whether it was taken: else it goes through the response's stream.</returns>
    public static async ValueTask<(Stream Connection, bool IsTaken)> TakeAsync(Stream response)
    {
        // A read tells which connection the response came from. It reaches the connection within the call, unless
        // HttpClient has read too far.
        byte[] first = new byte[1];
        var taking = new Taking();
        ValueTask<int> read;
        Taking? outer = _taking;
        _taking = taking;
        try
        {
            read = response.ReadAsync(first);
        }
        finally
        {
            _taking = outer;
        }

        if (taking.Connection is not { } connection)
            return (new HeldBytesStream(read.AsTask(), first, response), false);
        try
        {
            await read.ConfigureAwait(false);
        }
        catch
        {
            connection.Dispose(); // a listener of HttpClient's events threw
            throw;
        }

        if (taking.IsSocket)
            await LetGoOfBufferAsync(connection).ConfigureAwait(false);
        return (connection, true);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_isOpened && _taking is { } taking)
        {
            HandOver(taking);
            return new ValueTask<int>(0);
        }

        return buffer.IsEmpty
            ? _inner.ReadAsync(buffer, cancellationToken)
            : ReadAndCutAsync(buffer, cancellationToken);
    }

    public override int Read(Span<byte> buffer) => Cut(buffer[.._inner.Read(buffer)]);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Notice(buffer.Span);
        return _inner.WriteAsync(buffer, cancellationToken);
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Notice(buffer);
        _inner.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

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

    // A socket keeps the buffer of its last write, which is HttpClient's.
    private static async ValueTask LetGoOfBufferAsync(Stream socket)
    {
        try
        {
            await socket.WriteAsync(ReadOnlyMemory<byte>.Empty).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // the connection has ended, as the session's first read will find
        }
    }

    // Disposing this stream does not concern the connection any more.
    private void HandOver(Taking taking)
    {
        _taking = null; // listeners of HttpClient's events run within the same read
        (taking.Connection, taking.IsSocket) = (_inner, _isSocket);
        (_inner, _isOpened) = (Null, false);
    }

    private void Notice(ReadOnlySpan<byte> request)
    {
        _isOpened = false;
        _isWatched = request.StartsWith("GET "u8) && request.IndexOf("\r\nSec-WebSocket-Key: "u8) > 0;
        (_position, _status, _isLineEmpty) = (0, 0, false);
    }

    // HttpClient may begin to read before it sends a request: what counts is what is known afterwards.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadAndCutAsync(Memory<byte> buffer, CancellationToken token)
    {
        int count = await _inner.ReadAsync(buffer, token).ConfigureAwait(false);
        return Cut(buffer.Span[..count]);
    }

    private int Cut(ReadOnlySpan<byte> read)
    {
        _isOpened = false;
        if (!_isWatched)
            return read.Length;
        int count = EndOfHead(read);
        if (count < read.Length)
            _inner = new HeldBytesStream(read[count..].ToArray(), _inner);
        return count;
    }

    // Where a head with 101 ends; after all of it, if none does. RFC 9112 §2.2: a line may end with LF alone.
    private int EndOfHead(ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            byte next = bytes[i];
            if (_position++ is >= StatusStart and < StatusEnd)
                _status = (_status * 10) + (next - '0');
            if (next != '\n')
            {
                _isLineEmpty &= next == '\r';
                continue;
            }

            if (!_isLineEmpty)
            {
                _isLineEmpty = true;
                continue;
            }

            int status = _status;
            (_position, _status, _isLineEmpty) = (0, 0, false);
            if (status is >= 100 and < 200 and not 101)
                continue; // RFC 9110 §15.2: other responses follow
            _isWatched = false;
            _isOpened = status == 101;
            return _isOpened ? i + 1 : bytes.Length;
        }

        return bytes.Length;
    }

    private sealed class Taking
    {
        public Stream? Connection { get; set; }

        public bool IsSocket { get; set; }
    }
}
