using System.Security.Cryptography;
using System.Text;

namespace Duplex.Tests;

/// <summary>Messages and frames in words, so that what came and what was to come can be compared, and read.</summary>
internal static class Words
{
    // What a line of an error still shows well; longer payloads are told by their length and hash.
    private const int LongestShown = 48;

    public static string Text(string text) => Text(Encoding.UTF8.GetBytes(text));

    public static string Text(ReadOnlySpan<byte> utf8) => utf8.Length <= LongestShown ? $"text '{Encoding.UTF8.GetString(utf8)}'" : Long("text", utf8);

    public static string Binary(params ReadOnlySpan<byte> bytes) => Bytes("binary", bytes);

    public static string Ping(params ReadOnlySpan<byte> bytes) => Bytes("ping", bytes);

    public static string Pong(params ReadOnlySpan<byte> bytes) => Bytes("pong", bytes);

    public static string Close(int code, string text = "") => text.Length == 0 ? $"close {code}" : $"close {code} '{text}'";

    public const string EmptyClose = "close";

    /// <summary>A message that a session gave to its user.</summary>
    public static string Of(Frame frame) => frame.Type == FrameType.Text ? Text(frame.Data.Span) : Binary(frame.Data.Span);

    /// <summary>A frame on the wire. A continuation and a frame without FIN say so.</summary>
    public static string Of(int opcode, bool fin, ReadOnlySpan<byte> payload)
    {
        string words = opcode switch
        {
            0x0 => Bytes("continuation", payload),
            0x1 => Text(payload),
            0x2 => Binary(payload),
            0x8 when payload.IsEmpty => EmptyClose,
            0x8 => Close((payload[0] << 8) | payload[1], Encoding.UTF8.GetString(payload[2..])),
            0x9 => Ping(payload),
            0xA => Pong(payload),
            _ => Bytes($"opcode {opcode:X}", payload),
        };
        return fin ? words : words + " ...";
    }

    private static string Bytes(string kind, ReadOnlySpan<byte> bytes) =>
        bytes.IsEmpty ? $"empty {kind}" : bytes.Length <= LongestShown ? $"{kind} {Convert.ToHexString(bytes)}" : Long(kind, bytes);

    private static string Long(string kind, ReadOnlySpan<byte> bytes) => $"{kind} of {bytes.Length} bytes, {Convert.ToHexString(SHA256.HashData(bytes)[..4])}";
}
