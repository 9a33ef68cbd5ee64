namespace Duplex;

/// <summary>
/// One received message as a readable stream: its bytes can be read as they arrive, and are released once read.
/// </summary>
/// <remarks>
/// <para>
/// Read it to its end (a read that returns 0), dispose it, or ask the session for the next message, which skips the
/// rest.
/// </para>
/// <para>
/// If the session ends first, what came before stays readable. Then a read throws what ended the session, or
/// <see cref="WebSocketClosedException"/> after a normal close.
/// </para>
/// <para>A token cancels only that read: nothing is lost. Not thread-safe: one read at a time.</para>
/// </remarks>
public sealed class WebSocketMessageStream : Stream
{
    private readonly FrameQueue _queue;
    private readonly ReceiveLoop _loop;
    private readonly CloseState _closeState;
    private readonly Lock _sync = new();
    // inline: the receive loop runs the caller, as every consumer
    private readonly TaskCompletionSource _skipped = new();

    // Under _sync.
    private bool _isReading;
    private bool _isDisposed;
    private bool _isSkipping;

    // Only touched by the call that reads or skips.
    private Frame? _piece;
    private int _offset;
    private bool _isAtEnd;

    internal WebSocketMessageStream(Frame first, FrameQueue queue, ReceiveLoop loop, CloseState closeState)
    {
        Type = first.Type;
        _piece = first;
        _queue = queue;
        _loop = loop;
        _closeState = closeState;
    }

    /// <summary>
    /// Text or binary. Text is valid UTF-8 unless <see cref="WebSocketsOptions.TextValidation"/> is lenient; a read may
    /// end within a character.
    /// </summary>
    public FrameType Type { get; }

    /// <summary>True until it is disposed.</summary>
    public override bool CanRead
    {
        get
        {
            lock (_sync)
                return !_isDisposed;
        }
    }

    /// <summary>False.</summary>
    public override bool CanSeek => false;

    /// <summary>False.</summary>
    public override bool CanWrite => false;

    /// <summary>Not supported.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Length => throw new NotSupportedException("A message's length is not known before its end.");

    /// <summary>Not supported.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Position
    {
        get => throw new NotSupportedException("A message cannot be sought in.");
        set => throw new NotSupportedException("A message cannot be sought in.");
    }

