using System.Text;

namespace Duplex;

/// <summary>
/// One WebSocket frame: on a default session a whole message or a sent control frame, on a raw session a frame of the
/// wire. Match on its kind: <c>case Frame.Text text</c>.
/// </summary>
/// <remarks>
/// The caller owns each received frame; frames are never reused. <see cref="Recycle"/> is optional. Reading is
/// thread-safe unless another thread calls it.
/// </remarks>
public abstract class Frame
{
    private static readonly UTF8Encoding StrictUtf8 =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte _bits; // FIN in the lowest bit, RSV1-3 at their wire positions

    // Taken atomically by the first caller of Recycle; null for memory that is not pooled.
    private SharedBuffer? _owner;

    // Cleared only by the caller that took the owner.
    private ReadOnlyMemory<byte> _data;

    private Frame(FrameType type, bool fin, ReservedBits reserved, ReadOnlyMemory<byte> data, SharedBuffer? owner)
    {
        Type = type;
        _bits = (byte)((byte)reserved | (fin ? 1 : 0));
        _data = data;
        _owner = owner;
    }

    // Builds the memory here: copying one just built would read it before its stores complete, which stalls.
    private Frame(FrameType type, bool fin, ReservedBits reserved, SharedBuffer owner, int offset, int length)
    {
        Type = type;
        _bits = (byte)((byte)reserved | (fin ? 1 : 0));
        _data = new ReadOnlyMemory<byte>(owner.Array, offset, length);
        _owner = owner;
    }

    /// <summary>The frame's type.</summary>
    public FrameType Type { get; }

    /// <summary>
    /// Whether the frame is its message's last; always true for control frames and frames received on a default
    /// session.
    /// </summary>
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

    /// <summary>The payload, unmasked and not copied; empty after <see cref="Recycle"/>.</summary>
    public ReadOnlyMemory<byte> Data => _data;

    /// <summary>Returns a copy of the payload.</summary>
    public byte[] ReadBytes() => _data.ToArray();

    /// <summary>Returns a frame with a copy of the payload, which recycling this one does not affect.</summary>
    public Frame Copy() => Create(Type, Fin, Reserved, _data.ToArray(), owner: null);

    /// <summary>
    /// Returns a received payload's memory to the pool early; <see cref="Data"/> is then empty. Any thread may call it,
    /// repeatedly; it does nothing without pooled memory.
    /// </summary>
    public void Recycle()
    {
        if (Interlocked.Exchange(ref _owner, null) is not { } owner)
            return;
        _data = default;
        owner.Release();
    }

    /// <summary>
    /// Creates a frame; control frames ignore <paramref name="fin"/> and <paramref name="reserved"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is unknown, or a bit is not reserved.</exception>
    /// <exception cref="ArgumentException">The payload of a control frame exceeds 125 bytes.</exception>
    public static Frame Create(
        FrameType type, bool fin, ReadOnlyMemory<byte> data, ReservedBits reserved = ReservedBits.None)
    {
        // Any other bit would change the opcode on the wire.
        if ((reserved & ~(ReservedBits.Rsv1 | ReservedBits.Rsv2 | ReservedBits.Rsv3)) != 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(reserved), reserved, "A frame has the reserved bits Rsv1, Rsv2 and Rsv3, and no others.");
        }

