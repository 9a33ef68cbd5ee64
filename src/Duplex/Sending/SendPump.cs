namespace Duplex;

/// <summary>
/// Writes what is staged, the only type that writes to a connection's stream. A lone send, or an answer, writes inline.
/// In a burst one work item writes all, so that sends share system calls. Thread-safe.
/// </summary>
internal sealed class SendPump : IThreadPoolWorkItem
{
    /// <summary>A peer that accepts so many bytes within the ping timeout is alive.</summary>
    public const int MaxWrite = 256 * 1024;

    /// <summary>
    /// This soon after a write a send waits for the pump. Measured: a sender that awaits each send is back within 5 us,
    /// one that compresses each within 20.
    /// </summary>
    public static readonly TimeSpan BurstGap = TimeSpan.FromMicroseconds(20);

    private readonly Lock _sync = new();
    private readonly Stream _stream;
    private readonly SendBuffer _buffer;
    private readonly TimeProvider _time;
    private readonly ISessionEvents _session;
    private readonly SessionTelemetry _telemetry;
    private readonly long _burstGap;

    // Under _sync.
    private State _state;
    private bool _stopped;
    private long _lastWrite;
    private long _lastInbound;
    private long _accepted; // bytes accepted by the transport
    private int _writing; // bytes being written
    private TaskCompletionSource? _room;
    private bool _hasEnded;
    private TaskCompletionSource? _ended; // once it is asked for

    // Written by the thread that writes, read by any: the write's timestamp, 0 for none.
    private long _writeBegan;

    // Written once, by Stop, under _sync; read by any thread.
    private Exception? _writeError;

    public SendPump(
        Stream stream, SendBuffer buffer, TimeProvider time, ISessionEvents session, SessionTelemetry telemetry)
    {
        _stream = stream;
        _buffer = buffer;
        _time = time;
        _session = session;
        _telemetry = telemetry;
        _burstGap = (long)(BurstGap.TotalSeconds * time.TimestampFrequency);
        _lastWrite = time.GetTimestamp() - _burstGap;
    }

    private enum State
    {
        Idle,
        Scheduled,
        Writing,
    }

    public enum Staged
    {
        NoRoom,

        /// <summary>Our Close was staged before, or the connection is gone.</summary>
        Closed,

        /// <summary>The pump will write it.</summary>
        Queued,

        /// <summary>
        /// The caller must call <see cref="WriteInlineAsync"/> once it holds nothing that others wait for.
        /// </summary>
        WriteInline,
    }

    public Exception? WriteError => Volatile.Read(ref _writeError);

    /// <summary>Completes when stopped, with no write in progress: the stream is no longer used.</summary>
    public Task Ended
    {
        get
        {
            lock (_sync)
            {
                if (_hasEnded)
                    return Task.CompletedTask;
                _ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return _ended.Task;
            }
        }
    }

    public long? WriteBegan => Volatile.Read(ref _writeBegan) is var began and not 0 ? began : null;

    public long BufferedBytes
    {
        get
        {
            lock (_sync)
                return _buffer.StagedBytes + _writing;
        }
    }

    public bool HasRoom
    {
        get
        {
            lock (_sync)
                return _buffer.Room > 0;
        }
    }

    /// <summary>Whether our Close was staged, or the connection is gone.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_sync)
                return _stopped || _buffer.IsClosed;
        }
    }

    /// <summary><see cref="Staged.Queued"/> if a data frame could be staged now. Under the gate.</summary>
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
    /// Stages a whole frame, or the beginning of one that is larger than all possible room. Under the gate.
    /// </summary>
    /// <remarks>
    /// <paramref name="wholeOnly"/>: whole, however large. A committed frame must go out: any room is enough, or none
    /// if it is staged whole.
    /// </remarks>
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
            // no memory: nothing may follow, or the peer takes it for the rest of the frame
            catch (Exception e)
            {
                error = e;
            }
        }

        Stop(error);
        return Staged.Closed;
    }

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

    /// <summary><see cref="OnReceived"/> has it written.</summary>
    public void OwePong(ReadOnlySpan<byte> payload)
    {
        lock (_sync)
        {
            if (!_stopped)
                _buffer.OwePong(payload);
        }
    }

    /// <summary>
    /// Writes a batch's pongs together. A send that follows <paramref name="lastInbound"/> is an answer.
    /// </summary>
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

    /// <summary>Completes when a frame of this length (0 for any room) may begin, or none may.</summary>
    public Task WaitForRoomAsync(int length, CancellationToken token)
    {
        lock (_sync)
        {
            return _stopped || _buffer.IsClosed || _buffer.HasRoomFor(length)
                ? Task.CompletedTask
                : NextRoom().WaitAsync(token);
        }
    }

    public Task WaitToAppendAsync()
    {
        lock (_sync)
            return _stopped || _buffer.Room > 0 ? Task.CompletedTask : NextRoom();
    }

    /// <summary>One batch, on the caller's thread. Never fails: see <see cref="WriteError"/>.</summary>
    public Task WriteInlineAsync() => WriteAsync(onlyOne: true);

    /// <summary>A write in progress ends once the connection is released.</summary>
    public void Stop() => Stop(error: null);

    void IThreadPoolWorkItem.Execute() => _ = WriteAsync(onlyOne: false);

    private static IOException NotAccepted() =>
        new("The connection ended before the transport accepted what was to be sent.");

    // No error where the connection was released: writes that fail because of that say nothing.
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

        // First, so that released callers find what happened.
        if (error is not null)
            _session.OnWriteFailed(error);
        foreach (TaskCompletionSource flushed in missed)
        {
            flushed.TrySetException(NotAccepted());
            _ = flushed.Task.Exception; // observed, in case no caller waits
        }

        room?.TrySetResult();
    }

    // Under _sync. Completes with the next write or the end.
    private Task NextRoom() =>
        (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    // Under _sync. The clock is read only where it decides: that costs as much as staging a small frame.
    private Staged WakeForData()
    {
        if (_state != State.Idle)
            return Staged.Queued;

        // An answer is no burst: over loopback a round takes less than the gap.
        if (_time.GetTimestamp() - _lastWrite >= _burstGap || _lastInbound > _lastWrite)
            return TakeOver();
        Wake();
        return Staged.Queued;
    }

    // Under _sync. A sender with more to stage would only wait for the pump, so it writes itself.
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

    // Synchronous, without allocation, as long as the stream is.
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
            catch (Exception e) // whatever a stream throws, the connection is gone
            {
                error = e;
            }

            _telemetry.ReportSent();
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
            (room, _room) = (_room, null); // the next batch gathers meanwhile
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
                    flushed.TrySetResult(); // continuations run on the pool
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
            // Nothing is written twice, so no mask key is used twice. The state stays Writing: no other thread writes
            // after half a frame.
            Stop(error);
            return true; // TryTake finds nothing, and ends
        }

        return mayGoOn;
    }

    // Under _sync.
    private void EndIfIdle()
    {
        if (!_stopped || _state == State.Writing || _hasEnded)
            return;
        _hasEnded = true;
        try
        {
            _buffer.Dispose();
        }
        finally
        {
            _ended?.TrySetResult();
        }
    }
}
