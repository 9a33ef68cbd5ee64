using System.Threading.Channels;

namespace Duplex.Tests;

/// <summary>
/// The other end of a session, in memory: it sends what a test says, byte for byte, and shows what the session sent. Disposing it is what releasing an upgraded connection does:
/// a pending read gives 0, a pending write fails. It counts misuse: two reads or two writes at a time, a token, a write that no flush follows.
/// </summary>
internal sealed class ScriptedPeer : BareStream
{
    private readonly Lock _sync = new();
    private readonly Queue<byte[]> _toSession = new();
    private readonly List<string> _misuse = [];
    private readonly List<int> _readSizes = [];
    private readonly Channel<Frame> _frames = Channel.CreateUnbounded<Frame>();
    private readonly FrameReader _reader;
    private readonly MessageAssembler _assembler = new(AssemblerOutput.Frames);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<byte> _fromSession = [];
    private byte[] _unparsed = [];
    private int _offset;
    private readonly bool _masks;
    private bool _eof;
    private Exception? _readError;
    private Exception? _writeError;
    private TaskCompletionSource _readable = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _completesReadsInline;
    private TaskCompletionSource? _blocked;
    private int _reads;
    private int _writes;
    private bool _unflushed;

    /// <summary>A peer of a session of the other role.</summary>
    public ScriptedPeer(WebSocketRole role = WebSocketRole.Server)
    {
        _reader = new FrameReader(role, WebSocketLimits.LargestSize, ReservedBits.Rsv1 | ReservedBits.Rsv2 | ReservedBits.Rsv3);
        _masks = role == WebSocketRole.Client;
    }

    /// <summary>Completes when the session has released the transport.</summary>
    public Task Released => _released.Task;

    /// <summary>What a connection's stream must never be asked.</summary>
    public IReadOnlyList<string> Misuse
    {
        get
        {
            lock (_sync)
                return _unflushed ? [.. _misuse, "a write that no flush followed"] : [.. _misuse];
        }
    }

    /// <summary>Whether a write was begun that no flush has followed yet.</summary>
    public bool IsUnflushed
    {
        get
        {
            lock (_sync)
                return _unflushed;
        }
    }

    /// <summary>How much each read of the session asked for.</summary>
    public IReadOnlyList<int> ReadSizes
    {
        get
        {
            lock (_sync)
                return [.. _readSizes];
        }
    }

    /// <summary>How many writes the session has made.</summary>
    public int WriteCount { get; private set; }

    /// <summary>Called where a read goes on that has waited.</summary>
    public Action? ReadWaited { get; set; }

    /// <summary>What the session reads, again and again and without waiting, once it has read all else.</summary>
    public byte[]? Endless { get; set; }

    /// <summary>Whether reads and writes in progress go on after the session has released the transport, as those of a bad stream do.</summary>
    public bool OutlivesRelease { get; set; }

    /// <summary>Whether a read that waits goes on within the call that sends it bytes, on its thread. Set while one waits.</summary>
    public bool CompletesReadsInline
    {
        get => _completesReadsInline;
        set
        {
            TaskCompletionSource before;
            lock (_sync)
            {
                _completesReadsInline = value;
                before = _readable;
                _readable = NewReadable();
            }

            before.TrySetResult(); // the read looks again, and waits for the new one
        }
    }

    /// <summary>Whether the session has read all that we sent, and waits for more.</summary>
    public bool IsDrained
    {
        get
        {
            lock (_sync)
                return _toSession.Count == 0 && _reads > 0 && !_readable.Task.IsCompleted;
        }
    }

    /// <summary>How many of the pieces that we sent the session has not read to their end.</summary>
    public int Unread
    {
        get
        {
            lock (_sync)
                return _toSession.Count;
        }
    }

    /// <summary>Whether a write of the session is waiting for us.</summary>
    public bool IsWriteBlocked
    {
        get
        {
            lock (_sync)
                return _blocked is not null && _writes > 0;
        }
    }

    /// <summary>All bytes that the session has sent.</summary>
    public byte[] Received
    {
        get
        {
            lock (_sync)
                return [.. _fromSession];
        }
    }

    /// <summary>Sends bytes.</summary>
    public void Send(params ReadOnlySpan<byte> bytes)
    {
        TaskCompletionSource readable;
        lock (_sync)
        {
            _toSession.Enqueue(bytes.ToArray());
            readable = _readable;
        }

        readable.TrySetResult();
    }

    /// <summary>Sends bytes that the session gets in pieces of this size, with nothing else between them.</summary>
    public void SendInPieces(ReadOnlySpan<byte> bytes, int size)
    {
        lock (_sync)
        {
            for (; !bytes.IsEmpty; bytes = bytes[Math.Min(size, bytes.Length)..])
                _toSession.Enqueue(bytes[..Math.Min(size, bytes.Length)].ToArray());
            _readable.TrySetResult();
        }
    }

