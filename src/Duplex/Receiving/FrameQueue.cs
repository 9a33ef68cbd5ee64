using System.Runtime.InteropServices;

namespace Duplex;

/// <summary>Received frames between the receive loop, the one producer, and any number of consumers.</summary>
/// <remarks>The producer's members are for the receive loop alone; the others are thread-safe.</remarks>
internal sealed class FrameQueue : IQueueDepth
{
    // Small first: a quiet session costs little. Then large: segments change rarely.
    private const int FirstSegment = 8;
    private const int NextSegments = 128; // 1 KiB of references

    private readonly ChannelConfig _bounds;
    private readonly CloseState _closeState;
    private readonly bool _ofPieces; // whether frames are pieces of messages
    private readonly FrameWaiter.Line _waiters = new(); // also the lock of publication, waits and the end

    // Only touched by the producer.
    private Segment? _tail;
    private Segment? _publishedTail;
    private int _publishedIndex;

    // Empty: set by the consumer that takes its last frame, taken by the producer.
    private Segment? _spare;

    // From the producer to the first Take. A reference that stayed would keep all later segments alive.
    private Segment? _first;

    // Added is the producer's; Taken is written under its spin lock, Claim.
    private Counters _counters = new() { Taken = new Takings() };

    // Written under the lock, _isLossy under Claim, the other three under both; read by any thread.
    private long _publishedFrames;
    private volatile bool _isLossy; // drops what does not fit
    private volatile bool _isComplete; // the end follows
    private volatile bool _isAbandoned; // nothing is taken any more
    private long _takenBefore; // what was taken by then

    // Written by the thread that drops, the count atomically. After a hole nothing is delivered.
    private long _dropped;
    private volatile bool _hasHole;

    // Written under Claim; the last two read by any thread.
    private Segment? _head;
    private TaskCompletionSource? _room;
    private long _pauses;

    // Written under the lock; SetCompletion reads it without.
    private Exception? _error;

    // Created on first use, by an atomic exchange from null.
    private TaskCompletionSource? _completion;

    // Set by the thread that ends it, which then looks for _completion. Its maker looks here: one sees the other.
    private volatile bool _isCompleted;

    // Set and cleared by the reader that has the message.
    private volatile bool _isAnnounced;

    public FrameQueue(ChannelConfig bounds, CloseState closeState, bool ofPieces = false)
    {
        _bounds = bounds;
        _closeState = closeState;
        _ofPieces = ofPieces;
    }

    public Task Completion
    {
        get
        {
            TaskCompletionSource completion = LazyInitializer.EnsureInitialized(
                ref _completion,
                static () => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            if (_isCompleted)
                Complete(completion);
            return completion.Task;
        }
    }

    /// <summary>
    /// Counts frames, of pieces messages. One that was cut off counts only if nothing else was dropped.
    /// </summary>
    public long Dropped => Math.Max(Volatile.Read(ref _dropped), _hasHole ? 1 : 0);

    public long TakenFrames => _isAbandoned ? _takenBefore : Volatile.Read(ref Taken.Frames);

    /// <summary>Whether the producer waits for room.</summary>
    public bool IsFull => Volatile.Read(ref _room) is not null;

    public long Pauses => Volatile.Read(ref _pauses);

    public int Count =>
        (int)Math.Max(0, Volatile.Read(ref _publishedFrames) - Volatile.Read(ref Taken.Frames))
        + (_isAnnounced ? 1 : 0);

    public bool HasWaiters
    {
        get
        {
            lock (_waiters)
                return _waiters.Any;
        }
    }

    /// <summary>The bytes are those of payloads, published or not.</summary>
    public (long Frames, long Bytes) Depth =>
        (Count, Math.Max(0, Volatile.Read(ref Added.Bytes) - Volatile.Read(ref Taken.Bytes)));

    public bool MayAdd => _isLossy || ClosesOnOverflow || Fits(0) || SeesRoom(0);

    /// <summary>Whether no end has begun: what a consumer sends can still go out.</summary>
    public bool IsOpen => _closeState is { Cause: null, Failure: null };

    // Once another end has begun the producer waits: frames are received until the peer's Close.
    private bool ClosesOnOverflow => _bounds.Overflow == ChannelOverflow.Close && IsOpen;

    private ref Additions Added => ref _counters.Added;

    private ref Takings Taken => ref _counters.Taken;

    private bool IsEmpty => Volatile.Read(ref Taken.Frames) == Volatile.Read(ref _publishedFrames);

    // Under Claim, while the producer waits or is about to.
    private bool IsHalfEmpty
    {
        get
        {
            long frames = Added.Frames - Taken.Frames;
            return frames == 0
                || (frames <= _bounds.Capacity / 2 && Added.Bytes - Taken.Bytes <= _bounds.MaxBytes / 2);
        }
    }

    /// <summary>
    /// Producer. False on overflow in a queue that closes then: all earlier frames are published, and this one stays
    /// the caller's.
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
        else if (Added.Index == _tail.Frames.Length)
        {
            _tail.Next = Interlocked.Exchange(ref _spare, null) ?? new Segment(NextSegments);
            _tail = _tail.Next;
            Added.Index = 0;
        }

        _tail.Frames[Added.Index++].Frame = frame;
        Added.Frames++;
        Added.Bytes += frame.Data.Length;
        return true;
    }

