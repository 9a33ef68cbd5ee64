namespace Duplex.Tests;

/// <summary>Frames as bytes.</summary>
internal static class Wired
{
    /// <summary>A frame of a server, or masked of a client.</summary>
    public static byte[] Frame(Opcode opcode, ReadOnlySpan<byte> payload, bool fin = true, ReservedBits reserved = ReservedBits.None, bool masked = false)
    {
        using var writer = new FrameWriter(masked ? WebSocketRole.Client : WebSocketRole.Server);
        writer.Write(opcode, payload, fin, reserved);
        ArraySegment<byte> bytes = writer.Take();
        byte[] frame = [.. bytes];
        writer.Return(bytes);
        return frame;
    }

    public static byte[] Text(string text, bool masked = false) => Frame(Opcode.Text, System.Text.Encoding.UTF8.GetBytes(text), masked: masked);
}
