namespace Duplex;

/// <summary>
/// Reads messages as views of the memory that they were read into (<see cref="ReceiveMode.Direct"/>). Nothing is
/// allocated or copied for a message that lies in the read buffer; larger ones are put together in memory that serves
/// the next, too.
/// </summary>
/// <remarks>
/// <para>
/// The consumer is the reader: a read of the connection begins in <see cref="WaitToReadAsync"/> only, and goes on if
/// the wait is cancelled. Only then are pings answered, and an end noticed. While no read is in progress, the ping
/// timeout does not count.
/// </para>
/// <para>
/// One consumer at a time, on any thread. All other members of the session are thread-safe as ever. Once an end has
/// begun, the session reads by itself, bounded by <see cref="WebSocketChannelsOptions.Incoming"/>; the views that are
/// left come as before, unless the end drops them.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// while (await session.Messages.WaitToReadAsync(cancellationToken))
/// {
///     while (session.Messages.TryRead(out MessageView message))
///         Console.WriteLine($"{message.Data.Length} bytes");
/// }
/// </code>
/// </example>
public sealed class MessageReader
{
    private const int Parked = 0; // the default of a field
    private const int Busy = 1; // a call, or a read in progress, has the parser
    private const int HandedOver = 2; // to the loop, for good
    private const int Viewed = 3; // parked, but kept from other consumers until EndView

    /// <summary>Enough that a caller rarely leaves its thread, few enough to be a moment.</summary>
    private const int TurnsOfCaller = 16;

    private readonly InputBuffer _input;
    private readonly ReceiveLoop _loop;
    private readonly MessageAssembler _assembler;
    private readonly FrameQueue _queue;
    private readonly ISessionEvents _session;
    private readonly Action _onRead;

    // Left by compare-exchange, except from Busy by the owner.
    private int _owner;

    // Set once, by the thread that begins an end.
    private volatile bool _mustHandOver;
    private volatile bool _dropsUnparsed;

    // Only touched by the owner.
    private bool _isOver; // it remains busy
    private bool _isViewed; // a view may be in use
    private bool _isReady; // a message was parsed, and not taken
    private FrameType _readyType;
    private ReservedBits _readyReserved;
    private ReadOnlyMemory<byte> _readyData; // unless the assembler has it
    private int _unreported; // messages and control frames

    private Frame? _asked; // which the user's function has declared to be no reply: the message is its view

    // Only touched by the consumer of views: what the last one is of, if it came from the queue.
    private Frame? _queued;

    internal MessageReader(
        InputBuffer input, ReceiveLoop loop, MessageAssembler assembler, FrameQueue queue, ISessionEvents session)
    {
        _input = input;
        _loop = loop;
        _assembler = assembler;
        _queue = queue;
        _session = session;
        _onRead = OnRead;
    }

    /// <summary>Takes the next message if it has arrived; never waits, and never reads from the connection.</summary>
    /// <param name="message">Valid until the next call.</param>
    /// <returns>False if there is none: wait then.</returns>
    public bool TryRead(out MessageView message)
    {
        if (!TryEnter())
            return TryReadQueued(out message);
        _isViewed = TryNext(out message);
        bool isRead = _isViewed;
        Exit();
        return isRead;
    }

    /// <summary>True when a message can be read, false at a normal end. The last view is no longer valid.</summary>
    /// <param name="cancellationToken">Cancels the wait; no message is lost.</param>
    /// <exception cref="WebSocketException">The session ended in any other way.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(cancellationToken);
        if (TryEnter() && TryAdvance())
        {
            Exit();
            ServeWaiting();
            return new ValueTask<bool>(true);
        }

