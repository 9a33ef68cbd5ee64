namespace Duplex;

/// <summary>
/// Writes what is staged: the only type that writes to a connection's stream. A send after a quiet moment, or in answer
/// to what was just received, writes inline. In a burst one work item of the thread pool takes all that was staged
/// meanwhile, so that many sends share one system call.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class SendPump : IThreadPoolWorkItem
{
    /// <summary>The most bytes of one write: a peer that accepts so many within the ping timeout is alive.</summary>
    public const int MaxWrite = 256 * 1024;

    /// <summary>
    /// A send this soon after a write is part of a burst, and waits for the pump. Measured: a sender that awaits each
    /// send is back within 5 us, one that compresses each within 20. A write on another thread is then worth the change
    /// of threads.
    /// </summary>
    public static readonly TimeSpan BurstGap = TimeSpan.FromMicroseconds(20);

    private readonly Lock _sync = new();
    private readonly Stream _stream;
    private readonly SendBuffer _buffer;
    private readonly TimeProvider _time;
    private readonly ISessionEvents _session;
    private readonly long _burstGap;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Under _sync.
    private State _state;
    private bool _stopped;
    private long _lastWrite; // when a write last ended
    private long _lastInbound; // when bytes were last received
    private long _accepted; // how many bytes the transport has accepted
    private int _writing; // how many it is being given now
    private TaskCompletionSource? _room;

    // Written by the thread that writes, read by any: the timestamp of the write in progress, 0 for none.
    private long _writeBegan;

    // Set once, by the thread whose write failed; read by any thread.
    private Exception? _writeError;

    /// <summary>Makes the pump of a connection.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="buffer">What is staged.</param>
    /// <param name="time">The clock.</param>
    /// <param name="session">What writes that fail, or wait, are reported to.</param>
    public SendPump(Stream stream, SendBuffer buffer, TimeProvider time, ISessionEvents session)
    {
        _stream = stream;
        _buffer = buffer;
        _time = time;
        _session = session;
        _burstGap = (long)(BurstGap.TotalSeconds * time.TimestampFrequency);
        _lastWrite = time.GetTimestamp() - _burstGap;
    }

    private enum State
    {
        Idle,
        Scheduled,
        Writing,
    }

    /// <summary>What became of an attempt to stage.</summary>
    public enum Staged
    {
        /// <summary>Nothing was staged: there is no room.</summary>
        NoRoom,

        /// <summary>Nothing was staged: our Close was, or the connection is gone.</summary>
        Closed,

        /// <summary>Staged; the pump will write it.</summary>
        Queued,

        /// <summary>
        /// Staged; the caller must call <see cref="WriteInlineAsync"/> once it holds nothing that others wait for.
        /// </summary>
        WriteInline,
    }

    /// <summary>The error of the write that failed; null if none has.</summary>
    public Exception? WriteError => Volatile.Read(ref _writeError);

    /// <summary>
    /// Completes when it was stopped and no write is in progress: the memory is returned, the stream no longer used.
    /// </summary>
    public Task Ended => _ended.Task;

    /// <summary>When the write in progress began, as a timestamp; null for none.</summary>
    public long? WriteBegan => Volatile.Read(ref _writeBegan) is var began and not 0 ? began : null;

    /// <summary>How many bytes are staged or being written.</summary>
    public long BufferedBytes
    {
        get
        {
            lock (_sync)
                return _buffer.StagedBytes + _writing;
        }
    }

    /// <summary>Whether there is room for more data.</summary>
    public bool HasRoom
    {
        get
        {
            lock (_sync)
                return _buffer.Room > 0;
        }
    }

    /// <summary>Whether nothing can be staged any more: our Close was, or the connection is gone.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_sync)
                return _stopped || _buffer.IsClosed;
        }
    }

    /// <summary>
    /// Says whether a data frame could be staged now: <see cref="Staged.Queued"/> if so. Under the gate.
    /// </summary>
    /// <param name="length">The length of its payload.</param>
    public Staged CheckRoom(int length)
    {
        lock (_sync)
        {
            return _stopped || _buffer.IsClosed ? Staged.Closed
                : _buffer.HasRoomFor(length) ? Staged.Queued
                : Staged.NoRoom;
        }
    }

    /// <summary>
    /// Stages a data frame: whole, or, if it is larger than all the room there can be, as far as there is room, and the
    /// rest by <see cref="TryAppend"/>. Under the gate.
    /// </summary>
    /// <param name="opcode">The opcode.</param>
    /// <param name="fin">Whether it ends its message.</param>
    /// <param name="reserved">Its reserved bits.</param>
    /// <param name="payload">Its payload; copied.</param>
    /// <param name="wholeOnly">Whether a frame that is larger than all the room there can be is staged whole.</param>
    /// <param name="taken">How many bytes of the payload were staged.</param>
    /// <param name="isCommitted">
    /// Whether it must go out: any room is enough, and none is needed if it is staged whole.
    /// </param>
    public Staged TryStage(
        Opcode opcode, bool fin, ReservedBits reserved, ReadOnlySpan<byte> payload, bool wholeOnly, out int taken,
        bool isCommitted = false)
    {
        taken = 0;
        lock (_sync)
        {
            if (_stopped || _buffer.IsClosed)
                return Staged.Closed;
            if (isCommitted ? !wholeOnly && _buffer.Room == 0 : !_buffer.HasRoomFor(payload.Length))
                return Staged.NoRoom;
            taken = wholeOnly ? payload.Length : Math.Min(_buffer.Room, payload.Length);
            _buffer.Begin(opcode, fin, reserved, payload.Length, payload[..taken]);
            return taken == payload.Length ? WakeForData() : TakeOver();
        }
    }

    /// <summary>
    /// Stages more payload of the frame that was begun. A Close that was staged meanwhile waits for the frame's end.
    /// </summary>
    public Staged TryAppend(ReadOnlySpan<byte> payload, out int taken)
    {
        taken = 0;
        Exception error;
        lock (_sync)
        {
            if (_stopped)
                return Staged.Closed;
            int room = _buffer.Room;
            if (room == 0)
                return Staged.NoRoom;
            try
            {
                _buffer.Append(payload[..Math.Min(room, payload.Length)]);
                taken = Math.Min(room, payload.Length);
                return TakeOver();
            }
            // no memory: the peer takes what follows for the rest of the frame, so nothing may follow
            catch (Exception e)
            {
                error = e;
            }
        }

        Stop(error);
        return Staged.Closed;
    }

    /// <summary>
    /// Stages a control frame, between frames; false if our Close was staged before, or the connection is gone.
    /// </summary>
    public bool TryStageControl(Opcode opcode, ReadOnlySpan<byte> payload, TaskCompletionSource? flushed = null)
    {
        TaskCompletionSource? room = null;
        lock (_sync)
        {
            if (_stopped || !_buffer.TryWriteControl(opcode, payload, flushed))
                return false;
            Wake();
            if (_buffer.IsClosed)
                (room, _room) = (_room, null); // there will be none
        }

        room?.TrySetResult();
        return true;
    }

    /// <summary>Keeps a pong to be sent; <see cref="OnReceived"/> has it written.</summary>
    public void OwePong(ReadOnlySpan<byte> payload)
    {
        lock (_sync)
        {
            if (!_stopped)
                _buffer.OwePong(payload);
        }
    }

    /// <summary>Has the pongs for a received batch written: once a batch, not once a frame.</summary>
    /// <param name="lastInbound">When its bytes came, as a timestamp: a send that follows is an answer.</param>
    public void OnReceived(long lastInbound)
    {
        lock (_sync)
        {
            _lastInbound = lastInbound;
            if (!_stopped)
                Wake();
        }
    }

    /// <summary>
    /// Completes when the transport has accepted all that is staged by now; fails if the connection ends first.
    /// </summary>
    public Task FlushAsync()
    {
        var flushed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_sync)
        {
            if (_accepted == _buffer.Position)
                return Task.CompletedTask;
            if (_stopped)
                return Task.FromException(NotAccepted());
            _buffer.Mark(flushed);
            Wake();
        }

        return flushed.Task;
    }

    /// <summary>Completes when a data frame may begin, or none may any more.</summary>
    /// <param name="length">The length of its payload; 0 for any room.</param>
    /// <param name="token">Cancels the wait.</param>
    public Task WaitForRoomAsync(int length, CancellationToken token)
    {
        lock (_sync)
        {
            return _stopped || _buffer.IsClosed || _buffer.HasRoomFor(length)
                ? Task.CompletedTask
                : NextRoom().WaitAsync(token);
        }
    }

    /// <summary>
    /// Completes when more of the frame that was begun can be staged, or when the connection is gone.
    /// </summary>
    public Task WaitToAppendAsync()
    {
        lock (_sync)
            return _stopped || _buffer.Room > 0 ? Task.CompletedTask : NextRoom();
    }

    /// <summary>
    /// Writes one batch on the caller's thread, after <see cref="Staged.WriteInline"/>. Never fails: see <see
    /// cref="WriteError"/>.
    /// </summary>
    public Task WriteInlineAsync() => WriteAsync(onlyOne: true);

    /// <summary>
    /// Writes no more, and drops what is staged. A write in progress ends once the connection is released.
    /// </summary>
    public void Stop() => Stop(error: null);

    void IThreadPoolWorkItem.Execute() => _ = WriteAsync(onlyOne: false);

    private static IOException NotAccepted() =>
        new("The connection ended before the transport accepted what was to be sent.");

    // With the error of a write that failed by itself: one that fails because the connection was released says nothing.
    private void Stop(Exception? error)
    {
        List<TaskCompletionSource> missed;
        TaskCompletionSource? room;
        lock (_sync)
        {
            if (_stopped)
                return;
            _stopped = true;
            Volatile.Write(ref _writeError, error);
            missed = _buffer.Abandon();
            (room, _room) = (_room, null);
            EndIfIdle();
        }

        // First, so that a caller that is released finds what happened.
        if (error is not null)
            _session.OnWriteFailed(error);
        foreach (TaskCompletionSource flushed in missed)
        {
            flushed.TrySetException(NotAccepted());
            _ = flushed.Task.Exception; // observed, in case no caller waits
        }

        room?.TrySetResult();
    }

    // Under _sync. Completes with the next write, or when there will be none.
    private Task NextRoom() =>
        (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    // Under _sync. A lone send is written by its caller, a burst by the pool. Reading the clock costs as much as
    // staging a small frame, so it is read only where it decides.
    private Staged WakeForData()
    {
        if (_state != State.Idle)
            return Staged.Queued;

        // An answer is no burst, however soon it comes: over loopback a round takes less than the gap.
        if (_time.GetTimestamp() - _lastWrite >= _burstGap || _lastInbound > _lastWrite)
            return TakeOver();
        Wake();
        return Staged.Queued;
    }

    // Under _sync. A sender with more to stage than there is room for would only wait for the pump, so it writes
    // itself.
    private Staged TakeOver()
    {
        if (_state != State.Idle)
            return Staged.Queued;
        _state = State.Writing;
        return Staged.WriteInline;
    }

    // Under _sync.
    private void Wake()
    {
        if (_state != State.Idle || !_buffer.HasWork)
            return;
        _state = State.Scheduled;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    // Completes synchronously, and then costs no allocation, as long as the stream does.
    private async Task WriteAsync(bool onlyOne)
    {
        while (TryTake(out ArraySegment<byte> batch))
        {
            Exception? error = null;
            try
            {
                for (int written = 0; written < batch.Count; written += MaxWrite)
                {
                    Volatile.Write(ref _writeBegan, Math.Max(1, _time.GetTimestamp()));
                    ValueTask write = _stream.WriteAsync(
                        batch.AsMemory(written, Math.Min(MaxWrite, batch.Count - written)), CancellationToken.None);
                    if (!write.IsCompleted)
                        _session.OnWritePending();
                    await write.ConfigureAwait(false);
                }

                await _stream.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception e) // any exception of a stream means that the connection is gone
            {
                error = e;
            }

            if (!Complete(batch, error, mayGoOn: !onlyOne))
                return;
        }
    }

    private bool TryTake(out ArraySegment<byte> batch)
    {
        TaskCompletionSource? room;
        lock (_sync)
        {
            batch = _stopped ? ArraySegment<byte>.Empty : _buffer.Take();
            _state = batch.Count > 0 ? State.Writing : State.Idle;
            if (_state == State.Idle)
            {
                EndIfIdle();
                return false;
            }

            _writing = batch.Count;
            (room, _room) = (_room, null); // the buffer is empty: the next batch gathers while this one is written
        }

        room?.TrySetResult();
        return true;
    }

    private bool Complete(ArraySegment<byte> batch, Exception? error, bool mayGoOn)
    {
        lock (_sync)
        {
            _buffer.Return(batch);
            _writing = 0;
            Volatile.Write(ref _writeBegan, 0);
            if (error is null)
            {
                _accepted += batch.Count;
                _lastWrite = _time.GetTimestamp();
                while (_buffer.NextFlushed(_accepted) is { } flushed)
                    flushed.TrySetResult(); // its continuations run on the pool, not under our lock
                if (!mayGoOn)
                {
                    _state = State.Idle;
                    if (_stopped)
                        EndIfIdle();
                    else
                        Wake();
                }
            }
        }

        if (error is not null)
        {
            // Nothing is written a second time, so no mask key is used twice. Until it is stopped the state stays
            // Writing, so that no other thread writes after half a frame.
            Stop(error);
            return true; // TryTake finds nothing, and ends
        }

        return mayGoOn;
    }

    // Under _sync.
    private void EndIfIdle()
    {
        if (!_stopped || _state == State.Writing || _ended.Task.IsCompleted)
            return;
        _buffer.Dispose();
        _ended.TrySetResult();
    }
}
