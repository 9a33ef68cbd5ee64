using System.Runtime.InteropServices;

namespace Duplex;

/// <summary>
/// Received frames between the receive loop and the user: bounded in frames and bytes, filled by one producer, which
/// publishes once a batch, emptied by any number of consumers.
/// </summary>
/// <remarks>The producer's members are for the receive loop alone; the others are thread-safe.</remarks>
internal sealed class FrameQueue
{
    // Small first, so that a session with little traffic costs little; then large enough that a change of segment is
    // rare.
    private const int FirstSegment = 8;
    private const int NextSegments = 128; // 1 KiB of references, which one batch of small frames fills

    private readonly ChannelConfig _bounds;
    private readonly CloseState _closeState; // says what the end is
    private readonly bool _ofPieces; // whether a frame without fin is part of a message that is read as it comes
    private readonly Lock _sync = new(); // around publication, waits and the end
    private readonly FrameWaiter.Line _waiters;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Only touched by the producer.
    private Segment? _tail;
    private Added _added;
    private Segment? _publishedTail; // where the tail was when it last published
    private int _publishedIndex;

    // An empty segment: set by the consumer that takes its last frame, taken by the producer.
    private Segment? _spare;

    // Handed over from the producer, with its first frame, to the first Take. A reference that stayed here would keep
    // all later segments alive.
    private Segment? _first;

    // Around the taking of one frame: a few instructions that call nothing, for each frame, so a lock that costs one
    // atomic instruction. Inside _sync where both are held.
    private SpinLock _claim = new(enableThreadOwnerTracking: false);

    // Written under _claim, read by any thread.
    private Taken _taken;

    // Written under _sync, those of the end under _claim, too; read by any thread.
    private long _publishedFrames;
    private volatile bool _isLossy; // what does not fit is dropped, the producer never waits
    private volatile bool _isComplete; // the end follows what is published
    private volatile bool _isAbandoned; // nothing is taken any more
    private long _takenBefore; // what was taken by then, under _claim

    // Written by the thread that drops a frame, the count atomically. Nothing that comes after a dropped frame is
    // delivered.
    private long _dropped;
    private volatile bool _hasHole;

    // Written under _claim; the last two read by any thread.
    private Segment? _head;
    private TaskCompletionSource? _room;
    private long _pauses;

    // Under _sync.
    private Exception? _error;

    public FrameQueue(ChannelConfig bounds, CloseState closeState, bool ofPieces = false)
    {
        _bounds = bounds;
        _closeState = closeState;
        _ofPieces = ofPieces;
        _waiters = new FrameWaiter.Line(_sync);
    }

    /// <summary>Completes when nothing is left to take, and nothing more will come.</summary>
    public Task Completion => _completion.Task;

    /// <summary>
    /// How many frames were dropped because the end had begun; of pieces, how many messages. A message that was cut off
    /// counts only if nothing else was dropped.
    /// </summary>
    public long Dropped => Math.Max(Volatile.Read(ref _dropped), _hasHole ? 1 : 0);

    /// <summary>How many frames were ever taken by consumers.</summary>
    public long TakenFrames => _isAbandoned ? _takenBefore : Volatile.Read(ref _taken.Frames);

    /// <summary>Whether the producer waits for room.</summary>
    public bool IsFull => Volatile.Read(ref _room) is not null;

    /// <summary>How often the producer has waited for room.</summary>
    public long Pauses => Volatile.Read(ref _pauses);

    /// <summary>How many frames can be taken now.</summary>
    public int Count => (int)Math.Max(0, Volatile.Read(ref _publishedFrames) - Volatile.Read(ref _taken.Frames));

    /// <summary>
    /// Whether the producer may go on. A queue that closes on overflow, or drops what does not fit, never holds it up.
    /// </summary>
    public bool MayAdd => _isLossy || ClosesOnOverflow || Fits(0) || SeesRoom(0);

    // Once another end has begun, a full queue makes the producer wait, whatever the bounds say: frames are received
    // until the peer's Close.
    private bool ClosesOnOverflow => _bounds.Overflow == ChannelOverflow.Close && _closeState.Cause is null;

    private bool IsEmpty => Volatile.Read(ref _taken.Frames) == Volatile.Read(ref _publishedFrames);

    // Under _claim, while the producer waits or is about to.
    private bool IsHalfEmpty
    {
        get
        {
            long frames = _added.Frames - _taken.Frames;
            return frames == 0
                || (frames <= _bounds.Capacity / 2 && _added.Bytes - _taken.Bytes <= _bounds.MaxBytes / 2);
        }
    }

