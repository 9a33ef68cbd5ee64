using System.Buffers;
using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>
/// Reads a connection's stream: the only type that does. It makes frames of the bytes, puts them into the queue, and
/// reports the rest to the session. It waits for bytes and for room in the queue, and for nothing else: never for a
/// write, and only a bounded time for a consumer that it runs.
/// </summary>
/// <remarks>
/// It goes in turns of synchronous code: a batch is parsed and published; then, if a consumer waited for it, that one
/// runs here (<see cref="ConsumerHandoff"/>); otherwise more is read. Only reads and pauses that must wait continue on
/// another thread. One thread at a time runs the loop.
/// </remarks>
internal sealed class ReceiveLoop : IThreadPoolWorkItem
{
    /// <summary>
    /// One read's worth: measured, smaller reads cost system calls and larger ones gain nothing for small messages;
    /// large payloads are read past it anyway.
    /// </summary>
    public const int BufferSize = 64 * 1024;

    /// <summary>
    /// After a frame this large the next is likely to be large, too. Two such fill a buffer: from here on a copy saved
    /// outweighs a read of its own.
    /// </summary>
    public const int LargeFrame = BufferSize / 2;

    /// <summary>
    /// What is read into the buffer where a large frame is likely: its header and little more, so that the rest can be
    /// read straight into the message.
    /// </summary>
    public const int LargeFrameHead = 4096;

    /// <summary>
    /// The most frames of a batch: few enough to be still in the cache when their consumer, which runs on the same
    /// thread, gets to them, and enough to share what a batch costs. Measured at 16 bytes a frame: 16 and 64 cost the
    /// same, 256 a tenth more.
    /// </summary>
    public const int BatchSize = 64;

    /// <summary>
    /// While bytes come at least this often the loop waits with its buffer in place; otherwise it waits without one, by
    /// a read of zero bytes. That read costs a system call, which a dialogue over loopback (30 us a round) must not
    /// pay, and saves an idle connection 64 KiB.
    /// </summary>
    public static readonly TimeSpan HotPeriod = TimeSpan.FromMilliseconds(1);

    private readonly Stream _stream;
    private readonly FrameReader _reader;
    private readonly MessageAssembler _assembler;
    private readonly FrameQueue _queue;
    private readonly ISessionEvents _session;
    private readonly SessionLog _log;
    private readonly bool _isRaw;
    private readonly ArrayPool<byte> _pool;
    private readonly TimeProvider _time;
    private readonly ExtensionChain? _extensions;
    private readonly long _hotTicks;
    private readonly ConsumerHandoff _handoff;
    private readonly Action _onRead;
    private readonly Action _onRoom;

    // Only touched by the thread that runs the loop.
    private FrameWaiter? _consumer; // waits for the frames of this batch
    private Frame.Close? _close; // the peer's, until it takes effect
    private int _passed; // frames and pieces of this batch
    private long _lastPayloadLength; // of the frame that was met last
    private bool _toldInvalidText;
    private byte[]? _buffer;
    private bool _isHot;
    private Memory<byte> _input; // what was read and not parsed yet, in _buffer or in the message's own memory
    private Memory<byte> _target; // of the read in progress; empty for one that only waits
    private ValueTask<int> _reading;

    // Written by the thread that runs the loop, read on any thread.
    private long _lastInbound;
    private long _lastResume;
    private volatile bool _isPaused;

    /// <summary>Makes the loop of a connection; <see cref="Start"/> starts it.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="reader">Judges headers, and cuts the bytes into pieces.</param>
    /// <param name="assembler">Makes frames of the pieces.</param>
    /// <param name="queue">Where frames go.</param>
    /// <param name="isRaw">Whether control frames go there, too.</param>
    /// <param name="session">What control frames, and the end, are reported to.</param>
    /// <param name="log">The session's log.</param>
    /// <param name="settings">The settings.</param>
    public ReceiveLoop(
        Stream stream, FrameReader reader, MessageAssembler assembler, FrameQueue queue, bool isRaw,
        ISessionEvents session, SessionLog log, ConnectionSettings settings)
    {
        _stream = stream;
        _reader = reader;
        _assembler = assembler;
        _queue = queue;
        _isRaw = isRaw;
        _session = session;
        _log = log;
        _pool = settings.Pool;
        _time = settings.Time;
        _extensions = settings.Extensions;
        _hotTicks = (long)(HotPeriod.TotalSeconds * _time.TimestampFrequency);
        _lastInbound = _time.GetTimestamp();
        _lastResume = _lastInbound;
        _handoff = new ConsumerHandoff(this);
        _onRead = OnRead;
        _onRoom = OnRoom;
    }

    // Why a batch ended.
    private enum Stop
    {
        End, // the peer closed, or broke a rule: nothing after it is parsed
        Full, // there may be more in the input
        NoBytes, // the input holds no whole frame, or no whole header, any more
        NoRoom, // the queue is full
    }

    /// <summary>When bytes came last, as a timestamp.</summary>
    public long LastInbound => Volatile.Read(ref _lastInbound);

