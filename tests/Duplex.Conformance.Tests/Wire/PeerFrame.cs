using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Duplex.Tests;

/// <summary>A frame that a scripted peer sends, legal or not: coded as RFC 6455 §5.2 draws it, apart from the code under test.</summary>
/// <param name="Opcode">The four bits, whatever they mean.</param>
/// <param name="Payload">What it carries, or would carry.</param>
internal sealed record PeerFrame(int Opcode, byte[] Payload)
{
    /// <summary>Whether it is its message's last.</summary>
    public bool Fin { get; init; } = true;

    /// <summary>RSV1 is 4, RSV2 is 2, RSV3 is 1.</summary>
    public int Reserved { get; init; }

    /// <summary>Whether it is masked; null for what the peer's role demands.</summary>
    public bool? Masked { get; init; }

    /// <summary>The mask key in the order of the wire.</summary>
    public uint Key { get; init; } = 0x37FA213D; // the RFC's own, §5.7

    /// <summary>The length that the header tells; null for the payload's.</summary>
    public ulong? Declared { get; init; }

    /// <summary>How many bytes code the length beside the seven bits: 0, 2 or 8; null for the fewest.</summary>
    public int? LengthSize { get; init; }

    /// <summary>How many bytes of the header are sent, and nothing behind them; null for all.</summary>
    public int? HeaderBytes { get; init; }

    /// <summary>How many bytes of the payload are sent; null for all.</summary>
    public int? PayloadBytes { get; init; }

    public static PeerFrame Text(string text) => Text(System.Text.Encoding.UTF8.GetBytes(text));

    public static PeerFrame Text(byte[] utf8) => new(0x1, utf8);

    public static PeerFrame Binary(params byte[] bytes) => new(0x2, bytes);

    public static PeerFrame Continuation(params byte[] bytes) => new(0x0, bytes);

    public static PeerFrame Continuation(string text) => new(0x0, System.Text.Encoding.UTF8.GetBytes(text));

    public static PeerFrame Ping(params byte[] bytes) => new(0x9, bytes);

    public static PeerFrame Pong(params byte[] bytes) => new(0xA, bytes);

    /// <summary>A Close with any body.</summary>
    public static PeerFrame CloseOf(params byte[] body) => new(0x8, body);

    public static PeerFrame Close(int code, string text = "") => CloseOf([(byte)(code >> 8), (byte)code, .. System.Text.Encoding.UTF8.GetBytes(text)]);

    /// <summary>A message, or the first frame of one, whose payload is compressed already.</summary>
    public static PeerFrame Compressed(int opcode, byte[] payload) => new(opcode, payload) { Reserved = 4 };

    /// <summary>The same frame as one that more of its message follows.</summary>
    public PeerFrame More => this with { Fin = false };

    /// <summary>Only the first bytes of the header are sent: they must be enough to judge.</summary>
    public PeerFrame Head(int bytes) => this with { HeaderBytes = bytes };

    /// <summary>The whole header is sent, and only these bytes of the payload: they must be enough to judge.</summary>
    public PeerFrame Cut(int bytes) => this with { PayloadBytes = bytes };

    /// <summary>Whether nothing of the frame is held back.</summary>
    public bool IsWhole => HeaderBytes is null && (PayloadBytes ?? Payload.Length) == Payload.Length && (Declared ?? (ulong)Payload.Length) == (ulong)Payload.Length;

    /// <summary>The bytes that are sent.</summary>
    public byte[] Encode(WebSocketRole sender)
    {
        bool masked = Masked ?? sender == WebSocketRole.Client;
        ulong length = Declared ?? (ulong)Payload.Length;
        int lengthSize = LengthSize ?? (length < 126 ? 0 : length <= 0xFFFF ? 2 : 8);
        byte[] wide = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(wide, length);
        byte[] key = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(key, Key);
        byte[] header =
        [
            (byte)((Fin ? 0x80 : 0) | (Reserved << 4) | Opcode),
            (byte)((masked ? 0x80 : 0) | (lengthSize switch { 0 => (int)length, 2 => 126, _ => 127 })),
            .. wide[(8 - lengthSize)..],
            .. masked ? key : [],
        ];
        if (HeaderBytes is { } first)
            return header[..first];

        byte[] bytes = new byte[header.Length + (PayloadBytes ?? Payload.Length)];
        header.CopyTo(bytes, 0);
        Span<byte> payload = bytes.AsSpan(header.Length);
        Payload.AsSpan(0, payload.Length).CopyTo(payload);
        if (masked)
            Mask(payload, key);
        return bytes;
    }

    /// <summary>RFC 6455 §5.3, four bytes at a step: large messages shall not make the tests slow.</summary>
    public static void Mask(Span<byte> payload, ReadOnlySpan<byte> key)
    {
        uint four = MemoryMarshal.Read<uint>(key);
        foreach (ref uint step in MemoryMarshal.Cast<byte, uint>(payload))
            step ^= four;
        for (int i = payload.Length & ~3; i < payload.Length; i++)
            payload[i] ^= key[i & 3];
    }

    /// <summary>A message cut into fragments of a size.</summary>
    public static IEnumerable<PeerFrame> Cut(int opcode, byte[] payload, int size)
    {
        for (int at = 0; at < payload.Length; at += size)
            yield return new PeerFrame(at == 0 ? opcode : 0x0, payload[at..Math.Min(at + size, payload.Length)]) { Fin = at + size >= payload.Length };
    }

    public static byte[] Encode(IEnumerable<PeerFrame> frames, WebSocketRole sender)
    {
        using var bytes = new MemoryStream();
        foreach (PeerFrame frame in frames)
            bytes.Write(frame.Encode(sender));
        return bytes.ToArray();
    }
}