    /// <summary>
    /// Producer: adds a frame, which is seen when it is published. False if it does not fit a queue that closes on
    /// overflow: the frame is then still the caller's, and all before it are published, so that consumers get them
    /// before the end.
    /// </summary>
    public bool TryAdd(Frame frame)
    {
        if (_isComplete || _isAbandoned || _hasHole || (_isLossy && !HasRoomFor(frame)))
        {
            Drop(frame);
            return true;
        }

        if (ClosesOnOverflow && !HasRoomFor(frame))
        {
            FrameWaiter.QueueAll(Publish());
            return false;
        }

        if (_tail is null)
        {
            _tail = new Segment(FirstSegment);
            Volatile.Write(ref _first, _tail);
        }
        else if (_added.Index == _tail.Frames.Length)
        {
            _tail.Next = Interlocked.Exchange(ref _spare, null) ?? new Segment(NextSegments);
            _tail = _tail.Next;
            _added.Index = 0;
        }

        _tail.Frames[_added.Index++].Frame = frame;
        _added.Frames++;
        _added.Bytes += frame.Data.Length;
        return true;
    }

    /// <summary>
    /// Producer: makes what was added visible. What comes after the end is dropped: a consumer may have seen the end.
    /// </summary>
    /// <returns>The consumers that waited for it, which the caller executes; null if there are none.</returns>
    public FrameWaiter? Publish()
    {
        if (_publishedFrames == _added.Frames)
            return null;
        FrameWaiter? waiters = null;
        bool isLate;
        lock (_sync)
        {
            isLate = _isComplete || _isAbandoned;
            if (!isLate)
            {
                Volatile.Write(ref _publishedFrames, _added.Frames);
                waiters = _waiters.TakeAll();
            }
        }

        if (isLate)
            DropUnpublished();
        (_publishedTail, _publishedIndex) = (_tail, _added.Index);
        return waiters;
    }

    /// <summary>
    /// Producer: completes when there is room again. It resumes at half, so that a slow consumer does not wake it for
    /// each frame.
    /// </summary>
    public Task WaitForRoomAsync()
    {
        var room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Claim();
        bool mustWait = !_isLossy && !IsHalfEmpty;
        if (mustWait)
        {
            _room = room;
            _pauses++;
        }

        Unclaim();
        return mustWait ? room.Task : Task.CompletedTask;
    }

    /// <summary>Takes the next frame; null if there is none.</summary>
    public Frame? TryTake()
    {
        if (IsEmpty)
            return null;

        Claim();
        Frame? frame = _isAbandoned ? null : Take();
        TaskCompletionSource? room = _room is not null && IsHalfEmpty ? TakeRoomWaiter() : null;
        bool drained = _isComplete && frame is not null && IsEmpty;
        Unclaim();

        room?.TrySetResult();
        if (drained)
            SetCompletion();
        return frame;
    }

    /// <summary>True when a frame can be taken, false at a normal end; throws at any other.</summary>
    /// <param name="token">Cancels the wait.</param>
    public ValueTask<bool> WaitToTakeAsync(CancellationToken token)
    {
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(token);
        if (!IsEmpty && !_isAbandoned)
            return new ValueTask<bool>(true);

        FrameWaiter waiter;
        lock (_sync)
        {
            if (!IsEmpty && !_isAbandoned)
                return new ValueTask<bool>(true);
            if (_isComplete)
                return _error is null ? new ValueTask<bool>(false) : ValueTask.FromException<bool>(_error);
            waiter = _waiters.Add();
        }

        return waiter.AsTask(token);
    }

    /// <summary>
    /// From now on the producer never waits: the first frame that does not fit is dropped, and all later ones, and
    /// counted.
    /// </summary>
    public void StopPausing()
    {
        Claim();
        _isLossy = true;
        TaskCompletionSource? room = TakeRoomWaiter();
        Unclaim();
        room?.TrySetResult();
    }

    /// <summary>
    /// Ends the queue: nothing more is published, and consumers get the end after the last frame, as the closing state
    /// has it now. The first call counts.
    /// </summary>
    public void Complete()
    {
        bool drained;
        FrameWaiter? waiters;
        TaskCompletionSource? room;
        lock (_sync)
        {
            if (_isComplete)
                return;
            _error = _closeState.ToReceiveException(Dropped);
            Claim();
            _isLossy = true;
            _isComplete = true;
            drained = IsEmpty;
            room = TakeRoomWaiter();
            Unclaim();
            waiters = _waiters.TakeAll();
            for (FrameWaiter? waiter = waiters; waiter is not null; waiter = waiter.Next)
                (waiter.IsAtEnd, waiter.Error) = (drained, drained ? _error : null);
        }

        room?.TrySetResult();
        FrameWaiter.QueueAll(waiters);
        if (drained)
            SetCompletion();
    }

    /// <summary>
    /// Drops all frames that were not taken, and all that still come. If there are any, the end is not a normal one,
    /// unless a consumer has seen it before.
    /// </summary>
    public void DropAll()
    {
        TaskCompletionSource? room;
        lock (_sync)
        {
            // Under both locks: nothing is published any more, and no other thread takes anything.
            Claim();
            if (!_isAbandoned)
                _takenBefore = _taken.Frames;
            _isAbandoned = true;
            _isLossy = true;
            room = TakeRoomWaiter();
            Unclaim();
            bool isEmpty = IsEmpty;
            while (TakeToDrop() is { } frame)
                Drop(frame);
            if (_isComplete && !isEmpty)
                _error ??= _closeState.ToReceiveException(Dropped);
        }

        room?.TrySetResult();
        if (_isComplete)
            SetCompletion();
    }