    /// <summary>Reads the bytes that have arrived, and waits if there are none.</summary>
    /// <param name="buffer">Receives the bytes. An empty one only waits, for bytes or the end.</param>
    /// <param name="cancellationToken">Cancels this read.</param>
    /// <returns>The number of bytes; 0 at the end of the message.</returns>
    /// <exception cref="WebSocketClosedException">The session was closed before the message's end.</exception>
    /// <exception cref="WebSocketException">The session ended in any other way.</exception>
    /// <exception cref="InvalidOperationException">Another read is in progress.</exception>
    /// <exception cref="ObjectDisposedException">It is disposed, or the next message was asked for.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellationToken);
        BeginRead();
        if (!TryRead(buffer.Span, out int read))
            return WaitAndReadAsync(buffer, cancellationToken);
        EndRead();
        return new ValueTask<int>(read);
    }

    /// <inheritdoc cref="ReadAsync(Memory{byte}, CancellationToken)"/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>
    /// As <see cref="ReadAsync(Memory{byte}, CancellationToken)"/>, but blocks the thread while it waits.
    /// </summary>
    /// <inheritdoc cref="ReadAsync(Memory{byte}, CancellationToken)"/>
    public override int Read(Span<byte> buffer)
    {
        BeginRead();
        try
        {
            int read;
            while (!TryRead(buffer, out read))
            {
                ValueTask<bool> more = _queue.WaitToTakeAsync(CancellationToken.None);
                if (!more.IsCompleted)
                    _loop.Yield();
#pragma warning disable RS0030 // Stream.Read is synchronous by contract
                if (!(more.IsCompletedSuccessfully ? more.Result : more.AsTask().GetAwaiter().GetResult()))
#pragma warning restore RS0030
                    throw Unfinished();
            }

            return read;
        }
        finally
        {
            EndRead();
        }
    }

    /// <inheritdoc cref="Read(Span{byte})"/>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    /// <summary>Reads a byte, blocking the thread while it waits; -1 at the message's end.</summary>
    /// <inheritdoc cref="Read(Span{byte})"/>
    public override int ReadByte()
    {
        byte one = 0;
        return Read(new Span<byte>(ref one)) == 0 ? -1 : one;
    }

    /// <summary>Does nothing.</summary>
    public override void Flush()
    {
    }

    /// <summary>Not supported.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Seek(long offset, SeekOrigin origin) =>
        throw new NotSupportedException("A message cannot be sought in.");

    /// <summary>Not supported.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override void SetLength(long value) =>
        throw new NotSupportedException("A received message cannot be written.");

    /// <summary>Not supported.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("A received message cannot be written.");

    /// <summary>Skips the rest as it arrives, without waiting for it. A read in progress still completes.</summary>
    protected override void Dispose(bool disposing)
    {
        lock (_sync)
            _isDisposed = true;
        Skip();
        base.Dispose(disposing);
    }

    /// <summary>Completes when the whole message was received, or the session has ended. Never faults.</summary>
    internal Task SkipRestAsync()
    {
        lock (_sync)
        {
            if (_isReading)
                throw new InvalidOperationException(
                    "The message before is being read. Let that read end, or cancel it, before the next message is " +
                    "asked for.");
            _isDisposed = true;
        }

        Skip();
        return _skipped.Task;
    }

    private void BeginRead()
    {
        lock (_sync)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_isReading)
                throw new InvalidOperationException("The message is being read already. One read at a time.");
            _isReading = true;
        }
    }

    private void EndRead()
    {
        bool isDisposed;
        lock (_sync)
        {
            _isReading = false;
            isDisposed = _isDisposed;
        }

        if (isDisposed)
            Skip();
    }

    private void Skip()
    {
        lock (_sync)
        {
            if (!_isDisposed || _isReading || _isSkipping)
                return;
            _isSkipping = true;
        }

        using (AmbientFlow.Suppress()) // it may take long
            _ = SkipAsync();
    }

    private async ValueTask<int> WaitAndReadAsync(Memory<byte> buffer, CancellationToken token)
    {
        try
        {
            while (await _queue.WaitToTakeAsync(token).ConfigureAwait(false))
            {
                if (TryRead(buffer.Span, out int read))
                    return read;
            }

            throw Unfinished();
        }
        finally
        {
            EndRead();
        }
    }

    // False if there are no pieces before the end.
    private bool TryRead(Span<byte> buffer, out int read)
    {
        read = 0;
        while (!_isAtEnd && (_piece ??= _queue.TryTake()) is { } piece)
        {
            ReadOnlySpan<byte> rest = piece.Data.Span[_offset..];
            int count = Math.Min(rest.Length, buffer.Length);
            rest[..count].CopyTo(buffer);
            buffer = buffer[count..];
            read += count;
            _offset += count;
            if (count < rest.Length)
                return true;
            Drop(piece);
        }

        return read > 0 || _isAtEnd;
    }

    private void Drop(Frame piece)
    {
        _isAtEnd = piece.Fin;
        _piece = null;
        _offset = 0;
        piece.Recycle();
    }

    private async Task SkipAsync()
    {
        try
        {
            while (!TrySkip() && await _queue.WaitToTakeAsync(CancellationToken.None).ConfigureAwait(false))
            {
            }
        }
        catch (Exception) // the call for the next message throws it
        {
        }
        finally
        {
            _skipped.TrySetResult();
        }
    }

    private bool TrySkip()
    {
        while (!_isAtEnd && (_piece ?? _queue.TryTake()) is { } piece)
            Drop(piece);
        return _isAtEnd;
    }

    private WebSocketClosedException Unfinished()
    {
        CloseResult result = _closeState.ToResult(_queue.Dropped);
        return new WebSocketClosedException(
            $"The WebSocket session ended before the message did: {_closeState.Describe(result)}.", result);
    }
}
