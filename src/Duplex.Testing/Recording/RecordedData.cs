using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Duplex.Protocol;

namespace Duplex.Testing;

/// <summary>How the payload of a frame stands in JSON: as text where it is some, as base64 otherwise.</summary>
internal static class RecordedData
{
    public static bool IsText(RecordedFrame frame) =>
        frame is { Opcode: Opcode.Text, IsCompressed: false, Payload: { } payload } && Utf8.IsValid(payload.Span);

    /// <summary>What the reserved bits are in a file: 4 for RSV1, 2 for RSV2, 1 for RSV3.</summary>
    public static int NumberOf(ReservedBits bits) => (int)bits / (int)ReservedBits.Rsv3;

    public static ReservedBits BitsOf(int number) => (ReservedBits)(number * (int)ReservedBits.Rsv3);

    public static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, RecordedFrame frame)
    {
        ReadOnlySpan<byte> payload = frame.Payload.GetValueOrDefault().Span;
        if (IsText(frame))
            json.WriteString(name, payload);
        else
            json.WriteBase64String(name, payload);
    }

    public static ReadOnlyMemory<byte> Read(JsonPlace json, string name, bool isBase64) => isBase64
        ? json.Base64(name)
        : Encoding.UTF8.GetBytes(json.String(name));
}