    private Frame? TakeToDrop()
    {
        Claim();
        Frame? frame = Take();
        Unclaim();
        return frame;
    }

    private bool HasRoomFor(Frame frame) => Fits(frame.Data.Length - 1) || SeesRoom(frame.Data.Length - 1);

    // By what was seen of the consumers before, as long as that is enough. One frame always fits an empty queue,
    // however large it is, and the last one may exceed the bound.
    private bool Fits(int more)
    {
        long frames = _added.Frames - _added.SeenFrames;
        return frames == 0 || (frames < _bounds.Capacity && _added.Bytes - _added.SeenBytes + more < _bounds.MaxBytes);
    }

    private bool SeesRoom(int more)
    {
        _added.SeenFrames = Volatile.Read(ref _taken.Frames);
        _added.SeenBytes = Volatile.Read(ref _taken.Bytes);
        return Fits(more);
    }

    private void Drop(Frame frame)
    {
        if (!_ofPieces || frame.Fin)
            Interlocked.Increment(ref _dropped);
        _hasHole = true;
        frame.Recycle();
    }

    // By the producer, which adds nothing more from now on.
    private void DropUnpublished()
    {
        Segment? segment = _publishedTail ?? _first;
        int index = _publishedIndex;
        for (long late = _added.Frames - _publishedFrames; late > 0; late--)
        {
            if (index == segment!.Frames.Length)
                (segment, index) = (segment.Next!, 0);
            Frame frame = segment.Frames[index].Frame!;
            segment.Frames[index++].Frame = null;
            _added.Bytes -= frame.Data.Length;
            Drop(frame);
        }

        _added.Frames = _publishedFrames;
    }

    private void SetCompletion()
    {
        if (_error is null)
            _completion.TrySetResult();
        else if (_completion.TrySetException(_error))
            _ = _completion.Task.Exception; // observed, in case the user never looks
    }

    private void Claim()
    {
        bool taken = false;
        _claim.Enter(ref taken);
    }

    private void Unclaim() => _claim.Exit(useMemoryBarrier: false);

    // Under _claim.
    private Frame? Take()
    {
        if (IsEmpty)
            return null;
        if (_head is null)
        {
            _head = Volatile.Read(ref _first)!;
            _first = null;
        }

        if (_taken.Index == _head.Frames.Length)
        {
            // Cut off: an old segment that the collector has not reached yet would keep the young ones alive. One is
            // kept for the producer: with a consumer that keeps up two take turns.
            Segment empty = _head;
            (_head, _head.Next) = (_head.Next!, null);
            _taken.Index = 0;
            if (empty.Frames.Length == NextSegments)
                Volatile.Write(ref _spare, empty);
        }

        ref Slot slot = ref _head.Frames[_taken.Index++];
        Frame frame = slot.Frame!;
        slot.Frame = null;
        Volatile.Write(ref _taken.Bytes, _taken.Bytes + frame.Data.Length);
        Volatile.Write(ref _taken.Frames, _taken.Frames + 1);
        return frame;
    }

    // Under _claim.
    private TaskCompletionSource? TakeRoomWaiter()
    {
        TaskCompletionSource? room = _room;
        _room = null;
        return room;
    }

    // The producer's and the consumers' counters change with each frame, on two cores: each side keeps to cache lines
    // of its own, or every frame would cost both a miss. 64 bytes of distance on either side, whatever lies next to
    // them.
    [StructLayout(LayoutKind.Explicit, Size = 64 + 40 + 64)]
    private struct Added
    {
        [FieldOffset(64)] // Only touched by the producer, as are the others.
        public long Frames;

        [FieldOffset(72)] // Only touched by the producer.
        public long Bytes;

        // Only touched by the producer: what it saw last of the consumers' counter, which only grows, so it errs on the
        // safe side.
        [FieldOffset(80)]
        public long SeenFrames;

        [FieldOffset(88)] // Only touched by the producer: the same of the bytes.
        public long SeenBytes;

        [FieldOffset(96)] // Only touched by the producer: its place in the last segment.
        public int Index;
    }

    [StructLayout(LayoutKind.Explicit, Size = 64 + 24 + 64)]
    private struct Taken
    {
        [FieldOffset(64)] // Written under _claim, read by the producer.
        public long Frames;

        [FieldOffset(72)] // Written under _claim, read by the producer.
        public long Bytes;

        [FieldOffset(80)] // Under _claim: the place in the first segment.
        public int Index;
    }

    // In an array of frames each store would be checked against the array's type, which a frame's own is not.
    private struct Slot
    {
        // Written by the producer before it is published, then under _claim.
        public Frame? Frame;
    }

    private sealed class Segment(int size)
    {
        public Slot[] Frames { get; } = new Slot[size];

        // Set by the producer before the first frame of the next segment is published.
        public Segment? Next { get; set; }
    }
}
