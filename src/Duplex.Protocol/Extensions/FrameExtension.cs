using System.Buffers;

namespace Duplex.Protocol;

/// <summary>
/// The simple form of an extension: it gets frames and returns frames. Incoming they are whole messages, outgoing each is what its sender sent: a message, or a fragment of one.
/// </summary>
/// <remarks>
/// It costs a copy of each payload, and holds an incoming message until it is whole, even where a session receives streams; where that matters, derive from <see cref="WebSocketExtension"/>. It may keep the frames that it gets. Unless told otherwise it sees every message,
/// whatever the sender's <see cref="SendTransform"/>.
/// </remarks>
public abstract class FrameExtension : WebSocketExtension
{
    // Only touched by the incoming direction: what has come of a message that comes in several parts, and the bits of its first frame.
    private ArrayBufferWriter<byte>? _gathered;
    private ReservedBits _reserved;

    /// <inheritdoc/>
    public override bool TransformsOutgoing(in MessagePart first, SendTransform wish) => true;

    /// <inheritdoc/>
    public sealed override ExtensionResult ProcessOutgoing(in MessagePart part, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        Frame frame = Frame.Create(part.Type, part.EndsMessage, part.Data.ToArray(), part.Reserved);
        Frame outcome = Checked(ProcessOutgoing(frame), frame);
        if (ReferenceEquals(outcome, frame) && part is { StartsMessage: true, EndsMessage: true })
            return ExtensionResult.Untouched;
        output.Write(outcome.Data.Span);
        return ExtensionResult.Done(outcome.Reserved);
    }

    /// <inheritdoc/>
    public sealed override ExtensionResult ProcessIncoming(in MessagePart part, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (part is { StartsMessage: true, EndsMessage: true })
        {
            Frame whole = Frame.Create(part.Type, fin: true, part.Data.ToArray(), part.Reserved);
            Frame outcome = Checked(ProcessIncoming(whole), whole);
            if (ReferenceEquals(outcome, whole))
                return ExtensionResult.Untouched;
            output.Write(outcome.Data.Span);
            return ExtensionResult.Done();
        }

        if (part.StartsMessage)
        {
            _gathered = new ArrayBufferWriter<byte>();
            _reserved = part.Reserved;
        }

        long size = _gathered!.WrittenCount + (long)part.Data.Length;
        long limit = Math.Min(part.MaxMessageSize, WebSocketLimits.LargestSize); // it stands in one array, even if the session receives streams
        if (size > limit)
            return ExtensionResult.Failed(ProtocolViolation.TooBig("MaxMessageSize", limit, size));
        _gathered.Write(part.Data);
        if (!part.EndsMessage)
            return ExtensionResult.Done();

        Frame message = Frame.Create(part.Type, fin: true, _gathered.WrittenMemory, _reserved);
        _gathered = null;
        output.Write(Checked(ProcessIncoming(message), message).Data.Span);
        return ExtensionResult.Done();
    }

    /// <summary>Looks at a frame that is about to be sent, in wire order, before it goes on; and may send another in its place.</summary>
    /// <param name="frame">A text or binary frame, over memory of its own. Its reserved bits are those of the extension's that its sender has set.</param>
    /// <returns>The same frame, or one of the same type and <see cref="Frame.Fin"/>, whose reserved bits are the extension's.</returns>
    protected virtual Frame ProcessOutgoing(Frame frame) => frame;

    /// <summary>Looks at a message that came, before it goes on; and may deliver another in its place.</summary>
    /// <param name="frame">A whole text or binary message, over memory of its own, with the extension's reserved bits. Its text was not checked yet.</param>
    /// <returns>The same frame, or one of the same type. Its reserved bits do not matter.</returns>
    protected virtual Frame ProcessIncoming(Frame frame) => frame;

    private Frame Checked(Frame outcome, Frame frame) => outcome is not null && outcome.Type == frame.Type && outcome.Fin == frame.Fin
        ? outcome
        : throw new InvalidOperationException($"The extension {Name} returned {outcome?.ToString() ?? "nothing"} for {frame}; expected a frame of the same type and fin.");
}
