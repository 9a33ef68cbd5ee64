using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>
/// Makes frames of what a connection brings. It waits for bytes and for room in the queue, never for a write.
/// </summary>
/// <remarks>
/// One thread at a time runs it, in synchronous turns: parse a batch, publish it, then run a waiting consumer
/// (<see cref="ConsumerHandoff"/>) or read more. With <see cref="ReceiveMode.Direct"/> the <see cref="MessageReader"/>
/// runs its parts instead, until an end begins.
/// </remarks>
internal sealed class ReceiveLoop : IThreadPoolWorkItem
{
    /// <summary>
    /// Enough to share a batch's cost, few enough to stay in the cache. Measured at 16 bytes a frame: 256 cost a tenth
    /// more.
    /// </summary>
    public const int BatchSize = 64;

    private readonly InputBuffer _input;
    private readonly FrameReader _reader;
    private readonly MessageAssembler _assembler;
    private readonly FrameQueue _queue;
    private readonly ISessionEvents _session;
    private readonly SessionTelemetry _telemetry;
    private readonly bool _isRaw;
    private readonly TimeProvider _time;
    private readonly ExtensionChain? _extensions;
    private readonly ConsumerHandoff _handoff;
    private readonly Action _onRead;

    // Only touched by the thread that runs the loop.
    private FrameWaiter? _consumer; // waits for this batch
    private Frame.Close? _close; // the peer's, until it takes effect
    private int _passed; // frames and pieces of this batch
    private bool _toldInvalidText;
    private bool _hasMessage; // in this batch, for the consumer
    private long _pausedAt;

    // Created by the loop with the first lone message; read on any thread.
    private FreeRun? _free;

    // Written by the thread that runs the loop, read on any.
    private long _lastMessage;
    private long _lastResume;
    private volatile bool _isPaused;
    private volatile bool _isUnread; // no read is in progress, as the consumer asks for none

    public ReceiveLoop(
        InputBuffer input, FrameReader reader, MessageAssembler assembler, FrameQueue queue, bool isRaw,
        ISessionEvents session, SessionTelemetry telemetry, ConnectionSettings settings)
    {
        _input = input;
        _reader = reader;
        _assembler = assembler;
        _queue = queue;
        _isRaw = isRaw;
        HasReplies = settings.HasReplies && !isRaw;
        _session = session;
        _telemetry = telemetry;
        _time = settings.Time;
        _extensions = settings.Extensions;
        _lastMessage = input.LastInbound;
        _lastResume = input.LastInbound;
        _handoff = new ConsumerHandoff(this);
        _onRead = OnRead;
    }

    private enum Stop
    {
        End, // the peer closed or broke a rule
        Full, // there may be more in the input
        NoBytes, // no whole frame or header is left
        NoRoom,
    }

    public long LastInbound => _input.LastInbound;

    /// <summary>Control frames and replies to a heartbeat are no messages.</summary>
    public long LastMessage => Volatile.Read(ref _lastMessage);

    public long LastResume => Volatile.Read(ref _lastResume);

    public bool IsWaitingForRoom => _isPaused;

    /// <summary>
    /// Whether nothing is read: the loop waits for room, or for a thread after its consumer kept its own, or its
    /// consumer is to read and does not.
    /// </summary>
    public bool IsPaused =>
        _isPaused || _isUnread || _handoff.IsReclaimed || Volatile.Read(ref _free) is { HoldsEnd: true };

    /// <summary>Whether the session is asked which messages are a heartbeat's replies.</summary>
    public bool HasReplies { get; }

    /// <summary>The peer has closed or broken a rule: <see cref="EndOfInput"/> is due.</summary>
    public bool IsOver => _close is not null || _reader.Violation is not null || _assembler.Violation is not null;

