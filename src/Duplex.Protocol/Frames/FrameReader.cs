using System.Runtime.CompilerServices;

namespace Duplex.Protocol;

/// <summary>
/// Parses frames out of bytes as they come, and judges each header before anybody reserves memory for it: every MUST of RFC 6455 §5 that a header can break.
/// It owns no buffer and never waits; the caller brings the bytes.
/// </summary>
/// <remarks>Not thread-safe, save for <see cref="MaxFrameSize"/>.</remarks>
public sealed class FrameReader
{
    private readonly WebSocketRole _role;
    private readonly ReservedBits _ownedBits;
    private readonly ReservedBits _continuationBits;

    // Set by any thread, read by the one that reads.
    private long _maxFrameSize;

    // All below only touched by the thread that reads.
    private FrameHeader _header;
    private FrameType _type;
    private FrameType? _openMessage; // the type of the message whose continuation must come next
    private uint _key;

    /// <summary>Creates a reader.</summary>
    /// <param name="role">Our own role: a client takes unmasked frames, a server masked ones.</param>
    /// <param name="maxFrameSize">The largest payload of a frame in bytes, as in <see cref="MaxFrameSize"/>.</param>
    /// <param name="ownedBits">The reserved bits of data frames that negotiated extensions own; any other is a violation.</param>
    /// <param name="continuationBits">Those of them that have a meaning on frames that continue a message, too.</param>
    public FrameReader(
        WebSocketRole role, long maxFrameSize = WebSocketLimits.DefaultMaxSize, ReservedBits ownedBits = ReservedBits.None, ReservedBits continuationBits = ReservedBits.None)
    {
        _role = role;
        _ownedBits = ownedBits;
        _continuationBits = continuationBits;
        MaxFrameSize = maxFrameSize;
    }

    /// <summary>
    /// The largest payload of a frame in bytes, at least 1. Settable at any time, by any thread; it is asked at each
    /// header. A caller that assembles a frame in one array checks that it fits.
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

    /// <summary>The most payload bytes of a piece: for whoever makes much of little, and wants to be asked in between.</summary>
    internal int MaxPiece { get; init; } = int.MaxValue;

    /// <summary>How many payload bytes of the frame in progress have not come yet; 0 between frames.</summary>
    public long Remaining { get; private set; }

    /// <summary>Whether the frame in progress is a control frame.</summary>
    internal bool InControlFrame => Remaining > 0 && _header.IsControl;

    /// <summary>The header that was parsed last: of the frame in progress, or the one that was judged too large.</summary>
    internal ref readonly FrameHeader Header => ref _header;

    /// <summary>What the peer did wrong, once it did: nothing is parsed after it.</summary>
    public ProtocolViolation? Violation { get; private set; }

    /// <summary>Takes the next piece off the front of <paramref name="input"/>, unmasking it in place.</summary>
    /// <returns>False if more bytes are needed (a rest of at most 13 bytes stays in <paramref name="input"/>), or if <see cref="Violation"/> is set.</returns>
    public bool TryRead(ref Span<byte> input, out FramePiece piece)
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
        Remaining -= payload.Length;
        if (_header.Masked)
            _key = PayloadMask.Copy(payload, payload, _key);
        piece = new FramePiece(in _header, _type, payload, starts, ends: Remaining == 0);
        return true;
    }

    private bool TryReadHeader(ref Span<byte> input)
    {
        // The first two bytes are judged as soon as they come: a peer that breaks the rules is told before the rest of its header arrives.
        if (Violation is not null || input.IsEmpty || Breaks(JudgeFirst(input[0])) || (input.Length > 1 && Breaks(JudgeSecond(input[0], input[1]))))
            return false;

        // Into its field at once: read back in one move while its parts are still on their way to memory, it would stall.
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)] // nearly all frames end here
    private ProtocolViolation? JudgeFirst(byte first)
    {
        // Most frames are a message, or a part of one, and set no reserved bit.
        if ((first & 0x7F) is (int)Opcode.Text or (int)Opcode.Binary && _openMessage is null)
            return null;
        return JudgeFirstInFull(first);
    }

    private ProtocolViolation? JudgeFirstInFull(byte first)
    {
        bool fin = (first & 0x80) != 0;
        var reserved = (ReservedBits)(first & 0x70);
        int opcode = first & 0x0F;

        // §5.2: "If a nonzero value is received and none of the negotiated extensions defines the meaning of such a nonzero value, the receiving endpoint MUST
        // _Fail the WebSocket Connection_."
        if ((reserved & ~_ownedBits) != 0)
            return ProtocolViolation.Protocol($"a frame has {(reserved & ~_ownedBits).InWords()} set, which no negotiated extension owns");

        // Extensions transform messages, so none gives such a bit a meaning here. RFC 7692 §6 says so of RSV1: "An endpoint MUST NOT set the "Per-Message Compressed" bit of
        // control frames and non-first fragments of a data message. An endpoint receiving such a frame MUST _Fail the WebSocket Connection_."
        if (opcode == (int)Opcode.Continuation && (reserved & ~_continuationBits) != 0)
            return ProtocolViolation.Protocol($"a continuation frame has {(reserved & ~_continuationBits).InWords()} set, which extensions own only on the first frame of a message");
        if (reserved != 0 && (opcode & 0x8) != 0)
            return ProtocolViolation.Protocol($"a control frame has {reserved.InWords()} set, which extensions own only on data frames");

        switch (opcode)
        {
            // §5.4: a message is one frame "with the FIN bit clear and an opcode other than 0, followed by zero or more frames with the FIN bit clear and the opcode set to 0,
            // and terminated by a single frame with the FIN bit set and an opcode of 0."
            case (int)Opcode.Continuation when _openMessage is null:
                return ProtocolViolation.Protocol("a continuation frame came while no message was begun");
            case (int)Opcode.Text or (int)Opcode.Binary when _openMessage is not null:
                return ProtocolViolation.Protocol("a new message began before the last fragment of the one in progress");
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

        // §5.1: "A client MUST close a connection if it detects a masked frame." "The server MUST close the connection upon receiving a frame that is not masked."
        if (masked && _role == WebSocketRole.Client)
            return ProtocolViolation.Protocol("the server masked a frame");
        if (!masked && _role == WebSocketRole.Server)
            return ProtocolViolation.Protocol("the client did not mask a frame");

        int length = second & 0x7F;
        if ((first & 0x08) != 0 && length > FrameHeader.MaxControlPayload)
            return ProtocolViolation.Protocol($"a control frame declares more than {FrameHeader.MaxControlPayload} bytes");

        // §5.5.1: "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer".
        if ((first & 0x0F) == (int)Opcode.Close && length == 1)
            return ProtocolViolation.Protocol("a Close frame has a payload of 1 byte; it takes none, or a 2-byte code and a text");
        return null;
    }

    private ProtocolViolation? JudgeLength(in FrameHeader header)
    {
        // §5.2: "the most significant bit MUST be 0".
        if (header.PayloadLength < 0)
            return ProtocolViolation.Protocol("a frame's 64-bit length has its most significant bit set");
        if (!header.IsMinimal)
            return ProtocolViolation.Protocol($"a frame's length of {header.PayloadLength} is not coded in the fewest bytes");
        long limit = MaxFrameSize;
        return header.PayloadLength > limit ? ProtocolViolation.TooBig("MaxFrameSize", limit, header.PayloadLength) : null;
    }
}
