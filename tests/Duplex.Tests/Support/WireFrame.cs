using System.Text;

namespace Duplex.Tests;

/// <summary>One frame as it stands on the wire, its payload unmasked.</summary>
internal sealed record WireFrame(Opcode Opcode, bool Fin, byte[] Payload)
{
    public ReservedBits Reserved { get; init; }

    /// <summary>The payload as ASCII.</summary>
    public string Text => Encoding.ASCII.GetString(Payload);

    /// <summary>Takes bytes apart; they must be whole frames and nothing else.</summary>
    public static List<WireFrame> ParseAll(ReadOnlySpan<byte> bytes)
    {
        List<WireFrame> frames = [];
        while (!bytes.IsEmpty)
        {
            if (!FrameHeader.TryParse(bytes, out FrameHeader header) || bytes.Length < header.Size + header.PayloadLength)
                throw new InvalidDataException($"The {bytes.Length} bytes behind {frames.Count} frames are no whole frame.");
            byte[] payload = bytes.Slice(header.Size, (int)header.PayloadLength).ToArray();
            if (header.Masked)
                PayloadMask.Copy(payload, payload, header.MaskKey);
            frames.Add(new WireFrame(header.Opcode, header.Fin, payload) { Reserved = header.Reserved });
            bytes = bytes[(header.Size + payload.Length)..];
        }

        return frames;
    }

    /// <summary>Opcode, fin if it is unset, and a short payload: for comparing sequences at a glance.</summary>
    public override string ToString() => $"{Opcode}{(Fin ? "" : "+")}({(Payload.Length <= 8 ? Text : Payload.Length)})";
}