    /// <summary>
    /// Runs on the pool: the caller does not wait for the first bytes to be parsed. <paramref name="isDirect"/>: not
    /// yet, as a consumer is to read.
    /// </summary>
    public void Start(bool isDirect = false)
    {
        if (_extensions?.TryUse() == false)
            _session.OnReceiveEnd(
                violation: null, new EndOfStreamException("The connection was released before anything was received."));
        else if (isDirect)
            _isUnread = true;
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

    /// <summary>The consumer on this thread is about to wait for the loop.</summary>
    public void Yield()
    {
        _handoff.Yield();
        Volatile.Read(ref _free)?.Yield();
    }

    /// <summary>An end has begun, or a write failed: it does not wait for a consumer's answers.</summary>
    public void StopWaiting() => Volatile.Read(ref _free)?.StopWaiting();

    // What a MessageReader runs.

    /// <summary>
    /// Parses up to the end of a message or control frame. False if there is no whole one, or if
    /// <see cref="IsOver"/>.
    /// </summary>
    public bool TryParse(scoped ref Span<byte> input, out MessageView message)
    {
        while (_reader.TryRead(ref input, out FramePiece piece))
        {
            _input.LastPayloadLength = piece.Header.PayloadLength;
            if (_assembler.TryAccept(piece, out message))
            {
                if (message.Type != FrameType.Close)
                    return true;
                _close = (Frame.Close)_assembler.ToFrame(message);
                return false;
            }

            if (_assembler.Violation is not null)
                return false;
        }

        message = default;
        return false;
    }

    public void Report(in MessageView control)
    {
        if (control.Type == FrameType.Ping)
            _session.OnPing(control.Data);
        else
            _session.OnPong(control.Data);
        _assembler.EndView();
    }

    /// <summary>Counts a message that does not pass the queue.</summary>
    public void Count(in MessageView message, bool isReply)
    {
        _telemetry.Received.Add(message.Type, message.Data.Length, isEnd: true);
        if (!isReply)
            _hasMessage = true;
    }

    /// <summary>What was parsed takes effect: pongs are sent, counters reported.</summary>
    public void EndBatch()
    {
        if (_assembler.HasInvalidText && !_toldInvalidText)
        {
            _toldInvalidText = true;
            _telemetry.InvalidTextReceived();
        }

        long lastInbound = _input.LastInbound;
        if (_hasMessage)
        {
            _hasMessage = false;
            Volatile.Write(ref _lastMessage, lastInbound);
        }

        _telemetry.ReportReceived();
        _session.OnBatchEnd(lastInbound);
    }

    /// <summary>Tells keep-alive whether a read is in progress.</summary>
    public void SetReading(bool isReading)
    {
        if (isReading)
            Volatile.Write(ref _lastResume, _time.GetTimestamp()); // first: keep-alive asks in the other order
        _isUnread = !isReading;
    }

    /// <summary>The peer's Close, or its violation, takes effect. False: it is the last turn.</summary>
    public bool EndOfInput()
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

    /// <summary>The stream ended without a Close. False: it is the last turn.</summary>
    public bool EndOfStream() =>
        End(null, new EndOfStreamException("The peer ended the connection without a Close frame."));

    /// <summary>Whatever a stream throws, the connection is gone. False: it is the last turn.</summary>
    public bool Fail(Exception error)
    {
        FrameWaiter.QueueAll(_queue.Publish());
        return End(null, error as IOException ?? new IOException("Reading from the connection failed.", error));
    }

    /// <summary>The loop runs by itself from here on; a message that was not taken comes first.</summary>
    public void TakeOver(Frame? untaken, bool keepsUnparsed)
    {
        if (untaken is not null)
            Queue(untaken);

        // What was read is received, though the end may complete the queue next.
        while (keepsUnparsed && ParseBatch() == Stop.Full)
        {
        }

        FrameWaiter.QueueAll(_queue.Publish());
        EndBatch();
        SetReading(true);
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    public Task DrainAsync() => _input.DrainAsync();

    /// <summary>No read may be in progress.</summary>
    public void Release()
    {
        _input.Release();
        _close?.Recycle();
        _close = null;
        _assembler.Dispose();
    }

    void IThreadPoolWorkItem.Execute()
    {
        Continue();
        Run(mayQueue: false);
    }

    // A work item of the loop queues no second one.
    private void Run(bool mayQueue = true)
    {
        while (_consumer is { } consumer ? TryRun(consumer, mayQueue) : TryTurn())
        {
        }
    }

    // False if the loop continues elsewhere.
    private bool TryRun(FrameWaiter consumer, bool mayQueue)
    {
        // Another still runs beside the loop: its answers go out first. If both are the same one, it has not registered
        // for this wait yet. The consumer is kept until then.
        if (IsOver && !MayEnd())
            return false;
        if (mayQueue && (IsOver || !_input.IsEmpty) && !ConsumerHandoff.CanRunHere)
        {
            // The same read may hold the end, which waits for the consumer: continue where it can run.
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            return false;
        }

        _consumer = null;
        if (!TryReadAhead())
            return _handoff.Run(consumer, beforeEnd: IsOver || _input.HasEnded);
        if (!_free!.Run(consumer))
            return false;
        Continue(); // with the end
        return true;
    }

    // A consumer may have delayed the loop.
    private void Continue()
    {
        Resume();

        // After the time: keep-alive asks in the other order.
        _handoff.OnContinue();
        _free?.OnContinue();
    }

    // For a lone message: the read after it begins before its consumer runs. If nothing has come, the loop is not lent,
    // so that no watch is needed, whose timer would wake the processor twice for each message. True: OnRead has the
    // loop.
    private bool TryReadAhead()
    {
        if (_passed != 1 || IsOver || _input.IsHot || !_input.IsEmpty || !_queue.MayAdd || _free is { IsOn: true })
            return false;
        try
        {
            if (_free is null)
                Volatile.Write(ref _free, new FreeRun(this, _queue));
            if (_input.Read() != InputBuffer.Outcome.Pending)
                return false;
            _free.Begin();
            _input.Reading.UnsafeOnCompleted(_onRead);
        }
        catch (Exception) when (_free is null) // no memory
        {
            return false;
        }
        catch (Exception e)
        {
            Fail(e);
        }

        return true;
    }

    private bool MayEnd() => _free is null || _free.MayEnd();

    // False if bytes or room are awaited, or that was the last turn.
    private bool TryTurn()
    {
        try
        {
            Stop stop = ParseBatch();
            FrameWaiter? woken = _queue.Publish();
            FrameWaiter.QueueAll(woken?.TakeNext()); // the others run on the pool
            _consumer = woken;
            EndBatch();

            // A Close or a violation takes effect on the next turn, so that the consumer can answer first.
            if (_passed > 0)
                return true;
            return stop switch
            {
                Stop.Full => true,
                Stop.End => MayEnd() && EndOfInput(),
                Stop.NoRoom when !_input.HasEnded => TryPause(), // what has ended needs no room
                _ => CanGoOn(_input.Read()),
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
        Span<byte> rest = _input.Unparsed;
        Stop stop = ParseBatch(ref rest);

        if (_assembler.TryTakePiece(out Frame? piece))
        {
            _passed++;
            Deliver(piece);
        }

        _input.Keep(rest.Length);
        return stop;
    }

    private Stop ParseBatch(ref Span<byte> input)
    {
        while (_passed < BatchSize)
        {
            if (!_queue.MayAdd)
                return Stop.NoRoom;
            if (!TryParse(ref input, out MessageView message))
                return IsOver ? Stop.End : Stop.NoBytes;
            _passed++;
            if (_isRaw || !message.IsControl)
                Deliver(_assembler.ToFrame(message));
            else
                Report(message);
        }

        return Stop.Full;
    }

    private void Deliver(Frame frame)
    {
        _telemetry.Received.Add(frame.Type, frame.Data.Length, frame.Fin);
        if (HasReplies && _session.OnMessage(frame))
        {
            frame.Recycle();
            return;
        }

        Queue(frame);
    }

    private void Queue(Frame frame)
    {
        _hasMessage = true;
        if (_queue.TryAdd(frame))
            return;
        if (_session.OnIncomingOverflow(frame))
            frame.Recycle();
        else
            _queue.TryAdd(frame); // another end was faster: the queue takes it now
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
            room.UnsafeOnCompleted(OnRoom);
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

    // If false, OnRead continues, maybe already on another thread, or that was the end.
    private bool CanGoOn(InputBuffer.Outcome read)
    {
        if (read == InputBuffer.Outcome.Pending)
            _input.Reading.UnsafeOnCompleted(_onRead);
        return read == InputBuffer.Outcome.Bytes || (read == InputBuffer.Outcome.End && MayEnd() && EndOfStream());
    }

    private void OnRead()
    {
        bool continues;
        try
        {
            continues = CanGoOn(_input.TakeIn());
        }
        catch (Exception e)
        {
            continues = Fail(e);
        }

        if (continues)
            Run();
    }
}
