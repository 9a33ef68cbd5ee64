namespace Duplex.Tests;

/// <summary>The stream below the one under test: it gives what a test sends, chunk by chunk, and keeps what is written, piece by piece.</summary>
internal sealed class InnerStream : BareStream
{
    private readonly Lock _sync = new();
    private readonly Queue<byte[]> _chunks = new();
    private readonly List<byte[]> _pieces = [];
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _readable = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _held;
    private bool _isEnded;

    /// <summary>What was written, each write by itself.</summary>
    public IReadOnlyList<byte[]> Pieces
    {
        get
        {
            lock (_sync)
                return [.. _pieces];
        }
    }

    /// <summary>All that was written.</summary>
    public byte[] Written => [.. Pieces.SelectMany(piece => piece)];

    public int Flushes { get; private set; }

    /// <summary>Set when a call got a token.</summary>
    public bool GotToken { get; private set; }

    public Task Disposed => _disposed.Task;

    /// <summary>Whether what is pending goes on after disposal, as in a bad stream.</summary>
    public bool OutlivesDispose { get; init; }

    public bool FailsToDispose { get; init; }

    public int Reads { get; private set; }

    public void Send(params byte[] chunk)
    {
        lock (_sync)
        {
            _chunks.Enqueue(chunk);
            _readable.TrySetResult();
        }
    }

    public void End()
    {
        lock (_sync)
        {
            _isEnded = true;
            _readable.TrySetResult();
        }
    }

    public void HoldWrites() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        GotToken |= cancellationToken.CanBeCanceled;
        Reads++;
        while (true)
        {
            Task wait;
            lock (_sync)
            {
                if (_chunks.TryDequeue(out byte[]? chunk))
                {
                    Assert.True(chunk.Length <= buffer.Length);
                    chunk.CopyTo(buffer);
                    return chunk.Length;
                }

                if (_isEnded || (_disposed.Task.IsCompleted && !OutlivesDispose))
                    return 0;
                if (_readable.Task.IsCompleted)
                    _readable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                wait = _readable.Task;
            }

            await wait;
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        GotToken |= cancellationToken.CanBeCanceled;
        if (_held is { } held)
            await held.Task;
        ObjectDisposedException.ThrowIf(_disposed.Task.IsCompleted, this);
        lock (_sync)
            _pieces.Add(buffer.ToArray());
    }

    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        GotToken |= cancellationToken.CanBeCanceled;
        Flushes++;
        return Task.CompletedTask;
    }

    protected override void Dispose(bool disposing)
    {
        lock (_sync)
        {
            _disposed.TrySetResult();
            if (!OutlivesDispose)
            {
                _readable.TrySetResult();
                _held?.TrySetResult();
            }
        }

        if (FailsToDispose)
            throw new IOException("mine");
        base.Dispose(disposing);
    }
}
