namespace Duplex.Tests;

/// <summary>
/// A stream that notes how it is used: what is written and flushed, in which order, on which thread, and how long each read asks for. Writes may be held up, or made to fail;
/// reads give what a test put there.
/// </summary>
internal sealed class RecordingStream : BareStream
{
    private readonly Lock _sync = new();
    private readonly List<string> _writeCalls = [];
    private readonly List<int> _readSizes = [];
    private readonly List<byte> _written = [];
    private readonly Queue<byte[]> _toRead = new();
    private TaskCompletionSource _readable = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _held;
    private TaskCompletionSource _writeCalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _writeError;
    private bool _hasFailed;
    private int _running;

    /// <summary>The writes and flushes so far: "5" for a write of 5 bytes, "flush".</summary>
    public string[] WriteCalls
    {
        get
        {
            lock (_sync)
                return [.. _writeCalls];
        }
    }

    /// <summary>The length of the memory of each read so far; the last may still wait.</summary>
    public int[] ReadSizes
    {
        get
        {
            lock (_sync)
                return [.. _readSizes];
        }
    }

    /// <summary>What was written and accepted.</summary>
    public byte[] Written
    {
        get
        {
            lock (_sync)
                return [.. _written];
        }
    }

    /// <summary>The thread of the last write.</summary>
    public int WriteThread { get; private set; }

    /// <summary>The address of the memory that the last read filled, to see whether it was copied.</summary>
    public Memory<byte> LastRead { get; private set; }

    /// <summary>Set when two writes or flushes ran at a time, one came after one failed, or one had a token.</summary>
    public string? Misuse { get; private set; }

    /// <summary>Completes when a write waits.</summary>
    public Task WriteHeld
    {
        get
        {
            lock (_sync)
                return _writeCalled.Task;
        }
    }

    /// <summary>Lets the next writes wait.</summary>
    public void HoldWrites()
    {
        lock (_sync)
        {
            _held ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _writeCalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Lets one waiting write go on; the next waits again.</summary>
    public void PassOneWrite()
    {
        lock (_sync)
        {
            TaskCompletionSource? held = _held;
            _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _writeCalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            held?.TrySetResult();
        }
    }

    /// <summary>Lets all writes go on.</summary>
    public void PassWrites()
    {
        lock (_sync)
        {
            _held?.TrySetResult();
            _held = null;
        }
    }

    /// <summary>Lets the next, or the waiting, write fail.</summary>
    public void FailWrites(Exception error)
    {
        lock (_sync)
            _writeError = error;
        PassWrites();
    }

    /// <summary>Bytes to be read: each call is what one read gives at most.</summary>
    public void Send(params ReadOnlySpan<byte> bytes)
    {
        lock (_sync)
        {
            _toRead.Enqueue(bytes.ToArray());
            _readable.TrySetResult();
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Task? held;
        lock (_sync)
        {
            Note(cancellationToken);
            _writeCalls.Add($"{buffer.Length}");
            WriteThread = Environment.CurrentManagedThreadId;
            held = _held?.Task;
            if (held is not null)
                _writeCalled.TrySetResult();
        }

        try
        {
            if (held is not null)
                await held;
            lock (_sync)
            {
                if (_writeError is not null)
                {
                    _hasFailed = true;
                    throw _writeError;
                }

                _written.AddRange(buffer.Span);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        lock (_sync)
        {
            Note(cancellationToken);
            _writeCalls.Add("flush");
        }

        Interlocked.Decrement(ref _running);
        return Task.CompletedTask;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_sync)
            _readSizes.Add(buffer.Length);
        while (true)
        {
            Task wait;
            lock (_sync)
            {
                if (_toRead.TryPeek(out byte[]? next))
                {
                    int count = Math.Min(buffer.Length, next.Length);
                    next.AsSpan(0, count).CopyTo(buffer.Span);
                    if (count == next.Length)
                        _toRead.Dequeue();
                    else if (count > 0)
                        throw new InvalidOperationException($"A read of {buffer.Length} bytes cuts what was to be one read of {next.Length}.");
                    if (count > 0)
                        LastRead = buffer[..count];
                    return count;
                }

                if (_readable.Task.IsCompleted)
                    _readable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                wait = _readable.Task;
            }

            await wait;
        }
    }

    // Under _sync.
    private void Note(CancellationToken token)
    {
        if (Interlocked.Increment(ref _running) > 1)
            Misuse = "two at a time";
        if (_hasFailed)
            Misuse = "used after it failed";
        if (token.CanBeCanceled)
            Misuse = "a token";
    }
}
