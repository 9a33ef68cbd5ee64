namespace Duplex.Testing;

/// <summary>Records one connection.</summary>
/// <remarks>
/// Thread-safe between the two directions; each direction is noted by one caller at a time.
/// </remarks>
internal sealed class ConnectionRecorder
{
    private readonly Lock _sync = new();
    private readonly RecordingBudget _budget;
    private readonly TimeProvider _time;
    private readonly Uri? _url;
    private readonly DateTimeOffset _started;
    private readonly long _began;
    private readonly FrameNotes _sent;
    private readonly FrameNotes _received;
    private readonly List<RecordedFrame> _frames = []; // under _sync

    // Under _sync.
    private long _omittedFrames;

    public ConnectionRecorder(Uri? url, SessionRecorderOptions options, RecordingBudget budget)
    {
        _budget = budget;
        _time = options.TimeProvider;
        _url = url;
        _started = _time.GetUtcNow();
        _began = _time.GetTimestamp();
        _sent = new FrameNotes(RecordedDirection.Sent, options, budget);
        _received = new FrameNotes(RecordedDirection.Received, options, budget);
    }

    public void NoteSent(ReadOnlySpan<byte> bytes) => _sent.Note(bytes, Add);

    public void NoteReceived(ReadOnlySpan<byte> bytes) => _received.Note(bytes, Add);

    public RecordedConnection Snapshot()
    {
        lock (_sync)
        {
            return new RecordedConnection(
                _url, _started, [.. _frames], _omittedFrames, _sent.OmittedPayloads + _received.OmittedPayloads);
        }
    }

    private void Add(RecordedFrame frame)
    {
        lock (_sync)
        {
            if (_budget.TryTakeFrame())
            {
                _frames.Add(frame with { Offset = _time.GetElapsedTime(_began) });
                return;
            }

            _omittedFrames++;
        }

        _budget.ReturnPayload(frame.Payload?.Length ?? 0);
    }
}
