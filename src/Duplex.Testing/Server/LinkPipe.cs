using System.Net.Sockets;

namespace Duplex.Testing;

/// <summary>One direction of a connection in memory, with as much room as a socket's buffers.</summary>
/// <remarks>Thread-safe; one reader and one writer.</remarks>
internal sealed class LinkPipe
{
    public const int Room = 64 * 1024; // as much as a socket's buffers hold by default, about

    private const int First = 1024; // a handshake's first messages fit; a test may open a million connections

    private readonly Lock _sync = new();

    // Under _sync.
    private byte[] _bytes = [];
    private int _first;
    private int _count;
    private bool _isEnded;
    private bool _isReaderGone;
    private bool _isReset;
    private bool _isSilent;
    private TaskCompletionSource? _changed;

    /// <summary>
    /// Reads what is there, 0 at the end. False if nothing is: then <paramref name="wait"/> completes when to try
    /// again. A read into an empty buffer succeeds when there is something.
    /// </summary>
    /// <exception cref="IOException">The connection was reset, and all that was sent before is read.</exception>
    public bool TryRead(Span<byte> buffer, out int read, out Task wait)
    {
        TaskCompletionSource? changed = null;
        lock (_sync)
        {
            wait = Task.CompletedTask;
            read = 0;
            if (_isReaderGone)
                return true;
            if (_isSilent || (_count == 0 && !_isEnded && !_isReset))
            {
                wait = NextChange();
                return false;
            }

            if (_count == 0 && _isReset)
                throw Reset();
            read = Math.Min(Math.Min(buffer.Length, _count), _bytes.Length - _first);
            _bytes.AsSpan(_first, read).CopyTo(buffer);
            _count -= read;
            _first = _count == 0 ? 0 : (_first + read) % _bytes.Length;
            if (read > 0)
                (changed, _changed) = (_changed, null);
        }

        changed?.SetResult();
        return true;
    }

    /// <summary>
    /// Writes what there is room for. If nothing, <paramref name="wait"/> completes when to try again.
    /// </summary>
    /// <exception cref="IOException">The other end is gone, or the connection was reset.</exception>
    public int Write(ReadOnlySpan<byte> bytes, out Task wait)
    {
        TaskCompletionSource? changed;
        int written;
        lock (_sync)
        {
            wait = Task.CompletedTask;
            if (_isReset)
                throw Reset();
            if (_isReaderGone || _isEnded)
                throw new IOException("The other end of the connection in memory is closed.");
            MakeRoom(bytes.Length);
            if (_count == _bytes.Length)
            {
                if (bytes.Length > 0)
                    wait = NextChange();
                return 0;
            }

            int at = (_first + _count) % _bytes.Length;
            written = Math.Min(Math.Min(bytes.Length, _bytes.Length - _count), _bytes.Length - at);
            bytes[..written].CopyTo(_bytes.AsSpan(at));
            _count += written;
            (changed, _changed) = (_changed, null);
        }

        changed?.SetResult();
        return written;
    }

    /// <summary>The writer is gone: what it wrote can be read.</summary>
    public void End() => Change(ref _isEnded);

    /// <summary>The reader is gone: its pending read gives 0, and writes fail.</summary>
    public void Leave() => Change(ref _isReaderGone);

    /// <summary>Writes fail, and reads of more than was written.</summary>
    public void Break() => Change(ref _isReset);

    /// <summary>Nothing arrives any more; writes succeed until there is no room.</summary>
    public void Silence() => Change(ref _isSilent);

    private static IOException Reset() => new(
        "The connection in memory was reset.", new SocketException((int)SocketError.ConnectionReset));

    private void Change(ref bool what)
    {
        TaskCompletionSource? changed;
        lock (_sync)
        {
            what = true;
            (changed, _changed) = (_changed, null);
        }

        changed?.SetResult();
    }

    // Under _sync.
    private void MakeRoom(int more)
    {
        if (_count + more <= _bytes.Length || _bytes.Length == Room)
            return;
        byte[] larger = new byte[Math.Clamp(Math.Max(_bytes.Length * 2, _count + more), First, Room)];
        int head = Math.Min(_count, _bytes.Length - _first);
        _bytes.AsSpan(_first, head).CopyTo(larger);
        _bytes.AsSpan(0, _count - head).CopyTo(larger.AsSpan(head));
        (_bytes, _first) = (larger, 0);
    }

    // Under _sync.
    private Task NextChange() =>
        (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
}