    /// <summary>Sends bytes written in hex; spaces do not count.</summary>
    public void SendHex(string hex) => Send(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));

    /// <summary>Sends a frame, masked if the peer is a client, unless <paramref name="masked"/> says otherwise.</summary>
    public void SendFrame(Opcode opcode, ReadOnlySpan<byte> payload, bool fin = true, ReservedBits reserved = ReservedBits.None, bool? masked = null)
    {
        using var writer = new FrameWriter(masked ?? _masks ? WebSocketRole.Client : WebSocketRole.Server);
        writer.Write(opcode, payload, fin, reserved);
        ArraySegment<byte> bytes = writer.Take();
        Send(bytes.AsSpan());
        writer.Return(bytes);
    }

    /// <summary>Sends a Close.</summary>
    public void SendClose(CloseReason reason)
    {
        Span<byte> payload = stackalloc byte[FrameHeader.MaxControlPayload];
        SendFrame(Opcode.Close, payload[..ClosePayload.Write(reason, payload)]);
    }

    /// <summary>Ends what we send: FIN.</summary>
    public void SendEof()
    {
        lock (_sync)
        {
            _eof = true;
            _readable.TrySetResult();
        }
    }

    /// <summary>Breaks the connection under the session's next, or pending, read: RST.</summary>
    public void FailReads(Exception error)
    {
        lock (_sync)
        {
            _readError = error;
            _readable.TrySetResult();
        }
    }

    /// <summary>Breaks the connection under the session's next, or blocked, write.</summary>
    public void FailWrites(Exception error)
    {
        lock (_sync)
        {
            _writeError = error;
            _blocked?.TrySetResult();
            _blocked = null;
        }
    }

    /// <summary>Takes nothing more: the session's writes wait.</summary>
    public void BlockWrites()
    {
        lock (_sync)
            _blocked ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Takes what the session writes again.</summary>
    public void UnblockWrites()
    {
        lock (_sync)
        {
            _blocked?.TrySetResult();
            _blocked = null;
        }
    }

    /// <summary>The next frame that the session sent, as it stands on the wire (a continuation has the type of its message), unmasked.</summary>
    public Task<Frame> ReceiveAsync() => _frames.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit);

    /// <summary>All frames that the session sends until it releases the transport.</summary>
    public IAsyncEnumerable<Frame> ReceiveAllAsync() => _frames.Reader.ReadAllAsync();

    /// <summary>The next frame, if one was sent.</summary>
    public bool TryReceive(out Frame? frame) => _frames.Reader.TryRead(out frame);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Begin(ref _reads, "two reads at a time", cancellationToken);
        lock (_sync)
            _readSizes.Add(buffer.Length);
        try
        {
            while (true)
            {
                Task wait;
                lock (_sync)
                {
                    if (_toSession.Count == 0 && Endless is not null && !_released.Task.IsCompleted)
                        _toSession.Enqueue(Endless);
                    if (_toSession.TryPeek(out byte[]? next))
                    {
                        int count = Math.Min(buffer.Length, next.Length - _offset);
                        next.AsSpan(_offset, count).CopyTo(buffer.Span);
                        _offset += count;
                        if (_offset == next.Length)
                        {
                            _toSession.Dequeue();
                            _offset = 0;
                        }

                        return count;
                    }

                    if (_readError is not null)
                        throw _readError;
                    if (_eof || (_released.Task.IsCompleted && !OutlivesRelease))
                        return 0;
                    if (_readable.Task.IsCompleted)
                        _readable = NewReadable();
                    wait = _readable.Task;
                }

                await wait.ConfigureAwait(false);
                ReadWaited?.Invoke();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _reads);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Begin(ref _writes, "two writes at a time", cancellationToken);
        try
        {
            Task? blocked;
            lock (_sync)
            {
                WriteCount++;
                _unflushed = true;
                blocked = _blocked?.Task;
            }

            if (blocked is not null)
                await blocked;
            lock (_sync)
            {
                if (_writeError is not null || _released.Task.IsCompleted)
                    _unflushed = false;
                if (_writeError is not null)
                    throw _writeError;
                ObjectDisposedException.ThrowIf(_released.Task.IsCompleted, this);
                _fromSession.AddRange(buffer.Span);
            }

            Parse(buffer.Span);
        }
        finally
        {
            Interlocked.Decrement(ref _writes);
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        lock (_sync)
        {
            if (cancellationToken.CanBeCanceled)
                _misuse.Add("a flush with a token");
            _unflushed = false;
        }

        return Task.CompletedTask;
    }

    protected override void Dispose(bool disposing)
    {
        _frames.Writer.TryComplete();
        lock (_sync)
        {
            _released.TrySetResult();
            if (!OutlivesRelease)
            {
                _readable.TrySetResult();
                _blocked?.TrySetResult();
                _blocked = null;
            }
        }

        base.Dispose(disposing);
    }

    private TaskCompletionSource NewReadable() => new(_completesReadsInline ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);

    private void Begin(ref int running, string misuse, CancellationToken token)
    {
        bool overlaps = Interlocked.Increment(ref running) > 1;
        lock (_sync)
        {
            if (overlaps)
                _misuse.Add(misuse);
            if (token.CanBeCanceled)
                _misuse.Add("a read or write with a token");
        }
    }

    private void Parse(ReadOnlySpan<byte> bytes)
    {
        byte[] input = [.. _unparsed, .. bytes];
        Span<byte> rest = input;
        while (_reader.TryRead(ref rest, out FramePiece piece))
        {
            if (_assembler.TryAccept(piece, out Frame? frame))
                _frames.Writer.TryWrite(frame);
        }

        if ((_reader.Violation ?? _assembler.Violation) is { } violation)
            _misuse.Add($"bytes that are no frame: {violation.Message}");
        _unparsed = rest.ToArray();
    }
}
