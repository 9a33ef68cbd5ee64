using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Web;

namespace Duplex.EndToEnd;

/// <summary>
/// The other end of every workload: raw sockets, frames built beforehand, no message looked at twice, so that the client is what is measured. Paths: /echo, /flood?size=&amp;count=,
/// /sink?size=&amp;count=, /idle; compressed /dflood, /dsink and /decho. It trusts its clients: it is for loopback only.
/// </summary>
internal sealed class LoopbackServer : IDisposable
{
    private const int BufferSize = 256 * 1024;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public LoopbackServer()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(4096);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public async Task RunAsync(CancellationToken token)
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptAsync(token);
                _ = ServeAsync(socket, token);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    public void Dispose() => _listener.Dispose();

    private static async Task ServeAsync(Socket socket, CancellationToken token)
    {
        using (socket)
        {
            socket.NoDelay = true;
            try
            {
                Uri asked = await UpgradeAsync(socket, token);
                System.Collections.Specialized.NameValueCollection query = HttpUtility.ParseQueryString(asked.Query);
                int size = int.Parse(query["size"] ?? "0", CultureInfo.InvariantCulture);
                long count = long.Parse(query["count"] ?? "0", CultureInfo.InvariantCulture);
                switch (asked.AbsolutePath)
                {
                    case "/echo":
                        await EchoAsync(socket, token);
                        break;
                    case "/flood":
                        await FloodAsync(socket, size, count, query["text"] is null ? Opcode.Binary : Opcode.Text, token);
                        break;
                    case "/decho":
                        await EchoAsync(socket, token); // what a client has compressed it can read again
                        break;
                    case "/dflood":
                        await Task.Run(() => CompressedWorkloads.Flood(socket, size, count), token);
                        break;
                    case "/dsink":
                        await Task.Run(() => CompressedWorkloads.Count(socket, count), token);
                        break;
                    case "/sink":
                        await SinkAsync(socket, size, count, token);
                        break;
                }

                await DrainAsync(socket, token);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // The client has left.
            }
        }
    }

    private static async Task<Uri> UpgradeAsync(Socket socket, CancellationToken token)
    {
        byte[] buffer = new byte[4096];
        int length = 0;
        while (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            int read = await socket.ReceiveAsync(buffer.AsMemory(length), token);
            if (read == 0)
                throw new SocketException((int)SocketError.ConnectionReset);
            length += read;
        }

        string[] lines = Encoding.ASCII.GetString(buffer, 0, length).Split("\r\n");
        string key = lines.First(line => line.StartsWith("Sec-WebSocket-Key: ", StringComparison.OrdinalIgnoreCase))["Sec-WebSocket-Key: ".Length..];
        string extension = lines[0].Split(' ')[1].StartsWith("/d", StringComparison.Ordinal) ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "";
        string answer = $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {HandshakeKey.ComputeAccept(key)}\r\n{extension}\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(answer), token);
        return new Uri(new Uri("ws://loopback"), lines[0].Split(' ')[1]);
    }

    private static async Task FloodAsync(Socket socket, int size, long count, Opcode opcode, CancellationToken token)
    {
        byte[] frame = Frame(opcode, size);
        int perBlock = (int)Math.Clamp(BufferSize / frame.Length, 1, count);
        byte[] block = new byte[perBlock * frame.Length];
        for (int i = 0; i < perBlock; i++)
            frame.CopyTo(block, i * frame.Length);
        for (long left = count * frame.Length; left > 0;)
        {
            ReadOnlyMemory<byte> part = block.AsMemory(0, (int)Math.Min(left, block.Length));
            left -= part.Length;
            await SendAllAsync(socket, part, token);
        }
    }

    private static async Task SinkAsync(Socket socket, int size, long count, CancellationToken token)
    {
        byte[] buffer = new byte[BufferSize];
        var header = new FrameHeader(Opcode.Binary, true, ReservedBits.None, size, maskKey: 1);
        for (long left = count * (header.Size + size); left > 0;)
        {
            int read = await socket.ReceiveAsync(buffer.AsMemory(), token);
            if (read == 0)
                return;
            left -= read;
        }

        await SendAllAsync(socket, Frame(Opcode.Text, 1), token);
    }

    // Unmasks each frame and sends it back with the rest of what one receive brought.
    private static async Task EchoAsync(Socket socket, CancellationToken token)
    {
        byte[] input = new byte[BufferSize];
        byte[] output = new byte[BufferSize];
        int kept = 0;
        while (true)
        {
            int read = await socket.ReceiveAsync(input.AsMemory(kept), token);
            if (read == 0)
                return;
            int length = kept + read;
            (int used, int written, bool closed) = Echo(input.AsSpan(0, length), output);
            await SendAllAsync(socket, output.AsMemory(0, written), token);
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

    private static (int Used, int Written, bool Closed) Echo(Span<byte> input, Span<byte> output)
    {
        int used = 0;
        int written = 0;
        while (FrameHeader.TryParse(input[used..], out FrameHeader header) && input.Length - used - header.Size >= header.PayloadLength)
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

    // Until the client has closed: an earlier end would be a reset in the middle of its own Close.
    private static async Task DrainAsync(Socket socket, CancellationToken token)
    {
        byte[] buffer = new byte[256];
        while (await socket.ReceiveAsync(buffer.AsMemory(), token) is > 0 and var read)
        {
            if (FrameHeader.TryParse(buffer.AsSpan(0, read), out FrameHeader header) && header.Opcode == Opcode.Close)
                await SendAllAsync(socket, new byte[] { 0x88, 0x00 }, token);
        }
    }

    private static byte[] Frame(Opcode opcode, int size)
    {
        var header = new FrameHeader(opcode, true, ReservedBits.None, size);
        byte[] frame = new byte[header.Size + size];
        frame.AsSpan(header.Write(frame)).Fill((byte)'q');
        return frame;
    }

    private static async ValueTask SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken token)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, token)..];
    }
}