        return Create(type, fin, reserved, data, owner: null);
    }

    internal static Frame Create(
        FrameType type, bool fin, ReservedBits reserved, ReadOnlyMemory<byte> data, SharedBuffer? owner) => type switch
        {
            FrameType.Text => new Text(fin, reserved, data, owner),
            FrameType.Binary => new Binary(fin, reserved, data, owner),
            FrameType.Close => new Close(data, owner),
            FrameType.Ping => new Ping(data, owner),
            FrameType.Pong => new Pong(data, owner),
            _ => throw new ArgumentOutOfRangeException(
                nameof(type), type, "A frame is a text, binary, close, ping or pong frame."),
        };

    internal static Frame Create(
        FrameType type, bool fin, ReservedBits reserved, SharedBuffer owner, int offset, int length) =>
        type == FrameType.Text
            ? new Text(fin, reserved, owner, offset, length)
            : new Binary(fin, reserved, owner, offset, length);

    /// <summary>Returns the type, the FIN bit and the payload's length, never the payload.</summary>
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
            throw new ArgumentException(
                "The text holds half of a surrogate pair, which UTF-8 cannot carry. " +
                "Send whole characters, or send bytes.",
                nameof(text),
                e);
        }
    }

    // RFC 6455 §5.5: "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented."
    private static ReadOnlyMemory<byte> Control(ReadOnlyMemory<byte> data) =>
        data.Length <= FrameHeader.MaxControlPayload
            ? data
            : throw new ArgumentException(
                $"A control frame takes at most {FrameHeader.MaxControlPayload} bytes (RFC 6455 §5.5), " +
                $"not {data.Length}.",
                nameof(data));

    private static ReadOnlyMemory<byte> Encode(CloseReason reason)
    {
        byte[] payload = new byte[FrameHeader.MaxControlPayload];
        return payload.AsMemory(0, ClosePayload.Write(reason, payload));
    }

    private static ReservedBits Bits(bool rsv1, bool rsv2, bool rsv3) =>
        (rsv1 ? ReservedBits.Rsv1 : 0) | (rsv2 ? ReservedBits.Rsv2 : 0) | (rsv3 ? ReservedBits.Rsv3 : 0);

    /// <summary>A frame of UTF-8 text.</summary>
    public sealed class Text : Frame
    {
        /// <summary>Creates a whole message.</summary>
        /// <exception cref="ArgumentException">The text contains an unpaired surrogate.</exception>
        public Text(string text) : this(true, Encode(text)) { }

        /// <summary>Creates a message or fragment of UTF-8 bytes, uncopied. A character may span fragments.</summary>
        public Text(bool fin, ReadOnlyMemory<byte> data, bool rsv1 = false, bool rsv2 = false, bool rsv3 = false)
            : this(fin, Bits(rsv1, rsv2, rsv3), data, null) { }

        internal Text(bool fin, ReservedBits reserved, ReadOnlyMemory<byte> data, SharedBuffer? owner)
            : base(FrameType.Text, fin, reserved, data, owner) { }

        internal Text(bool fin, ReservedBits reserved, SharedBuffer owner, int offset, int length)
            : base(FrameType.Text, fin, reserved, owner, offset, length) { }

        /// <summary>Returns the text.</summary>
        /// <exception cref="InvalidOperationException">
        /// The frame is a fragment, whose first and last characters may be split.
        /// </exception>
        public string ReadText() => Fin
            ? Encoding.UTF8.GetString(Data.Span)
            : throw new InvalidOperationException(
                "Text can only be read from a whole message; this frame is a fragment of one. " +
                "Join the fragments' Data first.");

        /// <summary>
        /// Deconstructs the frame into its text, as in <c>case Frame.Text(var text)</c>. Never throws.
        /// </summary>
        /// <remarks>Omits split characters at a fragment's ends.</remarks>
        /// <param name="text">The text; empty after the frame is recycled.</param>
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

        // RFC 3629 §3: a character is a lead byte, which encodes the length, and up to three bytes 10xxxxxx.
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

    /// <summary>A frame of bytes.</summary>
    public sealed class Binary : Frame
    {
        /// <summary>Creates a whole message of bytes, uncopied.</summary>
        public Binary(ReadOnlyMemory<byte> data) : this(true, data) { }

        /// <summary>Creates a message or fragment of bytes, uncopied.</summary>
        public Binary(bool fin, ReadOnlyMemory<byte> data, bool rsv1 = false, bool rsv2 = false, bool rsv3 = false)
            : this(fin, Bits(rsv1, rsv2, rsv3), data, null) { }

        internal Binary(bool fin, ReservedBits reserved, ReadOnlyMemory<byte> data, SharedBuffer? owner)
            : base(FrameType.Binary, fin, reserved, data, owner) { }

        internal Binary(bool fin, ReservedBits reserved, SharedBuffer owner, int offset, int length)
            : base(FrameType.Binary, fin, reserved, owner, offset, length) { }

        /// <summary>
        /// Deconstructs the frame into its payload, as in <c>case Frame.Binary(var data)</c>. Never throws.
        /// </summary>
        /// <param name="data">The same memory as <see cref="Data"/>; empty after the frame is recycled.</param>
        public void Deconstruct(out ReadOnlyMemory<byte> data) => data = Data;
    }

    /// <summary>A frame that begins or answers the close handshake.</summary>
    public sealed class Close : Frame
    {
        /// <summary>Creates a Close without a code.</summary>
        public Close() : this(ReadOnlyMemory<byte>.Empty) { }

        /// <summary>Creates a Close with a code and a text.</summary>
        /// <exception cref="ArgumentException">The code must not be sent.</exception>
        public Close(CloseReason reason) : this(Encode(reason)) { }

        /// <summary>Creates a Close with the given payload.</summary>
        /// <exception cref="ArgumentException">The payload exceeds 125 bytes.</exception>
        public Close(ReadOnlyMemory<byte> data) : this(data, null) { }

        internal Close(ReadOnlyMemory<byte> data, SharedBuffer? owner)
            : base(FrameType.Close, true, ReservedBits.None, Control(data), owner) { }

        /// <summary>
        /// Returns the reason; null without one, or if the payload of a frame that was not received is invalid.
        /// </summary>
        public CloseReason? ReadReason() =>
            !Data.IsEmpty && ClosePayload.TryParse(Data.Span, out CloseReason? reason, out _) ? reason : null;
    }

    /// <summary>A frame that asks the peer for a pong.</summary>
    public sealed class Ping : Frame
    {
        /// <summary>Creates a ping without a payload.</summary>
        public Ping() : this(ReadOnlyMemory<byte>.Empty) { }

        /// <summary>Creates a ping.</summary>
        /// <exception cref="ArgumentException">The payload exceeds 125 bytes.</exception>
        public Ping(ReadOnlyMemory<byte> data) : this(data, null) { }

        internal Ping(ReadOnlyMemory<byte> data, SharedBuffer? owner)
            : base(FrameType.Ping, true, ReservedBits.None, Control(data), owner) { }
    }

    /// <summary>A frame that answers a ping, or is sent unsolicited as a heartbeat.</summary>
    public sealed class Pong : Frame
    {
        /// <summary>Creates a pong without a payload.</summary>
        public Pong() : this(ReadOnlyMemory<byte>.Empty) { }

        /// <summary>Creates a pong.</summary>
        /// <exception cref="ArgumentException">The payload exceeds 125 bytes.</exception>
        public Pong(ReadOnlyMemory<byte> data) : this(data, null) { }

        internal Pong(ReadOnlyMemory<byte> data, SharedBuffer? owner)
            : base(FrameType.Pong, true, ReservedBits.None, Control(data), owner) { }
    }
}
