using System.IO.Compression;
using System.Net.Sockets;

namespace Duplex.EndToEnd;

/// <summary>
/// The server's side of compressed workloads, with blocking calls. It compresses once, beforehand, and never
/// decompresses.
/// </summary>
internal static class CompressedWorkloads
{
    private const int BufferSize = 256 * 1024; // as the server's other buffers

    /// <summary>Sends texts that were compressed at the level of the platform's own WebSocket.</summary>
    public static void Flood(Socket socket, int size, long count)
    {
        // No frame refers to data before the first, so the whole run can be repeated; the last run is cut to the count.
        byte[][] frames = Frames(size);
        byte[] all = [.. frames.SelectMany(frame => frame)];
        for (; count >= frames.Length; count -= frames.Length)
            socket.Send(all);
        socket.Send(all.AsSpan(0, frames.Take((int)count).Sum(frame => frame.Length)));
    }

    /// <summary>Receives <paramref name="count"/> messages of one frame each, then answers.</summary>
    public static void Count(Socket socket, long count)
    {
        byte[] buffer = new byte[BufferSize];
        int kept = 0;
        while (count > 0)
        {
            int read = socket.Receive(buffer.AsSpan(kept));
            if (read == 0)
                return;
            int length = kept + read;
            int used = 0;
            while (count > 0
                && FrameHeader.TryParse(buffer.AsSpan(used, length - used), out FrameHeader header)
                && length - used - header.Size >= header.PayloadLength)
            {
                used += header.Size + (int)header.PayloadLength;
                count--;
            }

            kept = length - used;
            buffer.AsSpan(used, kept).CopyTo(buffer);
        }

        socket.Send([0x81, 0x01, (byte)'q']);
    }

    private static byte[][] Frames(int size)
    {
        const int Messages = 512; // a run of half a MiB, more than the client's caches hold
        var compressed = new MemoryStream();
        using var deflate = new DeflateStream(compressed, CompressionLevel.Optimal, leaveOpen: true);
        return [.. JsonText.Messages(size, Messages).Select(message =>
        {
            compressed.SetLength(0);
            deflate.Write(message);
            deflate.Flush();
            byte[] payload = compressed.ToArray()[..^4]; // RFC 7692 §7.2.1
            var header = new FrameHeader(Opcode.Text, true, ReservedBits.Rsv1, payload.Length);
            byte[] frame = new byte[header.Size + payload.Length];
            payload.CopyTo(frame, header.Write(frame));
            return frame;
        })];
    }
}