    /// <summary>When the loop last continued after a pause, as a timestamp.</summary>
    public long LastResume => Volatile.Read(ref _lastResume);

    /// <summary>Whether the loop waits for room.</summary>
    public bool IsWaitingForRoom => _isPaused;

    /// <summary>
    /// Whether the loop waits for room, or for a thread after its consumer kept the one it had, and so cannot see what
    /// the peer sends.
    /// </summary>
    public bool IsPaused => _isPaused || _handoff.IsReclaimed;

    private bool IsOver => _close is not null || _reader.Violation is not null || _assembler.Violation is not null;

    /// <summary>
    /// Begins to read, on the thread pool: the first bytes may have come with the handshake's answer, and the caller
    /// does not wait for them to be parsed.
    /// </summary>
    public void Start()
    {
        // The connection may have been released before: then a read would find its end, too.
        if (_extensions?.TryUse() == false)
            _session.OnReceiveEnd(
                violation: null, new EndOfStreamException("The connection was released before anything was received."));
        else
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>
    /// Consumer: completes when a frame can be taken, as the queue does. On the loop's own thread it first runs one
    /// turn of the loop: so no thread is changed while bytes come.
    /// </summary>
    /// <param name="token">Cancels the wait.</param>
    public ValueTask<bool> WaitForFrameAsync(CancellationToken token)
    {
        if (_queue.Count == 0 && !token.IsCancellationRequested && _handoff.TryBorrow())
        {
            // A read that waits keeps the ambient values of the thread that began it, and the session outlives its
            // consumer's call.
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

    /// <summary>
    /// Any thread: a caller waits for what is to be read, so the loop does not wait for a consumer that may be busy.
    /// </summary>
    public void Reclaim() => _handoff.Reclaim();

    /// <summary>Consumer: it is about to block its thread for a frame, so the loop continues on the pool.</summary>
    public void Yield() => _handoff.Yield();

    /// <summary>
    /// Reads and drops until the stream ends. Unread bytes would turn our FIN into an RST, which can destroy our Close
    /// frame on its way.
    /// </summary>
    public async Task DrainAsync()
    {
        try
        {
            _buffer ??= _pool.Rent(BufferSize);
            while (await _stream.ReadAsync(_buffer, CancellationToken.None).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (Exception) // the end is what was waited for
        {
        }
    }

    /// <summary>Returns the memory. No read may be in progress.</summary>
    public void Release()
    {
        ReturnBuffer();
        _close?.Recycle();
        _close = null;
        _assembler.Dispose();
    }

    void IThreadPoolWorkItem.Execute()
    {
        // A consumer may have delayed the loop for long.
        Resume();
        _handoff.OnContinue(); // after the time: keep-alive asks in the other order
        Run(mayQueue: false);
    }

    // On the loop's own stack. A work item of the loop queues no second one.
    private void Run(bool mayQueue = true)
    {
        do
        {
            if (_consumer is not { } consumer)
                continue;
            if (mayQueue && (IsOver || !_input.IsEmpty) && !ConsumerHandoff.CanRunHere)
            {
                // The same read may hold the end of the session, which waits for the consumer: both continue where a
                // consumer can be run.
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
            FrameWaiter.QueueAll(woken?.TakeNext()); // one runs here, the others on the pool
            _consumer = woken;
            if (_assembler.HasInvalidText && !_toldInvalidText)
            {
                _toldInvalidText = true;
                _log.InvalidTextReceived();
            }

            _session.OnBatchEnd(_lastInbound);

            // The consumer takes what has come before more is read. A Close or a violation after this batch takes
            // effect on the next turn, so that the consumer can answer.
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

        // Where messages come in pieces: what has come is passed on, without waiting for more.
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
        if (_queue.TryAdd(frame))
            return;
        if (_session.OnIncomingOverflow(frame))
            frame.Recycle();
        else
            _queue.TryAdd(frame); // another end was faster, so the queue does not close the session any more
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
        FrameWaiter.QueueAll(_queue.Publish()); // what was parsed before
        return End(null, error as IOException ?? new IOException("Reading from the connection failed.", error));
    }

    private bool EndOfInput()
    {
        if (_close is { } close)
        {
            _close = null;
            // before the frame is the user's, who may recycle it
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

    // Always false: that was the last turn.
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
            // All that was read before is parsed, so the buffer is not needed; and after a silence the zero-byte read
            // has seen bytes before anything is reserved for them.
            ReturnBuffer();
            return TryBegin(_assembler.GetPayloadMemory(_reader.Remaining)) && TryTakeIn();
        }

        // Part of a header may be left over: at most 13 bytes.
        int kept = _input.Length;
        _buffer ??= _pool.Rent(BufferSize);
        _input.CopyTo(_buffer);
        _input = _buffer.AsMemory(0, kept);
        int most = expectsLarge && _assembler.TakesPayloadInPlace ? LargeFrameHead : BufferSize - kept;
        return TryBegin(_buffer.AsMemory(kept, most)) && TryTakeIn();
    }

    // True if the read is done; otherwise OnRead continues when it is, maybe already on another thread.
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
            return TryFill(); // that one only waited

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
