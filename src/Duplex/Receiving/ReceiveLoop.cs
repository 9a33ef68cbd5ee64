using System.Buffers;
using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>
/// Reads a connection's stream, the only type that does. It waits for bytes and for room in the queue, never for a
/// write.
/// </summary>
/// <remarks>
/// One thread at a time runs it, in synchronous turns: parse a batch, publish it, then run a waiting consumer
/// (<see cref="ConsumerHandoff"/>) or read more.
/// </remarks>
internal sealed class ReceiveLoop : IThreadPoolWorkItem
{
    /// <summary>Measured: smaller reads cost system calls, larger ones gain nothing for small messages.</summary>
    public const int BufferSize = 64 * 1024;

    /// <summary>
    /// After such a frame the next is likely large. Two fill a buffer: a copy saved outweighs an extra read.
    /// </summary>
    public const int LargeFrame = BufferSize / 2;

    /// <summary>
    /// What is read where a large frame is likely: its header and little more. The rest goes into the message.
    /// </summary>
    public const int LargeFrameHead = 4096;

    /// <summary>
    /// Enough to share a batch's cost, few enough to stay in the cache. Measured at 16 bytes a frame: 256 cost a tenth
    /// more.
    /// </summary>
    public const int BatchSize = 64;

    /// <summary>
    /// While bytes come this often the buffer stays. Otherwise a read of zero bytes saves 64 KiB; its system call would
    /// cost a loopback round (30 us) too much.
    /// </summary>
    public static readonly TimeSpan HotPeriod = TimeSpan.FromMilliseconds(1);

    private readonly Stream _stream;
    private readonly FrameReader _reader;
    private readonly MessageAssembler _assembler;
    private readonly FrameQueue _queue;
    private readonly ISessionEvents _session;
    private readonly SessionTelemetry _telemetry;
    private readonly bool _isRaw;
    private readonly bool _hasReplies;
    private readonly ArrayPool<byte> _pool;
    private readonly TimeProvider _time;
    private readonly ExtensionChain? _extensions;
    private readonly long _hotTicks;
    private readonly ConsumerHandoff _handoff;
    private readonly Action _onRead;
    private readonly Action _onRoom;

    // Only touched by the thread that runs the loop.
    private FrameWaiter? _consumer; // waits for this batch
    private Frame.Close? _close; // the peer's, until it takes effect
    private int _passed; // frames and pieces of this batch
    private long _lastPayloadLength; // of the last frame
    private bool _toldInvalidText;
    private bool _hasMessage; // in this batch, for the consumer
    private long _pausedAt;
    private byte[]? _buffer;
    private bool _isHot;
    private Memory<byte> _input; // not parsed yet; in _buffer or the message's memory
    private Memory<byte> _target; // empty for a read that only waits
    private ValueTask<int> _reading;

    // Written by the thread that runs the loop, read on any.
    private long _lastInbound;
    private long _lastMessage;
    private long _lastResume;
    private volatile bool _isPaused;

    public ReceiveLoop(
        Stream stream, FrameReader reader, MessageAssembler assembler, FrameQueue queue, bool isRaw,
        ISessionEvents session, SessionTelemetry telemetry, ConnectionSettings settings)
    {
        _stream = stream;
        _reader = reader;
        _assembler = assembler;
        _queue = queue;
        _isRaw = isRaw;
        _hasReplies = settings.HasReplies && !isRaw;
        _session = session;
        _telemetry = telemetry;
        _pool = settings.Pool;
        _time = settings.Time;
        _extensions = settings.Extensions;
        _hotTicks = (long)(HotPeriod.TotalSeconds * _time.TimestampFrequency);
        _lastInbound = _time.GetTimestamp();
        _lastMessage = _lastInbound;
        _lastResume = _lastInbound;
        _handoff = new ConsumerHandoff(this);
        _onRead = OnRead;
        _onRoom = OnRoom;
    }

    private enum Stop
    {
        End, // the peer closed or broke a rule
        Full, // there may be more in the input
        NoBytes, // no whole frame or header is left
        NoRoom,
    }

    public long LastInbound => Volatile.Read(ref _lastInbound);

    /// <summary>Control frames and replies to a heartbeat are no messages.</summary>
    public long LastMessage => Volatile.Read(ref _lastMessage);

    public long LastResume => Volatile.Read(ref _lastResume);

    public bool IsWaitingForRoom => _isPaused;

    /// <summary>Whether the loop waits for room, or for a thread after its consumer kept its own.</summary>
    public bool IsPaused => _isPaused || _handoff.IsReclaimed;

    private bool IsOver => _close is not null || _reader.Violation is not null || _assembler.Violation is not null;

