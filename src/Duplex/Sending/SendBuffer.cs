namespace Duplex;

/// <summary>
/// The bytes that wait for the next write, and the order in which frames enter them: data as its sender stages it,
/// control frames between data frames, our Close last.
/// </summary>
/// <remarks>Not thread-safe: <see cref="SendPump"/> holds its lock around it.</remarks>
internal sealed class SendBuffer(FrameWriter writer, ChannelConfig bounds) : IDisposable
{
    // What is staged lies in one array, however loose the bounds are. One MiB is left for headers and control frames.
    private const int MostBytes = int.MaxValue - (1024 * 1024);

    private readonly OwedPongs _owedPongs = new();

    // Under the pump's lock.
    private readonly Queue<Deferred> _deferred = new(); // control frames that wait for the end of the frame in progress
    private readonly Queue<FlushMarker> _markers = new(); // in the order of their positions
    private int _frames; // data frames since the last Take

    /// <summary>How many bytes were ever staged: a position in the outgoing stream.</summary>
    public long Position { get; private set; }

    /// <summary>How many staged bytes no write has taken yet.</summary>
    public int StagedBytes => writer.WrittenCount;

    /// <summary>Whether our Close was staged: nothing may follow.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Whether there is anything to write.</summary>
    public bool HasWork => writer.WrittenCount > 0 || (_owedPongs.Count > 0 && !InFrame);

    /// <summary>
    /// How many more bytes of data may be staged now. There is always some room when nothing is staged.
    /// </summary>
    public int Room => _frames >= bounds.Capacity && !InFrame ? 0 : Math.Max(0, MostRoom - writer.WrittenCount);

    /// <summary>How many bytes of data may be staged when nothing is.</summary>
    public int MostRoom => (int)Math.Min(bounds.MaxBytes, MostBytes);

    private bool InFrame => writer.Remaining > 0;

    /// <summary>
    /// Whether a frame may begin: there is room for its payload, or, if it is larger than all the room there can be,
    /// some.
    /// </summary>
    /// <param name="length">The payload's length.</param>
    public bool HasRoomFor(int length) => Room is var room and > 0 && (length <= room || length > MostRoom);

    /// <summary>
    /// Stages a data frame's header and the beginning of its payload, or, without memory, neither; <see cref="Append"/>
    /// stages the rest.
    /// </summary>
    public void Begin(Opcode opcode, bool fin, ReservedBits reserved, long length, ReadOnlySpan<byte> first)
    {
        // The frame may answer a message that came after a ping: the pong goes first.
        StageOwedPongs();
        int before = writer.WrittenCount;
        writer.Begin(opcode, length, first, fin, reserved);
        Position += writer.WrittenCount - before;
        _frames++;
        StageWhatWaited();
    }

    /// <summary>
    /// Stages the next payload bytes. At the frame's end the control frames that waited follow at once, before any
    /// other frame.
    /// </summary>
    public void Append(ReadOnlySpan<byte> payload)
    {
        writer.Append(payload);
        Position += payload.Length;
        StageWhatWaited();
    }

    private void StageWhatWaited()
    {
        if (InFrame)
            return;
        StageOwedPongs(); // before our Close, which may be one of those that waited
        while (_deferred.TryDequeue(out Deferred control))
            WriteControl(control.Opcode, control.Payload, control.Flushed);
    }

    /// <summary>Stages a control frame, at the end of the frame in progress; false after our Close.</summary>
    /// <param name="opcode">Ping, Pong or Close; a Close is the last frame.</param>
    /// <param name="payload">At most 125 bytes; copied.</param>
    /// <param name="flushed">Completed when the transport has accepted the frame.</param>
    public bool TryWriteControl(Opcode opcode, ReadOnlySpan<byte> payload, TaskCompletionSource? flushed)
    {
        if (IsClosed)
            return false;
        if (opcode == Opcode.Close)
        {
            // RFC 6455 §5.5.1: "The application MUST NOT send any more data frames after sending a Close frame."
            // Pongs still go before it: here, or at the end of the frame in progress.
            if (!InFrame)
                StageOwedPongs();
            IsClosed = true;
        }

        if (InFrame)
            _deferred.Enqueue(new Deferred(opcode, payload.ToArray(), flushed));
        else
            WriteControl(opcode, payload, flushed);
        return true;
    }

    /// <summary>
    /// Keeps a pong. It is staged with the next frame or write, or at the end of the frame in progress.
    /// </summary>
    public void OwePong(ReadOnlySpan<byte> payload)
    {
        if (!IsClosed)
            _owedPongs.Add(payload);
    }

    /// <summary>Has a source completed when the transport has accepted all that is staged by now.</summary>
    public void Mark(TaskCompletionSource flushed) => _markers.Enqueue(new FlushMarker(Position, flushed));

    /// <summary>Takes what is staged, pongs included, for one write.</summary>
    public ArraySegment<byte> Take()
    {
        if (!InFrame)
            StageOwedPongs();
        _frames = 0;
        return writer.Take();
    }

    /// <summary>Returns the memory of what was taken.</summary>
    public void Return(ArraySegment<byte> taken) => writer.Return(taken);

    /// <summary>The next source to complete, at or before a position; null if there is none.</summary>
    public TaskCompletionSource? NextFlushed(long accepted) =>
        _markers.TryPeek(out FlushMarker next) && next.Position <= accepted ? _markers.Dequeue().Flushed : null;

    /// <summary>Takes no more, and returns the sources of what will not be flushed.</summary>
    public List<TaskCompletionSource> Abandon()
    {
        IsClosed = true;
        List<TaskCompletionSource> missed =
        [
            .. _markers.Select(marker => marker.Flushed),
            .. _deferred.Select(control => control.Flushed).OfType<TaskCompletionSource>(),
        ];

        _markers.Clear();
        _deferred.Clear();
        _owedPongs.Clear();
        return missed;
    }

    public void Dispose() => writer.Dispose();

    private void StageOwedPongs()
    {
        if (_owedPongs.Count == 0)
            return;
        int before = writer.WrittenCount;
        _owedPongs.WriteTo(writer);
        Position += writer.WrittenCount - before;
    }

    private void WriteControl(Opcode opcode, ReadOnlySpan<byte> payload, TaskCompletionSource? flushed)
    {
        int before = writer.WrittenCount;
        writer.Write(opcode, payload);
        Position += writer.WrittenCount - before;
        if (flushed is not null)
            Mark(flushed);
    }

    private readonly record struct Deferred(Opcode Opcode, byte[] Payload, TaskCompletionSource? Flushed);

    // A place in the outgoing stream that a caller waits for the transport to reach.
    private readonly record struct FlushMarker(long Position, TaskCompletionSource Flushed);
}
