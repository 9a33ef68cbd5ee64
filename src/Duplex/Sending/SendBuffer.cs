namespace Duplex;

/// <summary>
/// The bytes for the next write, in order: data as staged, control frames between data frames, our Close last.
/// </summary>
/// <remarks>Not thread-safe: under the lock of <see cref="SendPump"/>.</remarks>
internal sealed class SendBuffer(FrameWriter writer, ChannelConfig bounds) : IDisposable
{
    // What is staged lies in one array. One MiB is left for headers and control frames.
    private const int MostBytes = int.MaxValue - (1024 * 1024);

    private readonly OwedPongs _owedPongs = new();

    // Under the pump's lock.
    private readonly Queue<FlushMarker> _markers = new();
    private Queue<Deferred>? _deferred; // wait for the frame's end
    private int _frames; // data frames since the last Take

    /// <summary>Bytes ever staged: a position in the outgoing stream.</summary>
    public long Position { get; private set; }

    public int StagedBytes => writer.WrittenCount;

    /// <summary>Our Close was staged: nothing may follow.</summary>
    public bool IsClosed { get; private set; }

    public bool HasWork => writer.WrittenCount > 0 || (_owedPongs.Count > 0 && !InFrame);

    /// <summary>Never 0 when nothing is staged.</summary>
    public int Room => _frames >= bounds.Capacity && !InFrame ? 0 : Math.Max(0, MostRoom - writer.WrittenCount);

    /// <summary>The room when nothing is staged.</summary>
    public int MostRoom => (int)Math.Min(bounds.MaxBytes, MostBytes);

    private bool InFrame => writer.Remaining > 0;

    /// <summary>Whether the frame fits, or is larger than <see cref="MostRoom"/> and there is some room.</summary>
    public bool HasRoomFor(int length) => Room is var room and > 0 && (length <= room || length > MostRoom);

    /// <summary>Stages the header and the beginning, or, without memory, neither.</summary>
    public void Begin(Opcode opcode, bool fin, ReservedBits reserved, long length, ReadOnlySpan<byte> first)
    {
        // The frame may answer what came after a ping: the pong goes first.
        StageOwedPongs();
        int before = writer.WrittenCount;
        writer.Begin(opcode, length, first, fin, reserved);
        Position += writer.WrittenCount - before;
        _frames++;
        StageWhatWaited();
    }

    /// <summary>At the frame's end the control frames that waited follow.</summary>
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
        StageOwedPongs(); // before our Close, which may have waited
        while (_deferred is not null && _deferred.TryDequeue(out Deferred control))
            WriteControl(control.Opcode, control.Payload, control.Flushed);
    }

    /// <summary>Stages the frame after the one in progress; false after our Close.</summary>
    public bool TryWriteControl(Opcode opcode, ReadOnlySpan<byte> payload, TaskCompletionSource? flushed)
    {
        if (IsClosed)
            return false;
        if (opcode == Opcode.Close)
        {
            // RFC 6455 §5.5.1: "The application MUST NOT send any more data frames after sending a Close frame." Pongs
            // go before it.
            if (!InFrame)
                StageOwedPongs();
            IsClosed = true;
        }

        if (InFrame)
            (_deferred ??= new()).Enqueue(new Deferred(opcode, payload.ToArray(), flushed));
        else
            WriteControl(opcode, payload, flushed);
        return true;
    }

    /// <summary>Keeps a pong for the next frame or write.</summary>
    public void OwePong(ReadOnlySpan<byte> payload)
    {
        if (!IsClosed)
            _owedPongs.Add(payload);
    }

    public void Mark(TaskCompletionSource flushed) => _markers.Enqueue(new FlushMarker(Position, flushed));

    public ArraySegment<byte> Take()
    {
        if (!InFrame)
            StageOwedPongs();
        _frames = 0;
        return writer.Take();
    }

    public void Return(ArraySegment<byte> taken) => writer.Return(taken);

    public TaskCompletionSource? NextFlushed(long accepted) =>
        _markers.TryPeek(out FlushMarker next) && next.Position <= accepted ? _markers.Dequeue().Flushed : null;

    public List<TaskCompletionSource> Abandon()
    {
        IsClosed = true;
        List<TaskCompletionSource> missed =
        [
            .. _markers.Select(marker => marker.Flushed),
            .. _deferred?.Select(control => control.Flushed).OfType<TaskCompletionSource>() ?? [],
        ];

        _markers.Clear();
        _deferred?.Clear();
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

    // Flushed completes when the transport has reached Position.
    private readonly record struct FlushMarker(long Position, TaskCompletionSource Flushed);
}
