using System.Buffers;
using System.Net.Sockets;

namespace Duplex.EndToEnd;

/// <summary>
/// The server's side of the workloads with thousands of sessions: an echo without a thread or a buffer for a connection
/// that is silent.
/// </summary>
internal static class PacedEcho
{
    private const int BufferSize = 16 * 1024; // a hundred messages

    // A reset when the client has gone leaves none of its ports in TIME_WAIT: thousands of them would be missed.
    private static readonly LingerOption Reset = new(true, 0);

    /// <summary>Echoes until the client closes or disconnects.</summary>
    public static async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                socket.LingerState = Reset;
                do
                    await socket.ReceiveAsync(Memory<byte>.Empty);
                while (await EchoAsync(socket));
            }
            catch (SocketException)
            {
                // The client disconnected.
            }
        }
    }

    // False at the end. A read of no bytes may complete before any have come, so this one does not block either: other
    // connections' events would wait for it. It blocks for a client that does not read.
    private static async Task<bool> EchoAsync(Socket socket)
    {
        byte[] input = ArrayPool<byte>.Shared.Rent(BufferSize);
        byte[] output = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            int kept = 0;
            do
            {
                int read = await socket.ReceiveAsync(input.AsMemory(kept));
                if (read == 0)
                    return false;
                int length = kept + read;
                (int used, int written, bool closed) = LoopbackServer.EchoFrames(input.AsSpan(0, length), output);
                if (written > 0)
                    socket.Send(output.AsSpan(0, written));
                if (closed)
                    return false;
                kept = length - used;
                input.AsSpan(used, kept).CopyTo(input);
            }
            while (kept > 0);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(input);
            ArrayPool<byte>.Shared.Return(output);
        }
    }
}
