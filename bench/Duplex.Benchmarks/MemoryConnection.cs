using System.Threading.Tasks.Sources;
using Duplex.Tests;

namespace Duplex.Benchmarks;

/// <summary>
/// A connection whose other end is in memory, so that only the client is measured. Writes complete immediately. Reads
/// return one block of bytes as often as requested; a pending read completes on the thread pool, as a socket's does. It
/// allocates nothing.
/// </summary>
internal sealed class MemoryConnection(byte[] block) : BareStream, IValueTaskSource<int>
{
    private readonly Lock _sync = new();

    // All under _sync.
    private ManualResetValueTaskSourceCore<int> _core = new() { RunContinuationsAsynchronously = true };
    private Memory<byte> _pending;
    private bool _isPending;
    private bool _isReleased;
    private long _left;
    private int _position;

    /// <summary>Whether each write is answered with one block.</summary>
    public bool AnswersWrites { get; set; }

    /// <summary>Makes the block available for reading, <paramref name="times"/> more times.</summary>
    public void Give(int times)
    {
        int read;
        lock (_sync)
        {
            _left += (long)times * block.Length;
            if (!_isPending)
                return;
            _isPending = false;
            read = Copy(_pending.Span);
        }

        _core.SetResult(read);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_sync)
        {
            if (_left > 0 || _isReleased)
                return new ValueTask<int>(Copy(buffer.Span));
            _core.Reset();
            _pending = buffer;
            _isPending = true;
            return new ValueTask<int>(this, _core.Version);
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (AnswersWrites)
            Give(1);
        return default;
    }

    int IValueTaskSource<int>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    protected override void Dispose(bool disposing)
    {
        bool wasPending;
        lock (_sync)
        {
            _isReleased = true;
            wasPending = _isPending;
            _isPending = false;
        }

        if (wasPending)
            _core.SetResult(0);
        base.Dispose(disposing);
    }

    // Under _sync.
    private int Copy(Span<byte> destination)
    {
        int copied = 0;
        while (copied < destination.Length && _left > 0)
        {
            ReadOnlySpan<byte> next = block.AsSpan(_position);
            next = next[..(int)Math.Min(next.Length, Math.Min(destination.Length - copied, _left))];
            next.CopyTo(destination[copied..]);
            copied += next.Length;
            _left -= next.Length;
            _position = (_position + next.Length) % block.Length;
        }

        return copied;
    }
}
