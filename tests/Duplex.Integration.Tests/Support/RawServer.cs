using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Duplex.Tests;

/// <summary>A server that does what a test says, byte by byte: it reads the handshake's request, and writes whatever it is told to.</summary>
internal sealed class RawServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly bool _tls;

    public RawServer(bool tls = false)
    {
        _tls = tls;
        _listener.Start(256);
        Uri = new Uri($"{(tls ? "wss" : "ws")}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/raw");
    }

    public Uri Uri { get; }

    /// <summary>Whether somebody waits to be accepted.</summary>
    public bool IsAsked => _listener.Pending();

    /// <summary>The next connection, with its request read to the blank line.</summary>
    public async Task<RawPeer> AcceptAsync() => await ReceiveRequestAsync(await AcceptSocketAsync());

    /// <summary>The next connection, of which nothing is read.</summary>
    public Task<Socket> AcceptSocketAsync() => _listener.AcceptSocketAsync().Soon();

    /// <summary>Shakes hands over a connection if it is TLS, and reads its request.</summary>
    public async Task<RawPeer> ReceiveRequestAsync(Socket socket)
    {
        socket.NoDelay = true;
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        if (_tls)
        {
            var ssl = new SslStream(stream);
            await ssl.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = LoopbackCertificate.Instance }).Soon();
            stream = ssl;
        }

        var peer = new RawPeer(socket, stream);
        await peer.ReadRequestAsync();
        return peer;
    }

    public void Dispose() => _listener.Dispose();
}

/// <summary>One connection of a <see cref="RawServer"/>.</summary>
internal sealed class RawPeer(Socket socket, Stream stream) : IDisposable
{
    private readonly FrameReader _reader = new(WebSocketRole.Server, WebSocketLimits.LargestSize);
    private readonly MessageAssembler _assembler = new(AssemblerOutput.Frames);
    private readonly byte[] _buffer = new byte[64 * 1024];
    private Memory<byte> _input;

    /// <summary>The request that was read last, as it stood on the wire.</summary>
    public string Request { get; private set; } = "";

    public Stream Stream { get; } = stream;

    /// <summary>Reads a request to its blank line, or to the end of the stream.</summary>
    public async Task ReadRequestAsync()
    {
        var request = new StringBuilder();
        byte[] one = new byte[1];
        while (!request.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await Stream.ReadAsync(one).Soon() == 0)
                break;
            request.Append((char)one[0]);
        }

        Request = request.ToString();
    }

    /// <summary>The value of a request header; null if there is none.</summary>
    public string? Header(string name) =>
        Request.Split("\r\n").Select(line => line.Split(": ", 2)).Where(parts => parts.Length == 2 && parts[0].Equals(name, StringComparison.OrdinalIgnoreCase)).Select(parts => parts[1]).FirstOrDefault();

    /// <summary>The head of a proper answer to the request.</summary>
    public string Accept(string extra = "") =>
        $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {HandshakeKey.ComputeAccept(Header("Sec-WebSocket-Key")!)}\r\n{extra}\r\n";

    /// <summary>Writes text as it is.</summary>
    public Task WriteAsync(string text) => WriteAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>Writes bytes in one segment.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        await Stream.WriteAsync(bytes).Soon();
        await Stream.FlushAsync().Soon();
    }

    /// <summary>Answers the handshake properly.</summary>
    public Task UpgradeAsync(string extra = "") => WriteAsync(Accept(extra));

    /// <summary>Writes bytes given in hex; spaces do not count.</summary>
    public Task WriteHexAsync(string hex) => WriteAsync(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));

    /// <summary>The next frame of the client, as it stands on the wire, unmasked; null at the end of the stream.</summary>
    public async Task<Frame?> ReceiveAsync()
    {
        while (true)
        {
            if (TryParse() is { } frame)
                return frame;
            if ((_reader.Violation ?? _assembler.Violation) is { } violation)
                throw violation.ToException();
            _input.CopyTo(_buffer);
            int kept = _input.Length;
            int read = await Stream.ReadAsync(_buffer.AsMemory(kept)).Soon();
            if (read == 0)
                return null;
            _input = _buffer.AsMemory(0, kept + read);
        }
    }

    /// <summary>All frames of the client that come until it releases the connection, in words.</summary>
    public async Task<string> ReceiveAllAsync()
    {
        var frames = new List<string>();
        try
        {
            while (await ReceiveAsync() is { } frame)
                frames.Add(Ending.Describe(frame));
        }
        catch (IOException)
        {
            // Released by RST.
        }

        return string.Join(", ", frames);
    }

    /// <summary>Ends what we send, properly: FIN, and with TLS the close_notify before it.</summary>
    public async Task EndAsync()
    {
        if (Stream is SslStream ssl)
            await ssl.ShutdownAsync().Soon();
        socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Writes the same text again and again, until the client has released the connection.</summary>
    public async Task WriteForeverAsync(string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        try
        {
            while (true)
                await Stream.WriteAsync(bytes).Soon();
        }
        catch (IOException)
        {
            // Released.
        }
    }

    /// <summary>Waits until the client has released the connection, by FIN or RST.</summary>
    public async Task IsReleasedAsync()
    {
        try
        {
            while (await Stream.ReadAsync(_buffer).Soon() > 0)
            {
            }
        }
        catch (IOException)
        {
            // By RST.
        }
    }

    /// <summary>Whether we have broken the connection.</summary>
    public bool IsReset { get; private set; }

    /// <summary>Breaks the connection: RST.</summary>
    public void Reset()
    {
        IsReset = true;
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    public void Dispose()
    {
        Stream.Dispose();
        _assembler.Dispose();
    }

    private Frame? TryParse()
    {
        Span<byte> input = _input.Span;
        Frame? frame = null;
        while (frame is null && _reader.TryRead(ref input, out FramePiece piece))
            _assembler.TryAccept(piece, out frame);
        _input = _input[^input.Length..];
        return frame;
    }
}
