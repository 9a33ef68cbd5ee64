using System.Buffers.Binary;

namespace Duplex.Tests;

/// <summary>One frame for the wire, coded byte by byte as RFC 6455 §5.2 draws it: slow, plain, and written apart from the code under test.</summary>
internal sealed record WireFrame(Opcode Opcode, byte[] Payload, bool Fin = true, ReservedBits Reserved = ReservedBits.None)
{
    /// <summary>The key's bytes in the order of the wire.</summary>
    public byte[] Key { get; init; } = [0x37, 0xfa, 0x21, 0x3d];

    /// <summary>The frame's bytes; a client's frames are masked.</summary>
    public byte[] Encode(WebSocketRole sender)
    {
        bool masked = sender == WebSocketRole.Client;
        var bytes = new List<byte> { (byte)((Fin ? 0x80 : 0) | (int)Reserved | (int)Opcode) };
        int maskBit = masked ? 0x80 : 0;
        if (Payload.Length < 126)
        {
            bytes.Add((byte)(maskBit | Payload.Length));
        }
        else if (Payload.Length < 65536)
        {
            byte[] length = new byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)Payload.Length);
            bytes.AddRange([(byte)(maskBit | 126), .. length]);
        }
        else
        {
            byte[] length = new byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(length, (ulong)Payload.Length);
            bytes.AddRange([(byte)(maskBit | 127), .. length]);
        }

        if (!masked)
            return [.. bytes, .. Payload];
        bytes.AddRange(Key);
        return [.. bytes, .. Payload.Select((octet, i) => (byte)(octet ^ Key[i % 4]))];
    }

    public static byte[] Encode(IEnumerable<WireFrame> frames, WebSocketRole sender) => [.. frames.SelectMany(frame => frame.Encode(sender))];
}