    /// <summary>Producer. What comes after the end is dropped: a consumer may have seen the end.</summary>
    /// <returns>The consumers that waited, for the caller to execute.</returns>
    public FrameWaiter? Publish()
    {
        if (_publishedFrames == Added.Frames)
            return null;
        FrameWaiter? waiters = null;
        bool isLate;
        lock (_waiters)
        {
            isLate = _isComplete || _isAbandoned;
            if (!isLate)
            {
                Volatile.Write(ref _publishedFrames, Added.Frames);
                waiters = _waiters.TakeAll();
            }
        }

        if (isLate)
            DropUnpublished();
        (_publishedTail, _publishedIndex) = (_tail, Added.Index);
        return waiters;
    }

    /// <summary>A message waits beside the queue, with its reader. Consumers that wait are to ask it.</summary>
    /// <returns>The consumers that waited, for the caller to execute.</returns>
    public FrameWaiter? Announce()
    {
        lock (_waiters)
        {
            _isAnnounced = true;
            return _waiters.TakeAll();
        }
    }

    /// <summary>A message waits beside the queue; no consumer is woken.</summary>
    public void Offer() => _isAnnounced = true;

    /// <summary>The reader's message was taken.</summary>
    public void Withdraw() => _isAnnounced = false;

    /// <summary>
    /// Producer: completes when half is free, so that a slow consumer does not wake it for each frame.
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

    /// <summary>False at a normal end; throws at any other.</summary>
    public ValueTask<bool> WaitToTakeAsync(CancellationToken token)
    {
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(token);
        if (!IsEmpty && !_isAbandoned)
            return new ValueTask<bool>(true);

        FrameWaiter waiter;
        lock (_waiters)
        {
            if ((!IsEmpty && !_isAbandoned) || _isAnnounced)
                return new ValueTask<bool>(true);
            if (_isComplete)
                return _error is null ? new ValueTask<bool>(false) : ValueTask.FromException<bool>(_error);
            waiter = _waiters.Add();
        }

        return waiter.AsTask(token);
    }

    /// <summary>From now on what does not fit is dropped, and all that follows it.</summary>
    public void StopPausing()
    {
        Claim();
        _isLossy = true;
        TaskCompletionSource? room = TakeRoomWaiter();
        Unclaim();
        room?.TrySetResult();
    }

