namespace Duplex;

/// <summary>
/// The rules for the data frames that we send. A mistake is an exception at the call, never a violation on the wire.
/// </summary>
/// <remarks>Not thread-safe: used under the gate.</remarks>
internal struct SendRules(ExtensionChain? extensions)
{
    private readonly ReservedBits _ownedBits = extensions?.OwnedBits ?? ReservedBits.None;
    private readonly ReservedBits _continuationBits = extensions?.ContinuationBits ?? ReservedBits.None;

    // Under the gate: the open message's text.
    private Utf8Validator _utf8;

    public FrameType? OpenMessage { get; private set; }

    /// <summary>RFC 6455 §5.4: a fragment after the first has the opcode 0.</summary>
    public readonly Opcode OpcodeOf(FrameType type) => OpenMessage is null ? (Opcode)type : Opcode.Continuation;

    /// <summary>Called before anything is staged or transformed. A continuation has its message's type.</summary>
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

    /// <summary>The payload is as it was before any extension.</summary>
    public void OnCommitted(FrameType type, ReadOnlySpan<byte> payload, bool fin)
    {
        if (fin)
            _utf8.Reset();
        else if (type == FrameType.Text)
            _utf8.Append(payload);
    }

    public void OnStaged(FrameType type, bool fin) => OpenMessage = fin ? null : type;
}
