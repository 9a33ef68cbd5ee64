using System.Buffers.Binary;

namespace Duplex.Tests;

/// <summary>A frame of ours as it stood on the wire.</summary>
internal sealed record HeardFrame(int Opcode, bool Fin, int Reserved, uint? Key, int LengthSize, byte[] Payload)
{
    public override string ToString() => Words.Of(Opcode, Fin, Payload);

    /// <summary>Takes a frame off the front of what came; null if it is not all there. Written apart from the code under test.</summary>
    public static HeardFrame? Take(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        if (bytes.Length < 2)
            return null;
        bool masked = bytes[1] >= 0x80;
        int lengthSize = (bytes[1] & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 };
        int start = 2 + lengthSize + (masked ? 4 : 0);
        if (bytes.Length < start)
            return null;
        ulong payloadLength = lengthSize switch
        {
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            8 => BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]),
            _ => (ulong)(bytes[1] & 0x7F),
        };
        if ((ulong)(bytes.Length - start) < payloadLength)
            return null;

        length = start + (int)payloadLength;
        byte[] payload = bytes[start..length].ToArray();
        if (masked)
            PeerFrame.Mask(payload, bytes.Slice(start - 4, 4));
        return new HeardFrame(bytes[0] & 0xF, bytes[0] >= 0x80, (bytes[0] >> 4) & 7, masked ? BinaryPrimitives.ReadUInt32BigEndian(bytes[(start - 4)..]) : null, lengthSize, payload);
    }

    /// <summary>Checks what holds for every frame that we send, whatever the case is about.</summary>
    public HeardFrame Judged(WebSocketRole sender, int allowedReserved)
    {
        // RFC 6455 §5.1: "a client MUST mask all frames that it sends to the server"; "A server MUST NOT mask any frames that it sends to the client."
        Assert.Equal(sender == WebSocketRole.Client, Key.HasValue);

        // §5.2: "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values"; RFC 7692 §6 of RSV1: an endpoint "MUST NOT set" it on control frames and
        // "non-first fragments of a data message".
        Assert.Equal(0, Reserved & ~(Opcode is 0x1 or 0x2 ? allowedReserved : 0));
        Assert.Contains(Opcode, (int[])[0x0, 0x1, 0x2, 0x8, 0x9, 0xA]);

        // §5.2: "in all cases, the minimal number of bytes MUST be used to encode the length".
        Assert.Equal(Payload.Length < 126 ? 0 : Payload.Length <= 0xFFFF ? 2 : 8, LengthSize);

        // §5.5: "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented."
        if (Opcode >= 0x8)
        {
            Assert.True(Fin);
            Assert.InRange(Payload.Length, 0, 125);
        }

        // §5.5.1: "the first two bytes of the body MUST be a 2-byte unsigned integer".
        if (Opcode == 0x8)
            Assert.NotEqual(1, Payload.Length);
        return this;
    }
}
