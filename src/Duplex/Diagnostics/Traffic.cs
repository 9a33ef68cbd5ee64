namespace Duplex;

/// <summary>The messages of one direction since the session began.</summary>
/// <remarks>One thread at a time adds: the receive loop, or the holder of the send gate. Any thread reads.</remarks>
internal sealed class Traffic
{
    private readonly Lock _sync = new();

    // Written by the thread that adds.
    private Count _text;
    private Count _binary;

    // Under _sync: what was reported.
    private Count _textReported;
    private Count _binaryReported;

    public long Messages => Volatile.Read(ref _text.Messages) + Volatile.Read(ref _binary.Messages);

    /// <summary>Adds a message, or a part of one.</summary>
    public void Add(FrameType type, int bytes, bool isEnd)
    {
        if (type == FrameType.Text)
            _text.Add(bytes, isEnd);
        else if (type == FrameType.Binary)
            _binary.Add(bytes, isEnd);
    }

    /// <summary>Returns what was added since the last call.</summary>
    public (Count Text, Count Binary) Take()
    {
        lock (_sync)
            return (_text.Since(ref _textReported), _binary.Since(ref _binaryReported));
    }

    internal struct Count
    {
        public long Messages; // see Traffic: written by the thread that adds
        public long Bytes; // as Messages

        public void Add(int bytes, bool isEnd)
        {
            Volatile.Write(ref Bytes, Bytes + bytes);
            if (isEnd)
                Volatile.Write(ref Messages, Messages + 1);
        }

        public Count Since(ref Count reported)
        {
            var now = new Count { Messages = Volatile.Read(ref Messages), Bytes = Volatile.Read(ref Bytes) };
            var added = new Count { Messages = now.Messages - reported.Messages, Bytes = now.Bytes - reported.Bytes };
            reported = now;
            return added;
        }
    }
}
