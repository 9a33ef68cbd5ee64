using System.Runtime.InteropServices;

namespace Duplex.Tests;

/// <summary>The examples of RFC 6455 §5.7, read and written.</summary>
public class RfcExamplesTests
{
    private static FrameValue[] Read(WebSocketRole reader, string hex)
    {
        using var receiver = new Receiver(reader);
        receiver.Feed(hex);
        Assert.Null(receiver.Violation);
        return [.. receiver.Values];
    }

    private static string Written(WebSocketRole role, Action<FrameWriter> write)
    {
        var keys = new MaskKeyPool(destination => MemoryMarshal.Cast<byte, uint>(destination).Fill(MemoryMarshal.Read<uint>(Hex.Bytes("37 fa 21 3d"))));
        using var writer = new FrameWriter(role, keys);
        write(writer);
        ArraySegment<byte> taken = writer.Take();
        string hex = Hex.Text(taken);
        writer.Return(taken);
        return hex;
    }

    private static void AssertBothWays(WebSocketRole sender, string hex, Action<FrameWriter> write, FrameType type, ReadOnlySpan<byte> data)
    {
        WebSocketRole reader = sender == WebSocketRole.Client ? WebSocketRole.Server : WebSocketRole.Client;
        Assert.Equal(FrameValue.Of(type, true, ReservedBits.None, data), Assert.Single(Read(reader, hex)));
        Assert.Equal(Hex.Text(Hex.Bytes(hex)), Written(sender, write));
    }

    [Fact]
    public void A_single_frame_unmasked_text_message() => AssertBothWays(
        WebSocketRole.Server, "81 05 48 65 6c 6c 6f", writer => writer.Write(Opcode.Text, "Hello"u8), FrameType.Text, "Hello"u8);

    [Fact]
    public void A_single_frame_masked_text_message() => AssertBothWays(
        WebSocketRole.Client, "81 85 37 fa 21 3d 7f 9f 4d 51 58", writer => writer.Write(Opcode.Text, "Hello"u8), FrameType.Text, "Hello"u8);

    [Fact]
    public void A_fragmented_unmasked_text_message() => AssertBothWays(
        WebSocketRole.Server,
        "01 03 48 65 6c  80 02 6c 6f",
        writer =>
        {
            writer.Write(Opcode.Text, "Hel"u8, fin: false);
            writer.Write(Opcode.Continuation, "lo"u8);
        },
        FrameType.Text,
        "Hello"u8);

    [Fact]
    public void An_unmasked_ping_request() => AssertBothWays(
        WebSocketRole.Server, "89 05 48 65 6c 6c 6f", writer => writer.Write(Opcode.Ping, "Hello"u8), FrameType.Ping, "Hello"u8);

    [Fact]
    public void A_masked_pong_response() => AssertBothWays(
        WebSocketRole.Client, "8a 85 37 fa 21 3d 7f 9f 4d 51 58", writer => writer.Write(Opcode.Pong, "Hello"u8), FrameType.Pong, "Hello"u8);

    [Fact]
    public void A_256_bytes_binary_message_in_a_single_unmasked_frame() => AssertLarge("82 7E 0100", 256);

    [Fact]
    public void A_64_KiB_binary_message_in_a_single_unmasked_frame() => AssertLarge("82 7F 0000000000010000", 65536);

    private static void AssertLarge(string header, int length)
    {
        byte[] payload = [.. Enumerable.Range(0, length).Select(i => (byte)i)];
        AssertBothWays(WebSocketRole.Server, header + Hex.Text(payload), writer => writer.Write(Opcode.Binary, payload), FrameType.Binary, payload);
    }
}
