using System.Buffers;
using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>
/// Reads a connection's stream: the only place that does. It waits for bytes and for room at its receiver, for nothing else: never for a write, and for a consumer that it runs no longer
/// than that takes what there is.
/// </summary>
/// <remarks>
/// It goes in turns: a batch is parsed and published, then, if a consumer waits for it, that one runs here (<see cref="ReadingRole"/>), else more is read. A turn is plain synchronous
/// code for whoever has the role; only reads and pauses that have to wait go on elsewhere.
/// </remarks>
internal sealed class ReceiveLoop : IThreadPoolWorkItem, IInboundClock
{
    /// <summary>One read's worth: measured, smaller reads cost system calls and larger ones gain nothing for small messages; large payloads are read past it anyway.</summary>
    public const int BufferSize = 64 * 1024;

    /// <summary>A frame this large makes the next likely to be large, too. Two such fill a buffer: from here on a copy saved outweighs a read of its own.</summary>
    public const int LargeFrame = BufferSize / 2;

    /// <summary>What is read into the buffer where a large frame is likely: its header and little more, so that the rest can be read straight into the message.</summary>
    public const int LargeFrameHead = 4096;

    /// <summary>
    /// While bytes come at least this often the loop waits with its buffer in place; otherwise it waits without one, by a read of zero bytes. That read costs a system call, which
    /// a dialogue over loopback (30 us a round) shall not pay, and saves an idle connection 64 KiB.
    /// </summary>
    public static readonly TimeSpan HotPeriod = TimeSpan.FromMilliseconds(1);

    private readonly Stream _stream;
    private readonly BatchParser _parser;
    private readonly ArrayPool<byte> _pool;
    private readonly TimeProvider _time;
    private readonly ExtensionChain? _extensions;
    private readonly long _hotTicks;
    private readonly ReadingRole _role;
    private readonly Action _onRead;
    private readonly Action _onRoom;

    // All only touched by whoever has the role.
    private IFrameReceiver? _receiver;
    private TaskCompletionSource<ReceiveEnd>? _end;
    private IThreadPoolWorkItem? _consumer; // who waits for the frames of this batch
    private byte[]? _buffer;
    private bool _isHot;
    private Memory<byte> _input; // what was read and not parsed yet, in _buffer or in the message's own memory
    private Memory<byte> _target; // of the read in progress; empty for one that only waits
    private ValueTask<int> _reading;

    // Written by whoever has the role, read on any thread, by keep-alive and by senders.
    private long _lastInbound;
    private long _lastResume;
    private volatile bool _isPaused;

    public ReceiveLoop(Stream stream, FrameReader reader, MessageAssembler assembler, ArrayPool<byte> pool, TimeProvider time, ExtensionChain? extensions = null)
    {
        _stream = stream;
        _parser = new BatchParser(reader, assembler);
        _pool = pool;
        _time = time;
        _extensions = extensions;
        _hotTicks = (long)(HotPeriod.TotalSeconds * time.TimestampFrequency);
        _lastInbound = time.GetTimestamp();
        _lastResume = _lastInbound;
        _role = new ReadingRole(this);
        _onRead = OnRead;
        _onRoom = OnRoom;
    }

    /// <summary>When bytes came last, as a timestamp.</summary>
    public long LastInbound => Volatile.Read(ref _lastInbound);

    /// <summary>When the loop last went on after a pause, as a timestamp.</summary>
    public long LastResume => Volatile.Read(ref _lastResume);

    /// <summary>Whether the loop waits for room.</summary>
    public bool IsWaitingForRoom => _isPaused;

    /// <summary>Whether the loop waits for room, or for a thread after its consumer kept the one it had, and so cannot see what the peer sends.</summary>
    public bool IsPaused => _isPaused || _role.IsReclaimed;

    /// <summary>Reads and parses until the peer closes or breaks a rule, or the stream ends. Continuations run on the thread pool: the last turn may be a consumer's.</summary>
    public Task<ReceiveEnd> RunAsync(IFrameReceiver receiver)
    {
        var end = new TaskCompletionSource<ReceiveEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
        _receiver = receiver;
        _end = end;

        // The connection may have been released before we begin: then a read would find its end, too.
        if (_extensions?.TryUse() == false)
        {
            end.SetResult(new ReceiveEnd(Error: new EndOfStreamException("The connection was released before anything was received.")));
            return end.Task;
        }

        while (TryTurn(isBorrowed: false))
        {
            if (_consumer is null)
                continue;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false); // no consumer on this stack: our caller has to see the end, too
            break;
        }

