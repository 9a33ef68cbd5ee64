using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Duplex.Tests;

/// <summary>
/// A server of HTTP/2 of which a test writes every frame (RFC 9113 §4.1), without TLS. Of a request it reads the stream's number only. It answers SETTINGS and PING by itself.
/// </summary>
internal sealed class FrameServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public FrameServer() => _listener.Start();

    public Uri Uri => new($"ws://{_listener.LocalEndpoint}/");

    /// <summary>The next connection, with WebSockets announced (RFC 8441 §3).</summary>
    public async Task<FrameConnection> AcceptAsync()
    {
        var connection = new FrameConnection(await _listener.AcceptSocketAsync().Soon());
        await connection.BeginAsync();
        return connection;
    }

    public void Dispose() => _listener.Dispose();
}

/// <summary>One frame of HTTP/2.</summary>
internal sealed record Http2Frame(int Type, int Flags, int Stream, byte[] Payload)
{
    public const int Data = 0x0, Headers = 0x1, Reset = 0x3, Settings = 0x4, Ping = 0x6, GoAway = 0x7, WindowUpdate = 0x8;

    public const int EndStream = 0x1, Acknowledges = 0x1, EndHeaders = 0x4;

    /// <summary>Of a reset: its code.</summary>
    public int Code => BinaryPrimitives.ReadInt32BigEndian(Payload);

    /// <summary>In words.</summary>
    public override string ToString() => Type switch
    {
        Data => string.Join(" ", (string[])[.. Payload.Length > 0 ? (string[])["DATA"] : [], .. (Flags & EndStream) != 0 ? (string[])["END_STREAM"] : []]),
        Reset => $"RST_STREAM({Code})",
        _ => $"type {Type}",
    };
}

/// <summary>A connection of a <see cref="FrameServer"/>.</summary>
internal sealed class FrameConnection(Socket socket) : IDisposable
{
    private static readonly byte[] Status200 = [0x88]; // RFC 7541, appendix A, entry 8

    private readonly NetworkStream _stream = new(socket, ownsSocket: true);

    public async Task BeginAsync()
    {
        await _stream.ReadExactlyAsync(new byte[24]).Soon(); // "PRI * HTTP/2.0", and the rest of the preface
        await WriteAsync(new Http2Frame(Http2Frame.Settings, 0, 0, [0, 0x8, 0, 0, 0, 1])); // SETTINGS_ENABLE_CONNECT_PROTOCOL
    }

    /// <summary>Reads a request and answers it with 200.</summary>
    /// <returns>Its stream.</returns>
    public async Task<int> OpenAsync()
    {
        Http2Frame? request = await ReadAsync();
        Assert.Equal(Http2Frame.Headers, request?.Type);
        await AnswerAsync(request!.Stream);
        return request.Stream;
    }

    /// <summary>Answers a request with 200.</summary>
    public Task AnswerAsync(int stream) => WriteAsync(new Http2Frame(Http2Frame.Headers, Http2Frame.EndHeaders, stream, Status200));

    /// <summary>The next frame that concerns a stream, or answers our ping; null at the end of the connection.</summary>
    public async Task<Http2Frame?> ReadAsync()
    {
        while (true)
        {
            byte[] head = new byte[9];
            try
            {
                if (await _stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false).Soon() < head.Length)
                    return null;
            }
            catch (IOException)
            {
                return null;
            }

            byte[] payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
            await _stream.ReadExactlyAsync(payload).Soon();
            var frame = new Http2Frame(head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)), payload);
            if (frame is { Type: Http2Frame.Settings or Http2Frame.Ping } && (frame.Flags & Http2Frame.Acknowledges) == 0)
                await WriteAsync(frame with { Flags = Http2Frame.Acknowledges, Payload = frame.Type == Http2Frame.Ping ? payload : [] });
            else if (frame.Type is Http2Frame.Data or Http2Frame.Headers or Http2Frame.Reset or Http2Frame.Ping)
                return frame;
        }
    }

    /// <summary>Reads what concerns a stream until the client has reset it, or answers our ping.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="first">What was read of it before.</param>
    /// <returns>The frames of the WebSocket protocol, and what ended the stream.</returns>
    public async Task<string> ReadToEndAsync(int stream, Http2Frame? first = null)
    {
        var reader = new FrameReader(WebSocketRole.Server, WebSocketLimits.LargestSize);
        using var assembler = new MessageAssembler(AssemblerOutput.Frames);
        var seen = new List<string>();
        for (Http2Frame? frame = first ?? await ReadAsync(); frame is not null; frame = await ReadAsync())
        {
            if (frame.Type == Http2Frame.Ping)
                return string.Join(", ", seen);
            if (frame.Stream != stream)
                continue;
            Span<byte> input = frame.Type == Http2Frame.Data ? frame.Payload : [];
            while (reader.TryRead(ref input, out FramePiece piece))
            {
                if (assembler.TryAccept(piece, out Frame? message))
                    seen.Add(Ending.Describe(message));
            }

            Assert.True(input.IsEmpty);
            if (frame.Type == Http2Frame.Reset || (frame.Flags & Http2Frame.EndStream) != 0)
                seen.Add(frame.Type == Http2Frame.Reset ? frame.ToString() : "END_STREAM");
            if (frame.Type == Http2Frame.Reset)
                return string.Join(", ", seen);
        }

        return string.Join(", ", [.. seen, "the end"]);
    }

    /// <summary>Sends bytes of a stream, given in hex.</summary>
    public Task SendAsync(int stream, string hex, bool ends = false) =>
        WriteAsync(new Http2Frame(Http2Frame.Data, ends ? Http2Frame.EndStream : 0, stream, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))));

    /// <summary>Asks for an answer, which comes after all that was sent before.</summary>
    public Task PingAsync() => WriteAsync(new Http2Frame(Http2Frame.Ping, 0, 0, new byte[8]));

    public Task ResetAsync(int stream, int code) => WriteAsync(new Http2Frame(Http2Frame.Reset, 0, stream, Number(code)));

    public Task GoAwayAsync(int lastStream, int code) => WriteAsync(new Http2Frame(Http2Frame.GoAway, 0, 0, [.. Number(lastStream), .. Number(code)]));

    public void Dispose() => _stream.Dispose();

    private static byte[] Number(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private async Task WriteAsync(Http2Frame frame)
    {
        byte[] payload = frame.Payload;
        byte[] head = [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, (byte)frame.Type, (byte)frame.Flags, .. Number(frame.Stream)];
        await _stream.WriteAsync((byte[])[.. head, .. payload]).Soon();
    }
}
