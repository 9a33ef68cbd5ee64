using System.Buffers;

namespace Duplex.Testing;

/// <summary>Compares what a client sends with what was recorded, message by message.</summary>
/// <remarks>Thread-safe: one caller accepts frames, another one waits.</remarks>
internal sealed class ClientScript(IReadOnlyList<RecordedMessage> expected)
{
    // More than a person reads; what follows the first ones is their consequence.
    private const int MostMismatches = 100;

    private readonly Lock _sync = new();
    private readonly ArrayBufferWriter<byte> _payload = new();
    private readonly List<ReplayMismatch> _mismatches = []; // under _sync

    // Under _sync.
    private int _accepted;
    private int _awaited;
    private TaskCompletionSource? _waiting;

    public IReadOnlyList<ReplayMismatch> Mismatches
    {
        get
        {
            lock (_sync)
                return [.. _mismatches];
        }
    }

    /// <summary>Takes a data frame of the client.</summary>
    public void Accept(Frame frame)
    {
        _payload.Write(frame.Data.Span);
        if (!frame.Fin)
            return;
        var message = new RecordedMessage(frame.Type == FrameType.Text, _payload.WrittenMemory.ToArray(), default);
        _payload.Clear();
        lock (_sync)
        {
            if (_accepted >= expected.Count)
                Note("no further message", message.ToString());
            else if (!expected[_accepted].Matches(message))
                Note(expected[_accepted].ToString(), message.ToString());
            _accepted++;
            if (_accepted >= _awaited)
                _waiting?.TrySetResult();
        }
    }

    /// <summary>Notes that the client has ended the session, while recorded messages of its have not come.</summary>
    public void End()
    {
        lock (_sync)
        {
            if (_accepted < expected.Count)
                Note(expected[_accepted].ToString(), "the end of the session");
        }
    }

    /// <summary>Completes when the client has sent a number of messages. One call at a time.</summary>
    public Task Accepted(int count)
    {
        lock (_sync)
        {
            if (_accepted >= count)
                return Task.CompletedTask;
            _awaited = count;
            _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _waiting.Task;
        }
    }

    // Under _sync.
    private void Note(string recorded, string found)
    {
        if (_mismatches.Count < MostMismatches)
            _mismatches.Add(new ReplayMismatch(_accepted + 1, recorded, found));
    }
}