    /// <summary>Runs on the pool: the caller does not wait for the first bytes to be parsed.</summary>
    public void Start()
    {
        if (_extensions?.TryUse() == false)
            _session.OnReceiveEnd(
                violation: null, new EndOfStreamException("The connection was released before anything was received."));
        else
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>On the loop's thread it first runs one turn: no thread changes while bytes come.</summary>
    public ValueTask<bool> WaitForFrameAsync(CancellationToken token)
    {
        if (_queue.Count == 0 && !token.IsCancellationRequested && _handoff.TryBorrow())
        {
            // A read that waits would keep the ambient values of the consumer's call.
            using AsyncFlowControl? flow = AmbientFlow.Suppress();
            if (TryTurn())
            {
                FrameWaiter.QueueAll(_consumer);
                _consumer = null;
                _handoff.Return(beforeEnd: IsOver);
            }
        }

        return _queue.WaitToTakeAsync(token);
    }

    public void Reclaim() => _handoff.Reclaim();

    public void Yield() => _handoff.Yield();

    /// <summary>Unread bytes would turn our FIN into an RST, which can destroy our Close on its way.</summary>
    public async Task DrainAsync()
    {
        try
        {
            _buffer ??= _pool.Rent(BufferSize);
            while (await _stream.ReadAsync(_buffer, CancellationToken.None).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (Exception) // the end was waited for
        {
        }
    }

    /// <summary>No read may be in progress.</summary>
    public void Release()
    {
        ReturnBuffer();
        _close?.Recycle();
        _close = null;
        _assembler.Dispose();
    }

    void IThreadPoolWorkItem.Execute()
    {
        // A consumer may have delayed the loop.
        Resume();
        _handoff.OnContinue(); // after the time: keep-alive asks in the other order
        Run(mayQueue: false);
    }

    // A work item of the loop queues no second one.
    private void Run(bool mayQueue = true)
    {
        do
        {
            if (_consumer is not { } consumer)
                continue;
            if (mayQueue && (IsOver || !_input.IsEmpty) && !ConsumerHandoff.CanRunHere)
            {
                // The same read may hold the end, which waits for the consumer: continue where it can run.
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                return;
            }

            _consumer = null;
            if (!_handoff.Run(consumer, beforeEnd: IsOver))
                return;
        }
        while (TryTurn());
    }

    // False if bytes or room are awaited, or that was the last turn.
    private bool TryTurn()
    {
        try
        {
            Stop stop = ParseBatch();
            FrameWaiter? woken = _queue.Publish();
            FrameWaiter.QueueAll(woken?.TakeNext()); // the others run on the pool
            _consumer = woken;
            if (_assembler.HasInvalidText && !_toldInvalidText)
            {
                _toldInvalidText = true;
                _telemetry.InvalidTextReceived();
            }

            if (_hasMessage)
            {
                _hasMessage = false;
                Volatile.Write(ref _lastMessage, _lastInbound);
            }

            _telemetry.ReportReceived();
            _session.OnBatchEnd(_lastInbound);

            // A Close or a violation takes effect on the next turn, so that the consumer can answer first.
            if (_passed > 0)
                return true;
            return stop switch
            {
                Stop.Full => true,
                Stop.End => EndOfInput(),
                Stop.NoRoom => TryPause(),
                _ => TryRead(),
            };
        }
        catch (Exception e)
        {
            return Fail(e);
        }
    }

    private Stop ParseBatch()
    {
        _passed = 0;
        if (IsOver)
            return Stop.End;
        Span<byte> rest = _input.Span;
        Stop stop = ParseBatch(ref rest);

        if (_assembler.TryTakePiece(out Frame? piece))
        {
            _passed++;
            Deliver(piece);
        }

        _input = rest.IsEmpty ? default : _input[^rest.Length..]; // empty, it would still keep a message's memory
        return stop;
    }

    private Stop ParseBatch(ref Span<byte> input)
    {
        while (_passed < BatchSize)
        {
            if (!_queue.MayAdd)
                return Stop.NoRoom;
            if (!_reader.TryRead(ref input, out FramePiece piece))
                return _reader.Violation is null ? Stop.NoBytes : Stop.End;

            _lastPayloadLength = piece.Header.PayloadLength;
            if (_assembler.TryAccept(piece, out Frame? frame))
            {
                if (frame.Type == FrameType.Close)
                {
                    _close = (Frame.Close)frame;
                    return Stop.End;
                }

                _passed++;
                if (_isRaw || !frame.IsControl)
                    Deliver(frame);
                else
                    Report(frame);
            }
            else if (_assembler.Violation is not null)
            {
                return Stop.End;
            }
        }

        return Stop.Full;
    }

    private void Deliver(Frame frame)
    {
        _telemetry.Received.Add(frame.Type, frame.Data.Length, frame.Fin);
        if (_hasReplies && _session.OnMessage(frame))
        {
            frame.Recycle();
            return;
        }

        _hasMessage = true;
        if (_queue.TryAdd(frame))
            return;
        if (_session.OnIncomingOverflow(frame))
            frame.Recycle();
        else
            _queue.TryAdd(frame); // another end was faster: the queue takes it now
    }

    private void Report(Frame control)
    {
        if (control.Type == FrameType.Ping)
            _session.OnPing(control.Data.Span);
        else
            _session.OnPong(control.Data.Span);
        control.Recycle();
    }

    // Whatever a stream throws, the connection is gone.
    private bool Fail(Exception error)
    {
        FrameWaiter.QueueAll(_queue.Publish());
        return End(null, error as IOException ?? new IOException("Reading from the connection failed.", error));
    }

    private bool EndOfInput()
    {
        if (_close is { } close)
        {
            _close = null;
            // first: the user may recycle the frame
            CloseReason reason = close.ReadReason() ?? CloseReason.NoStatus;
            if (_isRaw)
                Deliver(close);
            else
                close.Recycle();
            _session.OnPeerClose(reason);
        }

        ProtocolViolation? violation = _reader.Violation is { } refused
            ? _assembler.WithLimits(refused, _reader.Header)
            : _assembler.Violation;
        return End(violation, null);
    }

    // Always false: the last turn.
    private bool End(ProtocolViolation? violation, Exception? error)
    {
        FrameWaiter.QueueAll(_consumer);
        _consumer = null;
        _extensions?.Unuse();
        _session.OnReceiveEnd(violation, error);
        return false;
    }

    private bool TryPause()
    {
        _pausedAt = _time.GetTimestamp();
        _isPaused = true;
        ConfiguredTaskAwaitable.ConfiguredTaskAwaiter room =
            _queue.WaitForRoomAsync().ConfigureAwait(false).GetAwaiter();
        if (!room.IsCompleted)
        {
            room.UnsafeOnCompleted(_onRoom);
            return false;
        }

        Resume();
        return true;
    }

    private void OnRoom()
    {
        Resume();
        _telemetry.ReceivePaused(_time.GetElapsedTime(_pausedAt, _lastResume));
        Run();
    }

    private void Resume()
    {
        Volatile.Write(ref _lastResume, _time.GetTimestamp());
        _isPaused = false;
    }

    private bool TryRead()
    {
        if (!_input.IsEmpty || _isHot)
            return TryFill();
        ReturnBuffer();
        _assembler.Trim();
        return TryBegin(default) && TryTakeIn();
    }

    private bool TryFill()
    {
        bool expectsLarge = _lastPayloadLength >= LargeFrame;
        if (expectsLarge && _assembler.TakesPayloadInPlace && _reader.Remaining >= LargeFrameHead)
        {
            // After a silence the zero-byte read has seen bytes before this reserves memory.
            ReturnBuffer();
            return TryBegin(_assembler.GetPayloadMemory(_reader.Remaining)) && TryTakeIn();
        }

        // At most 13 bytes of a header are left.
        int kept = _input.Length;
        _buffer ??= _pool.Rent(BufferSize);
        _input.CopyTo(_buffer);
        _input = _buffer.AsMemory(0, kept);
        int most = expectsLarge && _assembler.TakesPayloadInPlace ? LargeFrameHead : BufferSize - kept;
        return TryBegin(_buffer.AsMemory(kept, most)) && TryTakeIn();
    }

    // If false, OnRead continues, maybe already on another thread.
    private bool TryBegin(Memory<byte> target)
    {
        _target = target;
#pragma warning disable CA2012 // it is consumed once, by TryTakeIn
        _reading = _stream.ReadAsync(target, CancellationToken.None);
#pragma warning restore CA2012
        if (_reading.IsCompleted)
            return true;
        _reading.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_onRead);
        return false;
    }

    private void OnRead()
    {
        bool continues;
        try
        {
            continues = TryTakeIn();
        }
        catch (Exception e)
        {
            continues = Fail(e);
        }

        if (continues)
            Run();
    }

    private bool TryTakeIn()
    {
#pragma warning disable RS0030 // the read has completed: this is its continuation
        int read = _reading.GetAwaiter().GetResult();
#pragma warning restore RS0030
        if (_target.IsEmpty)
            return TryFill();

        long now = _time.GetTimestamp();
        _isHot = now - _lastInbound <= _hotTicks;
        Volatile.Write(ref _lastInbound, now);
        _input = _input.IsEmpty ? _target[..read] : _buffer.AsMemory(0, _input.Length + read);
        return read > 0 || End(null, new EndOfStreamException("The peer ended the connection without a Close frame."));
    }

    private void ReturnBuffer()
    {
        _input = default;
        if (_buffer is null)
            return;
        _pool.Return(_buffer);
        _buffer = null;
    }
}
