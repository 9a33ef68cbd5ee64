using System.Buffers;

namespace Duplex.Protocol;

/// <summary>
/// A simpler base class for extensions that receive and return frames: incoming ones are whole messages, outgoing ones
/// the messages or fragments that were sent.
/// </summary>
/// <remarks>
/// It copies each payload and buffers whole incoming messages, even where the session receives streams; to avoid that,
/// derive from <see cref="WebSocketExtension"/>. The extension may keep the frames. By default it sees every message,
/// whatever the sender's <see cref="SendTransform"/>.
/// </remarks>
public abstract class FrameExtension : WebSocketExtension
{
    // Only touched by the incoming direction: an incomplete message, and its first frame's bits.
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
        // One array holds the message, even if the session receives streams.
        long limit = Math.Min(part.MaxMessageSize, WebSocketLimits.LargestSize);
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

    /// <summary>Processes a frame before it is sent, in wire order. May replace it.</summary>
    /// <param name="frame">
    /// A text or binary frame with its own memory, and the extension's reserved bits that the sender set.
    /// </param>
    /// <returns>
    /// The same frame, or another of the same type and <see cref="Frame.Fin"/> with reserved bits of the extension.
    /// </returns>
    protected virtual Frame ProcessOutgoing(Frame frame) => frame;

    /// <summary>Processes a received message before it is delivered. May replace it.</summary>
    /// <param name="frame">
    /// A whole text or binary message with its own memory and the extension's reserved bits. A text is not validated
    /// yet.
    /// </param>
    /// <returns>The same frame, or another of the same type, whose reserved bits are ignored.</returns>
    protected virtual Frame ProcessIncoming(Frame frame) => frame;

    private Frame Checked(Frame outcome, Frame frame) =>
        outcome is not null && outcome.Type == frame.Type && outcome.Fin == frame.Fin
            ? outcome
            : throw new InvalidOperationException(
                $"The extension {Name} returned {outcome?.ToString() ?? "nothing"} for {frame}; "
                + "expected a frame of the same type and fin.");
}