        return end.Task;
    }

    /// <summary>From within a batch: what waits for its frames. The first is run on the loop's thread when the batch is done, the others on the thread pool.</summary>
    public void RunWhenDone(IThreadPoolWorkItem consumer)
    {
        if (_consumer is null)
            _consumer = consumer;
        else
            ThreadPool.UnsafeQueueUserWorkItem(consumer, preferLocal: false);
    }

    /// <summary>For a consumer that has taken all there is: the one that the loop runs reads on by itself. True if it was, and should look again.</summary>
    public bool TryReadOn()
    {
        if (!_role.TryBorrow() || !TryTurn(isBorrowed: true))
            return false;
        HandOver();
        _role.Return(_parser.IsOver);
        return true;
    }

    /// <summary>Somebody waits for what is to be read: the loop does not leave it to a consumer that may be busy.</summary>
    public void Hurry() => _role.Hurry();

    /// <summary>
    /// Reads and drops until the stream ends. Unread bytes would turn our FIN into an RST, which can destroy our Close frame on its way.
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

    /// <summary>Gives the memory back. No read may be in progress.</summary>
    public void Release()
    {
        ReturnBuffer();
        _parser.Release();
    }

    void IThreadPoolWorkItem.Execute()
    {
        // A consumer may have had the role for long.
        Resume();
        _role.Resume(); // behind the time: keep-alive asks in the other order
        Go(mayQueue: false);
    }

    // On the loop's own stack, by the thread that has the role. A work item of the loop queues no second one.
    private void Go(bool mayQueue = true)
    {
        do
        {
            if (_consumer is not { } consumer)
                continue;
            if (mayQueue && (_parser.IsOver || !_input.IsEmpty) && !ReadingRole.CanLend)
            {
                // The same read may hold the end of the session, which waits for the consumer: both go on where a consumer can be run.
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                return;
            }

            _consumer = null;
            if (!_role.Lend(consumer, _parser.IsOver))
                return;
        }
        while (TryTurn(isBorrowed: false));
    }

    // By whoever has the role. False if it is gone: bytes or room are awaited, or that was the last turn.
    private bool TryTurn(bool isBorrowed)
    {
        try
        {
            BatchParser.End end = _parser.Parse(ref _input, _receiver!);
            _receiver!.OnBatchEnd();
            if (end == BatchParser.End.Full || _consumer is not null)
                return true;

            // The consumer takes what has come before more is read: by then more may be there, and reading it costs no wait and no
            // change of threads. A Close or a violation after this batch takes effect on the next turn, so that the consumer can answer.
            if (isBorrowed && _parser.Passed > 0)
                return true;
            if (end == BatchParser.End.Last)
                return EndOfInput(_receiver);
            return end == BatchParser.End.LacksRoom ? TryPause(_receiver) : TryRead(isBorrowed);
        }
        catch (Exception e)
        {
            return Fail(e);
        }
    }

    // Whatever a stream throws, the connection is gone.
    private bool Fail(Exception error) => End(new ReceiveEnd(Error: error as IOException ?? new IOException("Reading from the connection failed.", error)));

    private bool EndOfInput(IFrameReceiver receiver)
    {
        if (_parser.TakeClose() is { } close)
            receiver.OnClose(close);
        return End(new ReceiveEnd(Violation: _parser.Violation));
    }

    // Always false: there is no role any more.
    private bool End(ReceiveEnd end)
    {
        HandOver();
        _extensions?.Unuse();
        _end!.SetResult(end);
        return false;
    }

    private void HandOver()
    {
        if (_consumer is null)
            return;
        ThreadPool.UnsafeQueueUserWorkItem(_consumer, preferLocal: false);
        _consumer = null;
    }

    private bool TryPause(IFrameReceiver receiver)
    {
        _isPaused = true;
        ConfiguredTaskAwaitable.ConfiguredTaskAwaiter room = receiver.WaitForRoomAsync().ConfigureAwait(false).GetAwaiter();
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
        Go();
    }

    private void Resume()
    {
        Volatile.Write(ref _lastResume, _time.GetTimestamp());
        _isPaused = false;
    }

    private bool TryRead(bool isBorrowed)
    {
        // A read that waits keeps the ambient values of the thread that began it, and the session outlives its consumer's call.
        using AsyncFlowControl? flow = isBorrowed ? AmbientFlow.Suppress() : null;
        if (!_input.IsEmpty || _isHot)
            return TryFill();
        ReturnBuffer();
        _parser.Trim();
        return TryBegin(default) && TryTakeIn();
    }

    private bool TryFill()
    {
        bool expectsLarge = _parser.LastPayloadLength >= LargeFrame;
        if (expectsLarge && _parser.Direct >= LargeFrameHead)
        {
            // All that was read before is parsed, so the buffer is not needed; and after a silence the zero-byte read has seen bytes before anything is reserved for them.
            ReturnBuffer();
            return TryBegin(_parser.GetDirectMemory()) && TryTakeIn();
        }

        // Part of a header may be left over: at most 13 bytes.
        int kept = _input.Length;
        _buffer ??= _pool.Rent(BufferSize);
        _input.CopyTo(_buffer);
        _input = _buffer.AsMemory(0, kept);
        return TryBegin(_buffer.AsMemory(kept, expectsLarge && _parser.MayBeDirect ? LargeFrameHead : BufferSize - kept)) && TryTakeIn();
    }

    // True if the read is done; otherwise OnRead goes on when it is, maybe already on another thread.
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
        bool goesOn;
        try
        {
            goesOn = TryTakeIn();
        }
        catch (Exception e)
        {
            goesOn = Fail(e);
        }

        if (goesOn)
            Go();
    }

    private bool TryTakeIn()
    {
        int read = _reading.GetAwaiter().GetResult();
        if (_target.IsEmpty)
            return TryFill(); // that one only waited

        long now = _time.GetTimestamp();
        _isHot = now - _lastInbound <= _hotTicks;
        Volatile.Write(ref _lastInbound, now);
        _input = _input.IsEmpty ? _target[..read] : _buffer.AsMemory(0, _input.Length + read);
        return read > 0 || End(new ReceiveEnd(Error: new EndOfStreamException("The peer ended the connection without a Close frame.")));
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
