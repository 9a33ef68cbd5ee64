using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Duplex.Protocol;

/// <summary>The header of one frame (RFC 6455 §5.2), not validated: <see cref="FrameReader"/> does that.</summary>
/// <remarks>
/// <code>
///  0               1               2               3
///  F R R R opcode  M length (7)    length, 16 or 64 bits if (7) is 126 or 127
///  mask key (32 bits) if M
/// </code>
/// </remarks>
[StructLayout(LayoutKind.Auto)]
public readonly struct FrameHeader : IEquatable<FrameHeader>
{
    /// <summary>The longest header: 2 bytes, a 64-bit length and a mask key.</summary>
    public const int MaxSize = 14;

    /// <summary>
    /// The longest payload of a control frame. RFC 6455 §5.5: "All control frames MUST have a payload length of 125
    /// bytes or less".
    /// </summary>
    public const int MaxControlPayload = 125;

    private const byte FinBit = 0x80; // §5.2: FIN in the first byte
    private const byte ReservedBitsMask = 0x70; // RSV1-3 in the first byte
    private const byte OpcodeMask = 0x0F; // the opcode in the first byte
    private const byte MaskBit = 0x80; // MASK in the second byte
    private const byte LengthMask = 0x7F; // the length in the second byte

    // §5.2: "If 126, the following 2 bytes interpreted as a 16-bit unsigned integer are the payload length."
    private const byte Length16 = 126;

    // §5.2: "If 127, the following 8 bytes interpreted as a 64-bit unsigned integer".
    private const byte Length64 = 127;

    // Four fields, which the JIT keeps in registers; a fifth would force copies through memory.
    private readonly byte _first;
    private readonly byte _second;

    /// <summary>Creates a header to send, with the shortest encoding of the length.</summary>
    public FrameHeader(Opcode opcode, bool fin, ReservedBits reserved, long payloadLength, uint? maskKey = null)
        : this(
            (byte)((fin ? FinBit : 0) | (byte)reserved | (byte)opcode),
            (byte)((maskKey.HasValue ? MaskBit : 0)
                | LengthSizeOf(payloadLength) switch { 0 => (byte)payloadLength, 2 => Length16, _ => Length64 }),
            payloadLength, maskKey.GetValueOrDefault())
    {
    }

    private FrameHeader(byte first, byte second, long payloadLength, uint maskKey)
    {
        _first = first;
        _second = second;
        PayloadLength = payloadLength;
        MaskKey = maskKey;
    }

    /// <summary>Whether the frame is its message's last.</summary>
    public bool Fin => (_first & FinBit) != 0;

    /// <summary>The reserved bits that are set.</summary>
    public ReservedBits Reserved => (ReservedBits)(_first & ReservedBitsMask);

    /// <summary>The opcode, possibly a reserved one.</summary>
    public Opcode Opcode => (Opcode)(_first & OpcodeMask);

    /// <summary>
    /// Whether this is a control frame. §5.5: "Control frames are identified by opcodes where the most significant bit
    /// of the opcode is 1."
    /// </summary>
    public bool IsControl => (_first & 0x8) != 0;

    /// <summary>Whether this is a message of one frame.</summary>
    internal bool IsMessage => Fin && Opcode is Opcode.Text or Opcode.Binary;

    /// <summary>
    /// The payload's length in bytes; negative if its most significant bit is set, which §5.2 forbids.
    /// </summary>
    public long PayloadLength { get; }

    /// <summary>Whether the payload is masked.</summary>
    public bool Masked => (_second & MaskBit) != 0;

    /// <summary>The mask key in native byte order; 0 without a mask.</summary>
    public uint MaskKey { get; }

    /// <summary>The extended length's size in bytes: 0, 2 or 8.</summary>
    public byte LengthSize => LengthSizeIn(_second);

    /// <summary>The header's size in bytes.</summary>
    public int Size => 2 + LengthSize + (Masked ? 4 : 0);

    /// <summary>§5.2: "in all cases, the minimal number of bytes MUST be used to encode the length".</summary>
    public bool IsMinimal => LengthSize == LengthSizeOf(PayloadLength);

    /// <summary>Reads a header from the start of <paramref name="source"/>; false if it is incomplete.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // keeps the fields in registers, with any JIT profile
    public static bool TryParse(ReadOnlySpan<byte> source, out FrameHeader header)
    {
        header = default;
        if (source.Length < 2)
            return false;

        byte second = source[1];
        int lengthSize = LengthSizeIn(second);
        bool masked = (second & MaskBit) != 0;
        if (source.Length < 2 + lengthSize + (masked ? 4 : 0))
            return false;

        long length = lengthSize switch
        {
            2 => BinaryPrimitives.ReadUInt16BigEndian(source[2..]),
            8 => BinaryPrimitives.ReadInt64BigEndian(source[2..]),
            _ => second & LengthMask,
        };
        uint maskKey = masked ? MemoryMarshal.Read<uint>(source[(2 + lengthSize)..]) : 0;
        header = new FrameHeader(source[0], second, length, maskKey);
        return true;
    }

    /// <summary>Writes the header and returns its size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The destination is shorter than <see cref="Size"/>.</exception>
    public int Write(Span<byte> destination)
    {
        destination[0] = _first;
        destination[1] = _second;
        if (LengthSize == 2)
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)PayloadLength);
        else if (LengthSize == 8)
            BinaryPrimitives.WriteInt64BigEndian(destination[2..], PayloadLength);
        if (Masked)
            MemoryMarshal.Write(destination[(2 + LengthSize)..], MaskKey);
        return Size;
    }

    /// <inheritdoc/>
    public bool Equals(FrameHeader other) =>
        _first == other._first && _second == other._second
            && PayloadLength == other.PayloadLength && MaskKey == other.MaskKey;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is FrameHeader other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_first, _second, PayloadLength, MaskKey);

    /// <summary>Compares with the encoding of the length.</summary>
    public static bool operator ==(FrameHeader left, FrameHeader right) => left.Equals(right);

    /// <summary>Compares with the encoding of the length.</summary>
    public static bool operator !=(FrameHeader left, FrameHeader right) => !left.Equals(right);

    private static byte LengthSizeIn(byte second) =>
        (second & LengthMask) switch { < Length16 => 0, Length16 => 2, _ => 8 };

    private static byte LengthSizeOf(long length) => length switch
    {
        >= 0 and < Length16 => 0,
        >= 0 and <= ushort.MaxValue => 2,
        _ => 8,
    };
}
