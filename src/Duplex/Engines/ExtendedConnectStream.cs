using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>The platform's stream of a session over HTTP/2. A write to one that the peer has reset fails.</summary>
/// <remarks>
/// The platform reports a reset to reads only, and sends what is written. RFC 9113 §5.1: "An endpoint MUST NOT send
/// frames other than PRIORITY on a closed stream." A server may end the whole connection for that, with all other
/// sessions on it. So a write asks by a zero-byte read where the session has read nothing for a while.
/// <para>One read and one write at a time; both at once are allowed.</para>
/// </remarks>
internal sealed class ExtendedConnectStream(Stream inner, TimeProvider time) : Stream
{
    /// <summary>
    /// A server must ignore what was under way when it reset the stream, so a second does no harm. While a session
    /// reads, and in the moments between its reads, nothing is asked.
    /// </summary>
    public static readonly TimeSpan Unread = TimeSpan.FromSeconds(1);

    private readonly Lock _sync = new();

    // Under _sync.
    private bool _isReading;
    private long _lastRead = time.GetTimestamp();
    private Task? _question; // a zero-byte read, pending or done

    // Written once, by the question, which the platform's stream answers alike from then on; read by any thread.
    private Exception? _error;

    public override bool CanRead => inner.CanRead;

    public override bool CanWrite => inner.CanWrite;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Task? question;
        lock (_sync)
        {
            _isReading = true;
            (question, _question) = (_question, null);
        }

        if (question is { IsCompleted: false })
            return ReadAfterAsync(question, buffer, cancellationToken);
        ValueTask<int> read = inner.ReadAsync(buffer, cancellationToken);
        if (!read.IsCompleted)
            return WaitAsync(read);
        EndRead();
        return read;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        FindError() is { } error
            ? ValueTask.FromException(error)
            : inner.WriteAsync(buffer, cancellationToken);

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

    // A read that is pending fails by itself, and ends the session.
    private Exception? FindError()
    {
        lock (_sync)
        {
            if (_isReading || time.GetElapsedTime(_lastRead) < Unread)
                return null;
            if (_question is not { IsCompleted: false })
                _question = AskAsync();
            return Volatile.Read(ref _error);
        }
    }

    // Never faults: no caller may ask for the answer.
    private async Task AskAsync()
    {
        try
        {
            await inner.ReadAsync(Memory<byte>.Empty, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Volatile.Write(ref _error, e);
        }
    }

    private async ValueTask<int> ReadAfterAsync(
        Task question, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            // The platform's stream takes one read at a time, and repeats its error.
            await question.ConfigureAwait(false);
            return await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            EndRead();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitAsync(ValueTask<int> read)
    {
        try
        {
            return await read.ConfigureAwait(false);
        }
        finally
        {
            EndRead();
        }
    }

    private void EndRead()
    {
        lock (_sync)
        {
            _isReading = false;
            _lastRead = time.GetTimestamp();
        }
    }
}
