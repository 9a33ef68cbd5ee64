using System.Runtime.CompilerServices;

namespace Duplex.Protocol;

/// <summary>
/// Parses frames as their bytes arrive, and validates each header (RFC 6455 §5) before memory is allocated for the
/// payload. It has no buffer and never waits.
/// </summary>
/// <remarks>Not thread-safe, except for <see cref="MaxFrameSize"/>.</remarks>
public sealed class FrameReader
{
    private readonly WebSocketRole _role;
    private readonly ReservedBits _ownedBits;
    private readonly ReservedBits _continuationBits;

    // Set by any thread, read by the reading thread.
    private long _maxFrameSize;

    // Accessed only by the reading thread.
    private FrameHeader _header;
    private FrameType _type;
    private FrameType? _openMessage;
    private uint _key;

    /// <summary>Creates a reader.</summary>
    /// <param name="role">Our own role: a client accepts unmasked frames, a server masked ones.</param>
    /// <param name="maxFrameSize">See <see cref="MaxFrameSize"/>.</param>
    /// <param name="ownedBits">The reserved bits of negotiated extensions; others are violations.</param>
    /// <param name="continuationBits">Those of them that are legal on continuation frames.</param>
    public FrameReader(
        WebSocketRole role,
        long maxFrameSize = WebSocketLimits.DefaultMaxSize,
        ReservedBits ownedBits = ReservedBits.None,
        ReservedBits continuationBits = ReservedBits.None)
    {
        _role = role;
        _ownedBits = ownedBits;
        _continuationBits = continuationBits;
        MaxFrameSize = maxFrameSize;
    }