    /// <summary>The first call counts.</summary>
    public void Complete()
    {
        bool drained;
        FrameWaiter? waiters;
        TaskCompletionSource? room;
        lock (_waiters)
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

    /// <summary>Drops what was not taken. If there is any, the end is not normal.</summary>
    public void DropAll()
    {
        TaskCompletionSource? room;
        lock (_waiters)
        {
            // Under both locks: nothing is published or taken any more.
            Claim();
            if (!_isAbandoned)
                _takenBefore = Taken.Frames;
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

    // An empty queue takes any frame; the last one may exceed the bound.
    private bool Fits(int more)
    {
        long frames = Added.Frames - Added.SeenFrames;
        return frames == 0 || (frames < _bounds.Capacity && Added.Bytes - Added.SeenBytes + more < _bounds.MaxBytes);
    }

    private bool SeesRoom(int more)
    {
        Added.SeenFrames = Volatile.Read(ref Taken.Frames);
        Added.SeenBytes = Volatile.Read(ref Taken.Bytes);
        return Fits(more);
    }

    private void Drop(Frame frame)
    {
        if (!_ofPieces || frame.Fin)
            Interlocked.Increment(ref _dropped);
        _hasHole = true;
        frame.Recycle();
    }

    // By the producer.
    private void DropUnpublished()
    {
        Segment? segment = _publishedTail ?? _first;
        int index = _publishedIndex;
        for (long late = Added.Frames - _publishedFrames; late > 0; late--)
        {
            if (index == segment!.Frames.Length)
                (segment, index) = (segment.Next!, 0);
            Frame frame = segment.Frames[index].Frame!;
            segment.Frames[index++].Frame = null;
            Added.Bytes -= frame.Data.Length;
            Drop(frame);
        }

        Added.Frames = _publishedFrames;
    }

    private void SetCompletion()
    {
        _isCompleted = true;
        Interlocked.MemoryBarrier();
        if (_completion is { } completion)
            Complete(completion);
    }

    private void Complete(TaskCompletionSource completion)
    {
        if (_error is null)
            completion.TrySetResult();
        else if (completion.TrySetException(_error))
            _ = completion.Task.Exception; // observed, in case no caller looks
    }

    private void Claim()
    {
        bool taken = false;
        Taken.Claim.Enter(ref taken);
    }

    private void Unclaim() => Taken.Claim.Exit(useMemoryBarrier: false);

    // Under Claim.
    private Frame? Take()
    {
        if (IsEmpty)
            return null;
        if (_head is null)
        {
            _head = Volatile.Read(ref _first)!;
            _first = null;
        }

        if (Taken.Index == _head.Frames.Length)
        {
            // An old segment not yet collected would keep the young ones alive. One is kept for the producer.
            Segment empty = _head;
            (_head, _head.Next) = (_head.Next!, null);
            Taken.Index = 0;
            if (empty.Frames.Length == NextSegments)
                Volatile.Write(ref _spare, empty);
        }

        ref Slot slot = ref _head.Frames[Taken.Index++];
        Frame frame = slot.Frame!;
        slot.Frame = null;
        Volatile.Write(ref Taken.Bytes, Taken.Bytes + frame.Data.Length);
        Volatile.Write(ref Taken.Frames, Taken.Frames + 1);
        return frame;
    }

    // Under Claim.
    private TaskCompletionSource? TakeRoomWaiter()
    {
        TaskCompletionSource? room = _room;
        _room = null;
        return room;
    }

    // They change with each frame, on two cores: 64 bytes before each give it cache lines of its own. What follows the
    // queue in memory is its line of waiters, which consumers write.
    [StructLayout(LayoutKind.Explicit, Size = 64 + 40 + 64 + 24)]
    private struct Counters
    {
        [FieldOffset(64)] // Written by the producer, read by any thread.
        public Additions Added;

        [FieldOffset(168)] // Written under Claim, read by any thread.
        public Takings Taken;
    }

    private struct Additions
    {
        // Written by the producer, as the others; the first two are read by any thread.
        public long Frames;
        public long Bytes;

        // What it last saw of the consumers' counters, which only grow.
        public long SeenFrames;
        public long SeenBytes;
        public int Index; // its place in the last segment
    }

    private struct Takings()
    {
        // Written under Claim, the first two read by any thread.
        public long Frames;
        public long Bytes;
        public int Index; // of the next in the first segment

        // Around the taking of one frame: a few instructions. Inside the lock where both are held.
        public SpinLock Claim = new(enableThreadOwnerTracking: false);
    }

    // An array of frames would check the type at each store.
    private struct Slot
    {
        // Written by the producer before it is published, then under Claim.
        public Frame? Frame;
    }

    private sealed class Segment(int size)
    {
        public Slot[] Frames { get; } = new Slot[size];

        // Set before the next segment's first frame is published.
        public Segment? Next { get; set; }
    }
}
