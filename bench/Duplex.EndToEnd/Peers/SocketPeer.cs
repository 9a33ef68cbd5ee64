using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Duplex.EndToEnd;

/// <summary>
/// A socket of .NET that reads the bytes and knows how many will come, without any WebSocket: the least that a client
/// of such sockets can cost.
/// </summary>
internal sealed class SocketPeer : Peer
{
    private const int BufferSize = 64 * 1024; // as Duplex reads

    private readonly byte[] _buffer = new byte[BufferSize];

    protected override async Task PingPongAsync(Job job, Meter meter)
    {
        using Socket socket = await ConnectAsync(job);
        await ReceiveHeadAsync(socket);
        using var writer = new FrameWriter(WebSocketRole.Client);
        writer.Write(Opcode.Text, job.Payload());
        ArraySegment<byte> frame = writer.Take();
        int answer = LoopbackServer.Frame(Opcode.Text, job.Size).Length;
        meter.Start(job.Count);
        for (long i = 0; i < job.Count; i++)
        {
            long began = Stopwatch.GetTimestamp();
            await socket.SendAsync(frame).ConfigureAwait(false);
            await ReceiveAsync(socket, answer).ConfigureAwait(false);
            meter.AddLatency(began);
        }

        meter.Stop();
    }

    protected override async Task FloodAsync(Job job, Meter meter)
    {
        using Socket socket = await ConnectAsync(job);
        int ahead = await ReceiveHeadAsync(socket);
        meter.Start();
        await ReceiveAsync(socket, (job.Count * LoopbackServer.Frame(Opcode.Binary, job.Size).Length) - ahead);
        meter.Stop();
    }

    protected override Task PipeAsync(Job job, Meter meter) => throw NotRun(job);

    protected override Task SinkAsync(Job job, Meter meter) => throw NotRun(job);

    protected override Task<object> OpenIdleAsync(Job job) => throw NotRun(job);

    private static ArgumentException NotRun(Job job) => new($"The bare socket does not run {job.Mode}.");

    private static async Task<Socket> ConnectAsync(Job job)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, job.Url.Port));
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET {job.Url.PathAndQuery} HTTP/1.1\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"));
        return socket;
    }

    // Returns how many bytes came behind the head of the answer.
    private async Task<int> ReceiveHeadAsync(Socket socket)
    {
        int length = 0;
        int end;
        do
        {
            length += await ReadAsync(socket, _buffer.AsMemory(length)).ConfigureAwait(false);
            end = _buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
        }
        while (end < 0);
        return length - end - 4;
    }

    private async ValueTask ReceiveAsync(Socket socket, long count)
    {
        while (count > 0)
            count -= await ReadAsync(socket, _buffer).ConfigureAwait(false);
    }

    private static async ValueTask<int> ReadAsync(Socket socket, Memory<byte> buffer)
    {
        int read = await socket.ReceiveAsync(buffer).ConfigureAwait(false);
        return read > 0 ? read : throw new InvalidOperationException("The server closed the connection.");
    }
}
