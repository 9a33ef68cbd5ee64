namespace Duplex;

/// <summary>The messages of one direction since the session began.</summary>
/// <remarks>One thread at a time adds: the receive loop, or the holder of the send gate. Any thread reads.</remarks>
internal sealed class Traffic
{
    // Written by the thread that adds, read by any.
    private long _textMessages;
    private long _textBytes;
    private long _binaryMessages;
    private long _binaryBytes;

    public Count Text => new(Volatile.Read(ref _textMessages), Volatile.Read(ref _textBytes));

    public Count Binary => new(Volatile.Read(ref _binaryMessages), Volatile.Read(ref _binaryBytes));

    public long Messages => Text.Messages + Binary.Messages;

    /// <summary>Adds a message, or a part of one.</summary>
    public void Add(FrameType type, int bytes, bool isEnd)
    {
        if (type == FrameType.Text)
            Add(ref _textMessages, ref _textBytes, bytes, isEnd);
        else if (type == FrameType.Binary)
            Add(ref _binaryMessages, ref _binaryBytes, bytes, isEnd);
    }

    private static void Add(ref long messages, ref long total, int bytes, bool isEnd)
    {
        Volatile.Write(ref total, total + bytes);
        if (isEnd)
            Volatile.Write(ref messages, messages + 1);
    }

    internal readonly record struct Count(long Messages, long Bytes)
    {
        public static Count operator +(Count one, Count other) =>
            new(one.Messages + other.Messages, one.Bytes + other.Bytes);

        public static Count operator -(Count one, Count other) =>
            new(one.Messages - other.Messages, one.Bytes - other.Bytes);
    }
}
