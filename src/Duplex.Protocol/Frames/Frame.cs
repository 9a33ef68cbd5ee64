using System.Text;

namespace Duplex;

/// <summary>
/// One frame as a user sees it: on a default session a whole message or, outgoing, a control frame; on a raw session what stands on the wire.
/// Match on the kind: <c>case Frame.Text text</c>.
/// </summary>
/// <remarks>
/// A received frame is the receiver's for ever; frame objects are never reused. <see cref="Recycle"/> gives the payload's memory back early; not calling it is never an error.
/// Reading is thread-safe as long as nobody recycles.
/// </remarks>
public abstract class Frame
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte _bits; // fin in the lowest bit, the reserved bits at their place on the wire

    // Taken by the first caller of Recycle, atomically; null if the memory is not pooled.
    private SharedBuffer? _owner;

    // Only emptied, and only by the one caller of Recycle that took the owner.
    private ReadOnlyMemory<byte> _data;

    private Frame(FrameType type, bool fin, ReservedBits reserved, ReadOnlyMemory<byte> data, SharedBuffer? owner)
    {
        Type = type;
        _bits = (byte)((byte)reserved | (fin ? 1 : 0));
        _data = data;
        _owner = owner;
    }

    // Memory is made of its parts here, and not before: handed over as a whole it would be read while its parts are still on their way to memory, and wait for them.
    private Frame(FrameType type, bool fin, ReservedBits reserved, SharedBuffer owner, int offset, int length)
    {
        Type = type;
        _bits = (byte)((byte)reserved | (fin ? 1 : 0));
        _data = new ReadOnlyMemory<byte>(owner.Array, offset, length);
        _owner = owner;
    }

    /// <summary>What the frame is.</summary>
    public FrameType Type { get; }

    /// <summary>Whether the frame ends its message; always true for control frames and for what a default session delivers.</summary>
    public bool Fin => (_bits & 1) != 0;

    /// <summary>The reserved bits that are set.</summary>
    public ReservedBits Reserved => (ReservedBits)(_bits & ~1);

    /// <summary>Whether RSV1 is set.</summary>
    public bool Rsv1 => (Reserved & ReservedBits.Rsv1) != 0;

    /// <summary>Whether RSV2 is set.</summary>
    public bool Rsv2 => (Reserved & ReservedBits.Rsv2) != 0;

    /// <summary>Whether RSV3 is set.</summary>
    public bool Rsv3 => (Reserved & ReservedBits.Rsv3) != 0;

    /// <summary>Whether it is a Close, Ping or Pong.</summary>
    public bool IsControl => Type >= FrameType.Close;

    /// <summary>The payload, not copied and not masked; empty once <see cref="Recycle"/> has given its memory back.</summary>
    public ReadOnlyMemory<byte> Data => _data;

    /// <summary>A copy of the payload.</summary>
    public byte[] ReadBytes() => _data.ToArray();

    /// <summary>A frame of the same kind over a copy of the payload, which nobody can recycle from under it.</summary>
    public Frame Copy() => Create(Type, Fin, Reserved, _data.ToArray(), owner: null);

    /// <summary>
    /// Gives a received payload's memory back for other frames; <see cref="Data"/> is empty from then on. Calling it again, from any thread, or never, does no harm. Nothing happens
    /// to a frame over memory of its own, such as one that was not received.
    /// </summary>
    public void Recycle()
    {
        if (Interlocked.Exchange(ref _owner, null) is not { } owner)
            return;
        _data = default;
        owner.Release();
    }

    /// <summary>Creates a frame of a type that is known at run time only. A control frame ignores <paramref name="fin"/> and <paramref name="reserved"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is none, or <paramref name="reserved"/> holds other bits than the three reserved ones.</exception>
    /// <exception cref="ArgumentException">A control frame's payload is longer than 125 bytes.</exception>
    public static Frame Create(FrameType type, bool fin, ReadOnlyMemory<byte> data, ReservedBits reserved = ReservedBits.None)
    {
        // Another bit would come out on the wire as part of the opcode.
        if ((reserved & ~(ReservedBits.Rsv1 | ReservedBits.Rsv2 | ReservedBits.Rsv3)) != 0)
            throw new ArgumentOutOfRangeException(nameof(reserved), reserved, "A frame has the reserved bits Rsv1, Rsv2 and Rsv3, and no others.");
        return Create(type, fin, reserved, data, owner: null);
    }

    internal static Frame Create(FrameType type, bool fin, ReservedBits reserved, ReadOnlyMemory<byte> data, SharedBuffer? owner) => type switch
    {
        FrameType.Text => new Text(fin, reserved, data, owner),
        FrameType.Binary => new Binary(fin, reserved, data, owner),
        FrameType.Close => new Close(data, owner),
        FrameType.Ping => new Ping(data, owner),
        FrameType.Pong => new Pong(data, owner),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "A frame is a text, binary, close, ping or pong frame."),
    };

    internal static Frame Create(FrameType type, bool fin, ReservedBits reserved, SharedBuffer owner, int offset, int length) => type == FrameType.Text
        ? new Text(fin, reserved, owner, offset, length)
        : new Binary(fin, reserved, owner, offset, length);

    /// <summary>The kind, the fin bit and the payload's length: never the payload.</summary>
    public override string ToString() => $"Frame {Type} (fin={Fin}, {_data.Length} bytes)";

    private static ReadOnlyMemory<byte> Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            return StrictUtf8.GetBytes(text);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException("The text holds half of a surrogate pair, which UTF-8 cannot carry. Send whole characters, or send bytes.", nameof(text), e);
        }
    }

    // RFC 6455 §5.5: "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented."
    private static ReadOnlyMemory<byte> Control(ReadOnlyMemory<byte> data) => data.Length <= FrameHeader.MaxControlPayload
        ? data
        : throw new ArgumentException($"A control frame takes at most {FrameHeader.MaxControlPayload} bytes (RFC 6455 §5.5), not {data.Length}.", nameof(data));

    private static ReadOnlyMemory<byte> Encode(CloseReason reason)
    {
        byte[] payload = new byte[FrameHeader.MaxControlPayload];
        return payload.AsMemory(0, ClosePayload.Write(reason, payload));
    }

    private static ReservedBits Bits(bool rsv1, bool rsv2, bool rsv3) =>
        (rsv1 ? ReservedBits.Rsv1 : 0) | (rsv2 ? ReservedBits.Rsv2 : 0) | (rsv3 ? ReservedBits.Rsv3 : 0);

    /// <summary>UTF-8 text.</summary>
    public sealed class Text : Frame
    {
        /// <summary>Creates a whole message.</summary>
        /// <exception cref="ArgumentException">The text holds half of a surrogate pair.</exception>
        public Text(string text) : this(true, Encode(text)) { }

        /// <summary>Creates a message or a fragment over UTF-8 bytes, which are not copied. A character may be split between fragments.</summary>
        public Text(bool fin, ReadOnlyMemory<byte> data, bool rsv1 = false, bool rsv2 = false, bool rsv3 = false) : this(fin, Bits(rsv1, rsv2, rsv3), data, null) { }

        internal Text(bool fin, ReservedBits reserved, ReadOnlyMemory<byte> data, SharedBuffer? owner) : base(FrameType.Text, fin, reserved, data, owner) { }

        internal Text(bool fin, ReservedBits reserved, SharedBuffer owner, int offset, int length) : base(FrameType.Text, fin, reserved, owner, offset, length) { }

        /// <summary>The text.</summary>
        /// <exception cref="InvalidOperationException">The frame is a fragment: its first and last characters may be split.</exception>
        public string ReadText() => Fin
            ? Encoding.UTF8.GetString(Data.Span)
            : throw new InvalidOperationException("Text can only be read from a whole message; this frame is a fragment of one. Join the fragments' Data first.");

        /// <summary>Gives the text to a pattern, such as <c>case Frame.Text(var text)</c>. Never throws.</summary>
        /// <remarks>
        /// Of a fragment it gives the whole characters, without one that is split at the fragment's beginning or end.
        /// </remarks>
        /// <param name="text">The text; empty once the frame is recycled.</param>
        /// <example>
        /// <code>
        /// Frame? frame = await session.ReceiveAsync(cancellationToken);
        /// string said = frame switch
        /// {
        ///     Frame.Text(var text) => text,
        ///     Frame.Binary(var data) => $"{data.Length} bytes",
        ///     _ => "nothing more",
        /// };
        /// </code>
        /// </example>
        public void Deconstruct(out string text)
        {
            ReadOnlySpan<byte> data = Data.Span;
            text = Encoding.UTF8.GetString(Fin ? data : WholeCharacters(data));
        }

        // RFC 3629 §3: a character is a lead byte and up to three bytes 10xxxxxx, whose number the lead byte tells.
        private static ReadOnlySpan<byte> WholeCharacters(ReadOnlySpan<byte> data)
        {
            int start = 0;
            while (start < Math.Min(3, data.Length) && IsTrail(data[start]))
                start++;
            data = data[start..];

            int lead = data.Length - 1;
            while (lead >= 0 && data.Length - lead < 4 && IsTrail(data[lead]))
                lead--;
            return lead >= 0 && data.Length - lead < LengthOf(data[lead]) ? data[..lead] : data;
        }

        private static bool IsTrail(byte value) => (value & 0xC0) == 0x80;

        private static int LengthOf(byte lead) => lead switch
        {
            >= 0xF0 => 4,
            >= 0xE0 => 3,
            >= 0xC0 => 2,
            _ => 1,
        };
    }

    /// <summary>Bytes.</summary>
    public sealed class Binary : Frame
    {
        /// <summary>Creates a whole message over bytes, which are not copied.</summary>
        public Binary(ReadOnlyMemory<byte> data) : this(true, data) { }

        /// <summary>Creates a message or a fragment over bytes, which are not copied.</summary>
        public Binary(bool fin, ReadOnlyMemory<byte> data, bool rsv1 = false, bool rsv2 = false, bool rsv3 = false) : this(fin, Bits(rsv1, rsv2, rsv3), data, null) { }

        internal Binary(bool fin, ReservedBits reserved, ReadOnlyMemory<byte> data, SharedBuffer? owner) : base(FrameType.Binary, fin, reserved, data, owner) { }

        internal Binary(bool fin, ReservedBits reserved, SharedBuffer owner, int offset, int length) : base(FrameType.Binary, fin, reserved, owner, offset, length) { }

        /// <summary>Gives the payload to a pattern, such as <c>case Frame.Binary(var data)</c>. Never throws.</summary>
        /// <param name="data">
        /// The payload, as <see cref="Data"/> has it: not copied, and empty once the frame is recycled.
        /// </param>
        public void Deconstruct(out ReadOnlyMemory<byte> data) => data = Data;
    }

    /// <summary>Begins or answers the closing handshake.</summary>
    public sealed class Close : Frame
    {
        /// <summary>Creates a Close without a code.</summary>
        public Close() : this(ReadOnlyMemory<byte>.Empty) { }

        /// <summary>Creates a Close that says why.</summary>
        /// <exception cref="ArgumentException">The code must not be sent.</exception>
        public Close(CloseReason reason) : this(Encode(reason)) { }

        /// <summary>Creates a Close over a payload as it stands on the wire.</summary>
        /// <exception cref="ArgumentException">The payload is longer than 125 bytes.</exception>
        public Close(ReadOnlyMemory<byte> data) : this(data, null) { }

        internal Close(ReadOnlyMemory<byte> data, SharedBuffer? owner) : base(FrameType.Close, true, ReservedBits.None, Control(data), owner) { }

        /// <summary>The reason; null if there is none, or if the payload (of a frame that was not received) is not a legal one.</summary>
        public CloseReason? ReadReason() => !Data.IsEmpty && ClosePayload.TryParse(Data.Span, out CloseReason? reason, out _) ? reason : null;
    }

    /// <summary>Asks for a pong.</summary>
    public sealed class Ping : Frame
    {
        /// <summary>Creates a ping without a payload.</summary>
        public Ping() : this(ReadOnlyMemory<byte>.Empty) { }

        /// <summary>Creates a ping.</summary>
        /// <exception cref="ArgumentException">The payload is longer than 125 bytes.</exception>
        public Ping(ReadOnlyMemory<byte> data) : this(data, null) { }

        internal Ping(ReadOnlyMemory<byte> data, SharedBuffer? owner) : base(FrameType.Ping, true, ReservedBits.None, Control(data), owner) { }
    }

    /// <summary>Answers a ping, or says "alive" unasked.</summary>
    public sealed class Pong : Frame
    {
        /// <summary>Creates a pong without a payload.</summary>
        public Pong() : this(ReadOnlyMemory<byte>.Empty) { }

        /// <summary>Creates a pong.</summary>
        /// <exception cref="ArgumentException">The payload is longer than 125 bytes.</exception>
        public Pong(ReadOnlyMemory<byte> data) : this(data, null) { }

        internal Pong(ReadOnlyMemory<byte> data, SharedBuffer? owner) : base(FrameType.Pong, true, ReservedBits.None, Control(data), owner) { }
    }
}
