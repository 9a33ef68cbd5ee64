namespace Duplex.Benchmarks;

/// <summary>Bytes as received from a connection.</summary>
internal static class Wire
{
    /// <summary>Returns consecutive frames of one size.</summary>
    public static byte[] Frames(WebSocketRole sender, Opcode opcode, int size, int count)
    {
        using var writer = new FrameWriter(sender);
        byte[] payload = new byte[size];
        payload.AsSpan().Fill((byte)'q');
        for (int i = 0; i < count; i++)
            writer.Write(opcode, payload);
        ArraySegment<byte> written = writer.Take();
        byte[] bytes = written.ToArray();
        writer.Return(written);
        return bytes;
    }
}