        ValueTask<bool> waiting = _queue.WaitToTakeAsync(cancellationToken);
        if (!waiting.IsCompleted)
            ServeWaiting(); // another consumer may have exited meanwhile
        return waiting;
    }

    /// <summary>
    /// The next message, with memory of its own. It begins a read if there is none, so polling gets on, too. Any number
    /// of consumers may call it.
    /// </summary>
    internal Frame? TryTake()
    {
        if (!TryEnter())
            return _queue.TryTake();
        if (!TryAdvance())
            return null;
        Frame frame;
        try
        {
            TryTakeReady(out MessageView message);
            frame = ToFrame(message);
        }
        catch (Exception e) // no memory
        {
            Fail(e);
            return null;
        }

        Exit();
        ServeWaiting();
        return frame;
    }

    /// <summary>
    /// A view of the next message, which no other consumer ends before <see cref="EndView"/>. As
    /// <see cref="TryTake"/>, it begins a read if there is none; if false, there may be a frame to take.
    /// </summary>
    internal bool TryView(out MessageView message)
    {
        message = default;
        if (!TryEnter() || !TryAdvance() || !TryTakeReady(out message))
            return false;
        _isViewed = true;
        Exit(Viewed);
        return true;
    }

    /// <summary>By the caller whose <see cref="TryView"/> was true.</summary>
    internal void EndView()
    {
        // Else an end began meanwhile, which left the view its memory.
        bool isOwner = Interlocked.CompareExchange(ref _owner, Busy, Viewed) == Viewed;
        _asked?.Recycle();
        _asked = null;
        if (!isOwner)
            return;
        _isViewed = false;
        _assembler.EndView();
        Exit();
        ServeWaiting();
    }

    /// <summary>From now on the loop runs by itself: an end has begun, which needs what comes. Any thread.</summary>
    /// <param name="keepsUnparsed">Whether what was read by now is to be received.</param>
    internal void HandOver(bool keepsUnparsed)
    {
        if (!keepsUnparsed)
            _dropsUnparsed = true;
        if (_mustHandOver)
            return;
        _mustHandOver = true;

        // Either an owner that exits sees the flag, or we see that it has exited: no message pays for a fence.
        Interlocked.MemoryBarrierProcessWide();
        if (Interlocked.CompareExchange(ref _owner, HandedOver, Parked) == Parked
            || Interlocked.CompareExchange(ref _owner, HandedOver, Viewed) == Viewed)
            StartLoop();
    }

    private bool TryEnter() => Interlocked.CompareExchange(ref _owner, Busy, Parked) == Parked;

    // Either a consumer that exits sees the one that waits, or that one sees that it has exited: both pass the queue's
    // lock. The other consumer's code does not run on this one's stack.
    private void ServeWaiting()
    {
        if (!_queue.HasWaiters || !TryEnter() || !TryAdvance())
            return;
        FrameWaiter? consumers = _queue.Announce();
        Exit();
        FrameWaiter.QueueAll(consumers);
    }

    private void Exit(int to = Parked)
    {
        if (_isOver)
            return;

        // No fence: HandOver makes one on all cores.
        Volatile.Write(ref _owner, to);
        if (_mustHandOver && Interlocked.CompareExchange(ref _owner, HandedOver, to) == to)
            StartLoop();
    }

    // By the owner, for the loop.
    private void StartLoop()
    {
        try
        {
            _queue.Withdraw();
            Frame? untaken = TryTakeReady(out MessageView message) ? ToFrame(message) : null;
            if (_isViewed)
            {
                _assembler.AbandonView();
                _input.Abandon();
            }

            _loop.TakeOver(untaken, keepsUnparsed: !_dropsUnparsed);
        }
        catch (Exception e) // no memory
        {
            _loop.Fail(e);
        }
    }

    private Frame ToFrame(in MessageView message)
    {
        if (_asked is not { } frame)
            return _assembler.ToFrame(message);
        _asked = null;
        return frame;
    }

    private bool TryReadQueued(out MessageView message)
    {
        _queued?.Recycle();
        _queued = _queue.TryTake();
        message = _queued is null ? default : View(_queued);
        return _queued is not null;
    }

    private static MessageView View(Frame frame) => new(frame.Type, frame.Data.Span, frame.Fin, frame.Reserved);

    private bool TryTakeReady(out MessageView message)
    {
        message = default;
        if (!_isReady)
            return false;
        _isReady = false;
        _queue.Withdraw();
        message = _assembler.HasView
            ? new MessageView(_readyType, _assembler.View, fin: true, _readyReserved, isAssembled: true)
            : new MessageView(_readyType, _readyData.Span, fin: true, _readyReserved);
        _readyData = default;
        return true;
    }

    // By the owner.
    private bool TryNext(out MessageView message)
    {
        if (_isReady)
            return TryTakeReady(out message);
        try
        {
            if (TryParse(out message, remembers: false))
                return true;
            EndBatch();
        }
        catch (Exception e)
        {
            Fail(e);
        }

        message = default;
        return false;
    }

    private bool TryParse(out MessageView message, bool remembers)
    {
        if (_asked is not null)
        {
            _asked.Recycle();
            _asked = null;
        }

        message = default;
        Span<byte> input = _input.Unparsed;
        bool isFound = false;
        while (!isFound && !_loop.IsOver && _loop.TryParse(ref input, out message))
        {
            if (message.IsControl)
            {
                _loop.Report(message);
            }
            else
            {
                bool isReply = _loop.HasReplies && IsReply(ref message);
                _loop.Count(message, isReply);
                isFound = !isReply;
            }

            if (++_unreported >= ReceiveLoop.BatchSize)
                EndBatch(); // pongs do not wait for all that was read
        }

        if (isFound && remembers)
        {
            (_isReady, _readyType, _readyReserved) = (true, message.Type, message.Reserved);
            _queue.Offer();
            _readyData = _asked?.Data
                ?? (message.IsAssembled ? default : _input.Before(input.Length, message.Data.Length));
        }

        _input.Keep(input.Length);
        return isFound;
    }

    // A function of the user's is asked, which takes frames.
    private bool IsReply(ref MessageView message)
    {
        Frame frame = _assembler.ToFrame(message);
        if (_session.OnMessage(frame))
        {
            frame.Recycle();
            return true;
        }

        _asked = frame;
        message = View(frame);
        return false;
    }

    private void EndBatch()
    {
        if (_unreported == 0)
            return;
        _unreported = 0;
        _loop.EndBatch();
    }

    // By the owner. True if a message is ready; otherwise a read is in progress, or it is over.
    private bool TryAdvance()
    {
        if (_isReady)
            return true;
        _isViewed = false;
        _assembler.EndView();

        // A read that waits would keep the ambient values of this call.
        using AsyncFlowControl? flow = AmbientFlow.Suppress();
        return TryAdvance(
            InputBuffer.Outcome.Bytes,
            mayRead: SynchronizationContext.Current is null && TaskScheduler.Current == TaskScheduler.Default);
    }

    // Without mayRead a read begins on the pool: a careless stream would continue it in the caller's context.
    private bool TryAdvance(InputBuffer.Outcome read, bool mayRead = true)
    {
        try
        {
            for (int turn = 0; read == InputBuffer.Outcome.Bytes; turn++)
            {
                bool isReady = TryParse(out _, remembers: true);
                EndBatch();
                if (isReady)
                {
                    _loop.SetReading(false);
                    return true;
                }

                if (_loop.IsOver)
                {
                    _isOver = true;
                    return _loop.EndOfInput();
                }

                // A flood of pings does not hold the caller up.
                if (!mayRead || turn == TurnsOfCaller)
                {
                    ThreadPool.UnsafeQueueUserWorkItem(
                        static reader => reader.Go(InputBuffer.Outcome.Bytes), this, preferLocal: false);
                    return false;
                }

                _loop.SetReading(true);
                read = _input.Read();
            }

            if (read == InputBuffer.Outcome.End)
            {
                _isOver = true;
                return _loop.EndOfStream();
            }

            _input.Reading.UnsafeOnCompleted(_onRead); // from here on OnRead is the owner
            return false;
        }
        catch (Exception e)
        {
            return Fail(e);
        }
    }

    private bool Fail(Exception error)
    {
        _isOver = true;
        return _loop.Fail(error);
    }

    private void OnRead()
    {
        InputBuffer.Outcome read;
        try
        {
            read = _input.TakeIn();
        }
        catch (Exception e)
        {
            Fail(e);
            return;
        }

        Go(read);
    }

    private void Go(InputBuffer.Outcome read)
    {
        if (TryAdvance(read))
            Announce();
    }

    // Runs a consumer here, where the message is in the cache; as the owner, which it stays no longer.
    private void Announce()
    {
        FrameWaiter? consumer = _queue.Announce();
        Exit();
        if (consumer is null)
            return;
        FrameWaiter.QueueAll(consumer.TakeNext());
        ConsumerHandoff.RunFree(consumer);
    }
}
