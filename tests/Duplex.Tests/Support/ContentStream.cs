namespace Duplex.Tests;

/// <summary>A stream to be sent: each read gives what a test put there next, or waits for it. It notes how it is used.</summary>
internal sealed class ContentStream : BareStream
{
    private readonly Lock _sync = new();
    private readonly Queue<byte[]> _toRead = new();
    private readonly List<int> _readSizes = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _error;
    private bool _isEnded;
    private int _reads;

    /// <summary>Whether reads end when their token fires.</summary>
    public bool HeedsTokens { get; init; } = true;

    /// <summary>Whether it was disposed.</summary>
    public bool IsDisposed { get; private set; }

    /// <summary>Whether a read waits.</summary>
    public bool IsReading => Volatile.Read(ref _reads) > 0;

    /// <summary>The length of the memory of each read so far, from when it found something or began to wait: what is given then does not join what it found.</summary>
    public int[] ReadSizes
    {
        get
        {
            lock (_sync)
                return [.. _readSizes];
        }
    }

    /// <summary>What the next read gives.</summary>
    public void Give(params ReadOnlySpan<byte> bytes) => Change(bytes.ToArray(), null, false);

    /// <summary>Behind all that was given stands the end.</summary>
    public void End() => Change(null, null, true);

    /// <summary>Behind all that was given a read fails.</summary>
    public void Fail(Exception error) => Change(null, error, false);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        bool isNew = true;
        Interlocked.Increment(ref _reads);
        try
        {
            while (true)
            {
                Task changed;
                lock (_sync)
                {
                    if (isNew)
                        _readSizes.Add(buffer.Length);
                    isNew = false;
                    if (_toRead.TryDequeue(out byte[]? next))
                    {
                        next.CopyTo(buffer);
                        return next.Length;
                    }

                    if (_error is not null)
                        throw _error;
                    if (_isEnded)
                        return 0;
                    if (_changed.Task.IsCompleted)
                        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    changed = _changed.Task;
                }

                // A read that waits never completes at once: its caller must see that it waits, though more may be given by now.
                await changed.WaitAsync(HeedsTokens ? cancellationToken : CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _reads);
        }
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }

    private void Change(byte[]? bytes, Exception? error, bool isEnded)
    {
        lock (_sync)
        {
            if (bytes is not null)
                _toRead.Enqueue(bytes);
            _error ??= error;
            _isEnded |= isEnded;
            _changed.TrySetResult();
        }
    }

    public override bool CanWrite => false;
}