    /// <summary>
    /// The largest payload of a frame in bytes. Any thread may set it; it applies from the next header. A caller that
    /// collects a frame in one array must check that it fits.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is zero or negative.</exception>
    public long MaxFrameSize
    {
        get => Volatile.Read(ref _maxFrameSize);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            Volatile.Write(ref _maxFrameSize, value);
        }
    }

    internal int MaxPiece { get; init; } = int.MaxValue;

    /// <summary>The payload bytes of the current frame that have not arrived; 0 between frames.</summary>
    public long Remaining { get; private set; }

    internal bool InControlFrame => Remaining > 0 && _header.IsControl;

    /// <summary>Parsed last: of the frame in progress, or of one that was too large.</summary>
    internal ref readonly FrameHeader Header => ref _header;

    /// <summary>The peer's violation, if any; nothing is parsed after it.</summary>
    public ProtocolViolation? Violation { get; private set; }

    /// <summary>Reads the next piece from the start of <paramref name="input"/>, unmasked in place.</summary>
    /// <returns>
    /// False if more bytes are needed (at most 13 then remain), or if <see cref="Violation"/> is set.
    /// </returns>
    public bool TryRead(scoped ref Span<byte> input, out FramePiece piece)
    {
        bool starts = Remaining == 0;
        if (starts)
        {
            if (!TryReadHeader(ref input))
            {
                piece = default;
                return false;
            }
        }
        else if (input.IsEmpty)
        {
            piece = default;
            return false;
        }

        Span<byte> payload = input[..(int)Math.Min(Remaining, Math.Min(input.Length, MaxPiece))];
        input = input[payload.Length..];
        long remaining = Remaining - payload.Length; // reading the field back would wait for its store
        Remaining = remaining;
        if (_header.Masked)
            _key = PayloadMask.Copy(payload, payload, _key);
        piece = new FramePiece(in _header, _type, payload, starts, ends: remaining == 0);
        return true;
    }

    private bool TryReadHeader(scoped ref Span<byte> input)
    {
        // A violation in the first two bytes is reported before the rest of the header arrives.
        if (Violation is not null || input.IsEmpty || Breaks(JudgeFirst(input[0])))
            return false;
        if (input.Length > 1 && Breaks(JudgeSecond(input[0], input[1])))
            return false;

        // Parse into the field: copying the struct would read it before its stores complete, which stalls.
        if (!FrameHeader.TryParse(input, out _header) || Breaks(JudgeLength(_header)))
            return false;

        input = input[_header.Size..];
        _key = _header.MaskKey;
        _type = _header.Opcode == Opcode.Continuation ? _openMessage!.Value : (FrameType)_header.Opcode;
        Remaining = _header.PayloadLength;
        if (!_header.IsControl)
            _openMessage = _header.Fin ? null : _type;
        return true;
    }

    private bool Breaks(ProtocolViolation? violation)
    {
        if (violation is null)
            return false;
        Violation = violation;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)] // the fast path of nearly all frames
    private ProtocolViolation? JudgeFirst(byte first)
    {
        if ((first & 0x7F) is (int)Opcode.Text or (int)Opcode.Binary && _openMessage is null)
            return null;
        return JudgeFirstInFull(first);
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // as JudgeLengthInFull
    private ProtocolViolation? JudgeFirstInFull(byte first)
    {
        bool fin = (first & 0x80) != 0;
        var reserved = (ReservedBits)(first & 0x70);
        int opcode = first & 0x0F;

        // §5.2: "If a nonzero value is received and none of the negotiated extensions defines the meaning of such a
        // nonzero value, the receiving endpoint MUST _Fail the WebSocket Connection_."
        if ((reserved & ~_ownedBits) != 0)
        {
            return ProtocolViolation.Protocol(
                $"a frame has {(reserved & ~_ownedBits).InWords()} set, which no negotiated extension owns");
        }

        // RFC 7692 §6 of RSV1: "An endpoint MUST NOT set the "Per-Message Compressed" bit of control frames and
        // non-first fragments of a data message. An endpoint receiving such a frame MUST _Fail the WebSocket
        // Connection_."
        if (opcode == (int)Opcode.Continuation && (reserved & ~_continuationBits) != 0)
        {
            return ProtocolViolation.Protocol(
                $"a continuation frame has {(reserved & ~_continuationBits).InWords()} set, " +
                "which extensions own only on the first frame of a message");
        }

        if (reserved != 0 && (opcode & 0x8) != 0)
        {
            return ProtocolViolation.Protocol(
                $"a control frame has {reserved.InWords()} set, which extensions own only on data frames");
        }

        switch (opcode)
        {
            // §5.4: a message is one frame "with the FIN bit clear and an opcode other than 0, followed by zero or more
            // frames with the FIN bit clear and the opcode set to 0, and terminated by a single frame with the FIN bit
            // set and an opcode of 0."
            case (int)Opcode.Continuation when _openMessage is null:
                return ProtocolViolation.Protocol("a continuation frame came while no message was begun");
            case (int)Opcode.Text or (int)Opcode.Binary when _openMessage is not null:
                return ProtocolViolation.Protocol(
                    "a new message began before the last fragment of the one in progress");
            case (int)Opcode.Continuation or (int)Opcode.Text or (int)Opcode.Binary:
                return null;

            // §5.5: "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented."
            case (int)Opcode.Close or (int)Opcode.Ping or (int)Opcode.Pong:
                return fin ? null : ProtocolViolation.Protocol("a control frame is fragmented");

            // §5.2: "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_."
            default:
                return ProtocolViolation.Protocol($"a frame has the reserved opcode 0x{opcode:X}");
        }
    }

    private ProtocolViolation? JudgeSecond(byte first, byte second)
    {
        bool masked = (second & 0x80) != 0;

        // §5.1: "A client MUST close a connection if it detects a masked frame." "The server MUST close the connection
        // upon receiving a frame that is not masked."
        if (masked && _role == WebSocketRole.Client)
            return ProtocolViolation.Protocol("the server masked a frame");
        if (!masked && _role == WebSocketRole.Server)
            return ProtocolViolation.Protocol("the client did not mask a frame");

        int length = second & 0x7F;
        if ((first & 0x08) != 0 && length > FrameHeader.MaxControlPayload)
            return ProtocolViolation.Protocol("a control frame declares more than 125 bytes");

        // §5.5.1: "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer".
        if ((first & 0x0F) == (int)Opcode.Close && length == 1)
        {
            return ProtocolViolation.Protocol(
                "a Close frame has a payload of 1 byte; it takes none, or a 2-byte code and a text");
        }

        return null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)] // the fast path of nearly all frames
    private ProtocolViolation? JudgeLength(in FrameHeader header) =>
        header.IsMinimal && (ulong)header.PayloadLength <= (ulong)MaxFrameSize ? null : JudgeLengthInFull(header);

    [MethodImpl(MethodImplOptions.NoInlining)] // else its caller clears the stack for the text's formatter
    private ProtocolViolation? JudgeLengthInFull(in FrameHeader header)
    {
        // §5.2: "the most significant bit MUST be 0".
        if (header.PayloadLength < 0)
            return ProtocolViolation.Protocol("a frame's 64-bit length has its most significant bit set");
        if (!header.IsMinimal)
        {
            return ProtocolViolation.Protocol(
                $"a frame's length of {header.PayloadLength} is not coded in the fewest bytes");
        }

        long limit = MaxFrameSize;
        return header.PayloadLength > limit
            ? ProtocolViolation.TooBig("MaxFrameSize", limit, header.PayloadLength)
            : null;
    }
}
