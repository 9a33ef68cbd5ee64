using System.Globalization;
using System.Net.Sockets;
using System.Web;

namespace Duplex.EndToEnd;

/// <summary>
/// The server of the workloads over HTTP/1.1 without TLS: raw sockets and prebuilt frames, so that the client is what
/// is measured. Paths: /echo, /flood?size=&amp;count=, /sink?size=&amp;count=, /paced, /idle; compressed /dflood,
/// /dsink and /decho. It trusts its clients: use it on loopback only.
/// </summary>
internal static class LoopbackServer
{
    /// <summary>The size of a read or write.</summary>
    public const int BufferSize = 256 * 1024;

    // There are no deep calls here, and idle connections start thousands of short-lived threads.
    private const int SmallStack = 256 * 1024;

    /// <summary>Opens a session and runs the workload that its URL asks for.</summary>
    public static void Serve(Socket socket) =>
        new Thread(() => Run(socket), SmallStack) { IsBackground = true }.Start();

    // One thread per connection with blocking calls: less CPU and faster wake-ups than asynchronous ones, so that the
    // server is not the bottleneck.
    private static void Run(Socket socket)
    {
        bool isAsynchronous = false; // thousands of them: without a thread each
        try
        {
            socket.NoDelay = true;
            Uri asked = Open(socket);
            System.Collections.Specialized.NameValueCollection query = HttpUtility.ParseQueryString(asked.Query);
            int size = int.Parse(query["size"] ?? "0", CultureInfo.InvariantCulture);
            long count = long.Parse(query["count"] ?? "0", CultureInfo.InvariantCulture);
            switch (asked.AbsolutePath)
            {
                case "/echo":
                    Echo(socket);
                    break;
                case "/flood":
                    Flood(socket, size, count, query["text"] is null ? Opcode.Binary : Opcode.Text);
                    break;
                case "/sink":
                    Sink(socket, size, count);
                    break;
                case "/decho":
                    Echo(socket); // a client can read what it has compressed
                    break;
                case "/dflood":
                    CompressedWorkloads.Flood(socket, size, count);
                    break;
                case "/dsink":
                    CompressedWorkloads.Count(socket, count);
                    break;
                case "/idle":
                    isAsynchronous = true;
                    _ = IdleAsync(socket);
                    return;
                case "/paced":
                    isAsynchronous = true;
                    _ = PacedEcho.ServeAsync(socket);
                    return;
            }

            Drain(socket);
        }
        catch (SocketException)
        {
            // The client disconnected.
        }
        finally
        {
            if (!isAsynchronous)
                socket.Dispose();
        }
    }

    private static Uri Open(Socket socket)
    {
        byte[] buffer = new byte[Upgrade.BufferSize];
        int length = 0;
        Upgrade? upgrade;
        do
        {
            int read = socket.Receive(buffer.AsSpan(length));
            if (read == 0)
                throw new SocketException((int)SocketError.ConnectionReset);
            length += read;
            upgrade = Upgrade.TryParse(buffer.AsSpan(0, length));
        }
        while (upgrade is null);
        socket.Send(upgrade.Answer);
        return upgrade.Asked;
    }

    private static void Flood(Socket socket, int size, long count, Opcode opcode)
    {
        (byte[] block, long left) = Block(opcode, size, count);
        while (left > 0)
        {
            Span<byte> part = block.AsSpan(0, (int)Math.Min(left, block.Length));
            left -= part.Length;
            socket.Send(part);
        }
    }

    private static void Sink(Socket socket, int size, long count)
    {
        byte[] buffer = new byte[BufferSize];
        for (long left = MaskedLength(size, count); left > 0;)
        {
            int read = socket.Receive(buffer);
            if (read == 0)
                return;
            left -= read;
        }

        socket.Send(Frame(Opcode.Text, 1));
    }

    // Unmasks the frames of one receive and sends them back together.
    private static void Echo(Socket socket)
    {
        byte[] input = new byte[BufferSize];
        byte[] output = new byte[BufferSize];
        int kept = 0;
        while (true)
        {
            int read = socket.Receive(input.AsSpan(kept));
            if (read == 0)
                return;
            int length = kept + read;
            (int used, int written, bool closed) = EchoFrames(input.AsSpan(0, length), output);
            socket.Send(output.AsSpan(0, written));
            if (closed)
                return;
            kept = length - used;
            input.AsSpan(used, kept).CopyTo(input);
            if (kept == input.Length)
            {
                Array.Resize(ref input, input.Length * 2);
                Array.Resize(ref output, output.Length * 2);
            }
        }
    }

    /// <summary>Unmasks whole frames and writes them for the client, until a Close.</summary>
    public static (int Used, int Written, bool Closed) EchoFrames(Span<byte> input, Span<byte> output)
    {
        int used = 0;
        int written = 0;
        while (FrameHeader.TryParse(input[used..], out FrameHeader header)
            && input.Length - used - header.Size >= header.PayloadLength)
        {
            Span<byte> payload = input.Slice(used + header.Size, (int)header.PayloadLength);
            used += header.Size + payload.Length;
            Opcode opcode = header.Opcode == Opcode.Ping ? Opcode.Pong : header.Opcode;
            written += new FrameHeader(opcode, true, header.Reserved, payload.Length).Write(output[written..]);
            PayloadMask.Copy(payload, output[written..], header.MaskKey);
            written += payload.Length;
            if (opcode == Opcode.Close)
                return (used, written, true);
        }

        return (used, written, false);
    }

    // Reads until the client has closed: closing earlier would reset the connection during its Close.
    private static void Drain(Socket socket)
    {
        byte[] buffer = new byte[256];
        while (socket.Receive(buffer) is > 0 and var read)
        {
            if (FrameHeader.TryParse(buffer.AsSpan(0, read), out FrameHeader header) && header.Opcode == Opcode.Close)
                socket.Send([0x88, 0x00]);
        }
    }

    private static async Task IdleAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                while (await socket.ReceiveAsync(Memory<byte>.Empty) == 0 && socket.Available > 0)
                    socket.Receive(new byte[256]);
            }
            catch (SocketException)
            {
                // The client disconnected.
            }
        }
    }

    /// <summary>A block of whole frames, to be repeated, and the length of all of them.</summary>
    public static (byte[] Block, long Length) Block(Opcode opcode, int size, long count)
    {
        byte[] frame = Frame(opcode, size);
        int perBlock = (int)Math.Clamp(BufferSize / frame.Length, 1, count);
        byte[] block = new byte[perBlock * frame.Length];
        for (int i = 0; i < perBlock; i++)
            frame.CopyTo(block, i * frame.Length);
        return (block, count * frame.Length);
    }

    /// <summary>The length of a client's messages of one frame each.</summary>
    public static long MaskedLength(int size, long count) =>
        count * (new FrameHeader(Opcode.Binary, true, ReservedBits.None, size, maskKey: 1).Size + size);

    /// <summary>A message in a frame of its own.</summary>
    public static byte[] Frame(Opcode opcode, int size)
    {
        var header = new FrameHeader(opcode, true, ReservedBits.None, size);
        byte[] frame = new byte[header.Size + size];
        frame.AsSpan(header.Write(frame)).Fill((byte)'q');
        return frame;
    }
}
