using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Duplex.Protocol;

namespace Duplex.Testing;

/// <summary>
/// A data message of a conversation. The payload is null where it cannot be compared: not recorded, redacted or
/// compressed.
/// </summary>
internal sealed record RecordedMessage(bool IsText, ReadOnlyMemory<byte>? Payload, TimeSpan Offset)
{
    // A line of a test's output.
    private const int MostShown = 100;

    /// <summary>Joins the frames of messages that were sent or received.</summary>
    public static IReadOnlyList<RecordedMessage> Join(IEnumerable<RecordedFrame> frames)
    {
        var messages = new List<RecordedMessage>();
        var payload = new ArrayBufferWriter<byte>();
        bool isText = false;
        bool isKnown = true;
        foreach (RecordedFrame frame in frames.Where(frame => !frame.IsControl))
        {
            if (frame.Opcode != Opcode.Continuation)
                isText = frame.Opcode == Opcode.Text;
            isKnown &= frame is { IsCompressed: false, IsRedacted: false }
                && (frame.Payload is { } || frame.Length == 0);
            if (isKnown)
                payload.Write(frame.Payload.GetValueOrDefault().Span);
            if (!frame.Fin)
                continue;
            ReadOnlyMemory<byte>? whole = null;
            if (isKnown)
                whole = payload.WrittenMemory.ToArray();
            messages.Add(new RecordedMessage(isText, whole, frame.Offset));
            payload.Clear();
            isKnown = true;
        }

        return messages;
    }

    /// <summary>Whether a message that came may be this one.</summary>
    public bool Matches(RecordedMessage other) =>
        IsText == other.IsText
        && (Payload is not { } mine || other.Payload is not { } others || mine.Span.SequenceEqual(others.Span));

    /// <summary>Shows the message, shortened.</summary>
    public override string ToString()
    {
        string kind = IsText ? "text" : "binary";
        if (Payload is not { } payload)
            return $"a {kind} message";
        if (!IsText || !Utf8.IsValid(payload.Span))
            return $"a {kind} message of {payload.Length} bytes";
        string text = Encoding.UTF8.GetString(payload.Span);
        return text.Length <= MostShown ? $"\"{text}\"" : $"\"{text[..MostShown]}...\" ({payload.Length} bytes)";
    }
}
