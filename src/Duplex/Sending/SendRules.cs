namespace Duplex;

/// <summary>
/// The rules for the data frames that we send: the fragments of a message follow each other, text is UTF-8, reserved
/// bits have an owner. A mistake is an exception at the call, and never a violation on the wire.
/// </summary>
/// <remarks>Not thread-safe: used under the gate.</remarks>
/// <param name="extensions">Owns reserved bits; null for none.</param>
internal struct SendRules(ExtensionChain? extensions)
{
    private readonly ReservedBits _ownedBits = extensions?.OwnedBits ?? ReservedBits.None;
    private readonly ReservedBits _continuationBits = extensions?.ContinuationBits ?? ReservedBits.None;

    // Under the gate: how far the text of the open message is valid.
    private Utf8Validator _utf8;

    /// <summary>The type of the message that was begun and is not finished; null for none.</summary>
    public FrameType? OpenMessage { get; private set; }

    /// <summary>The opcode of the next frame. RFC 6455 §5.4: a fragment after the first has the opcode 0.</summary>
    public readonly Opcode OpcodeOf(FrameType type) => OpenMessage is null ? (Opcode)type : Opcode.Continuation;

    /// <summary>Checks a frame before anything of it is staged or transformed.</summary>
    /// <param name="type">Text or binary, for a continuation, too.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="fin">Whether it ends its message.</param>
    /// <param name="reserved">Its reserved bits.</param>
    /// <param name="isValidText">Whether the payload is known to be valid UTF-8 by itself.</param>
    /// <exception cref="InvalidOperationException">A fragmented message of the other type is unfinished.</exception>
    /// <exception cref="ArgumentException">A reserved bit has no owner, or a text is not valid UTF-8.</exception>
    public readonly void Check(
        FrameType type, ReadOnlySpan<byte> payload, bool fin, ReservedBits reserved, bool isValidText)
    {
        if (OpenMessage is { } open && open != type)
        {
            throw new InvalidOperationException(
                $"A fragmented {open} message is unfinished: its next fragment must be a Frame.{open}, not a " +
                $"Frame.{type}. Finish it with fin = true first.");
        }

        // RFC 6455 §5.2: the reserved bits "MUST be 0 unless an extension is negotiated that defines meanings for
        // non-zero values."
        ReservedBits owned = OpenMessage is null ? _ownedBits : _continuationBits;
        if ((reserved & ~owned) is not ReservedBits.None and var unowned)
            throw new ArgumentException(
                $"The frame has {unowned.InWords()} set, which no negotiated extension owns there (RFC 6455 §5.2). " +
                "Clear what no extension owns.", nameof(reserved));

        if (type != FrameType.Text || (isValidText && OpenMessage is null))
            return;
        Utf8Validator utf8 = _utf8;
        if (!utf8.Append(payload) || (fin && !utf8.IsComplete))
            throw new ArgumentException(
                "The payload of a text message is not valid UTF-8; the peer would end the session with 1007. Send " +
                "it as binary.", nameof(payload));
    }

    /// <summary>A frame is staged, or will be.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="payload">Its payload, before any extension.</param>
    /// <param name="fin">Whether it ends its message.</param>
    public void OnCommitted(FrameType type, ReadOnlySpan<byte> payload, bool fin)
    {
        if (fin)
            _utf8.Reset();
        else if (type == FrameType.Text)
            _utf8.Append(payload);
    }

    /// <summary>A frame is staged.</summary>
    public void OnStaged(FrameType type, bool fin) => OpenMessage = fin ? null : type;
}
