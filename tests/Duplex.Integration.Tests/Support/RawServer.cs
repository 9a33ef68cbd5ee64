using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Duplex.Tests;

/// <summary>A server that does what a test says, byte by byte: it reads the handshake's request, and writes whatever it is told to.</summary>
internal sealed class RawServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Http2Listener? _http2;
    private readonly bool _tls;

    public RawServer(bool tls = false)
    {
        _tls = tls;
        _listener.Start(256);
        Uri = new Uri($"{(tls ? "wss" : "ws")}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/raw");
    }

    private RawServer(Http2Listener http2)
    {
        _http2 = http2;
        Uri = http2.Uri;
    }

    public Uri Uri { get; }

    /// <summary>A server for one kind of transport. Over HTTP/2, Kestrel opens its streams.</summary>
    public static async Task<RawServer> ListenAsync(Transport transport) =>
        transport.IsHttp2() ? new RawServer(await Http2Listener.ListenAsync(transport.IsSecure())) : new RawServer(transport.IsSecure());

    /// <summary>Whether somebody waits to be accepted.</summary>
    public bool IsAsked => _listener.Pending();

    /// <summary>The next connection, with its request read to the blank line.</summary>
    public async Task<RawPeer> AcceptAsync() => _http2 is null ? await ReceiveRequestAsync(await AcceptSocketAsync()) : new Http2Peer(await _http2.AcceptAsync());

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

        var peer = new SocketPeer(socket, stream);
        await peer.ReadRequestAsync();
        return peer;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _http2?.Dispose();
    }
}

/// <summary>One connection, or stream of HTTP/2, of a <see cref="RawServer"/>.</summary>
internal abstract class RawPeer : IDisposable
{
    private readonly FrameReader _reader = new(WebSocketRole.Server, WebSocketLimits.LargestSize);
    private readonly MessageAssembler _assembler = new(AssemblerOutput.Frames);
    private readonly byte[] _buffer = new byte[64 * 1024];
    private Memory<byte> _input;

    /// <summary>The request that was read last, as it stood on the wire.</summary>
    public string Request { get; protected set; } = "";

    /// <summary>What is read from the client, and written to it.</summary>
    public abstract Stream Stream { get; }

    /// <summary>Whether we have broken it.</summary>
    public bool IsReset { get; private set; }

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
    public virtual Task UpgradeAsync(string extra = "") => WriteAsync(Accept(extra));

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

    /// <summary>Ends what we send, properly.</summary>
    public abstract Task EndAsync();

    /// <summary>Writes the same text again and again, until the client has released the connection.</summary>
    public virtual async Task WriteForeverAsync(string text)
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

    /// <summary>Waits until the client has released the connection, or ended its stream, by FIN or RST.</summary>
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

    /// <summary>Breaks the connection, or the stream: RST.</summary>
    public void Reset()
    {
        IsReset = true;
        Break();
    }

    public void Dispose()
    {
        Release();
        _assembler.Dispose();
    }

    protected abstract void Break();

    protected virtual void Release() => Stream.Dispose();

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

/// <summary>A connection of its own.</summary>
internal sealed class SocketPeer(Socket socket, Stream stream) : RawPeer
{
    public override Stream Stream => stream;

    /// <summary>FIN, and with TLS the close_notify before it.</summary>
    public override async Task EndAsync()
    {
        if (Stream is SslStream ssl)
            await ssl.ShutdownAsync().Soon();
        socket.Shutdown(SocketShutdown.Send);
    }

    protected override void Break()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }
}

/// <summary>A stream of a connection of HTTP/2.</summary>
internal sealed class Http2Peer : RawPeer
{
    /// <summary>INTERNAL_ERROR.</summary>
    public const int ResetCode = 2;

    private readonly Http2Exchange _exchange;
    private Stream? _stream; // once it is opened

    public Http2Peer(Http2Exchange exchange)
    {
        _exchange = exchange;
        Request = exchange.Head;
    }

    public override Stream Stream => _stream ?? throw new InvalidOperationException("The stream is not opened yet.");

    public override async Task UpgradeAsync(string extra = "") => _stream = new ExchangeStream(_exchange, await _exchange.OpenAsync(extra));

    /// <summary>END_STREAM.</summary>
    public override Task EndAsync() => _exchange.FinishAsync();

    // Kestrel takes what is written to a stream that is gone.
    public override async Task WriteForeverAsync(string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        try
        {
            while (true)
                await Stream.WriteAsync(bytes, _exchange.Aborted).Soon();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Released.
        }
    }

    protected override void Break() => _exchange.Reset(ResetCode);

    protected override void Release()
    {
        if (_stream is null)
            _exchange.Dispose();
        else
            _stream.Dispose();
    }

    // Disposing it ends the stream, and leaves the connection. Kestrel uses its objects again for the next stream, so nothing may be in progress when it gets them back.
    private sealed class ExchangeStream(Http2Exchange exchange, Stream inner) : BareStream
    {
        private readonly CancellationTokenSource _disposed = new();
        private int _users = 1; // the owner, and each call in progress

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            using User user = Enter();
            return await inner.ReadAsync(buffer, _disposed.Token);
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            using User user = Enter();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposed.Token);
            await inner.WriteAsync(buffer, either.Token);
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask; // a write does so

        protected override void Dispose(bool disposing)
        {
            if (disposing && !_disposed.IsCancellationRequested)
            {
                _disposed.Cancel();
                Leave();
            }

            base.Dispose(disposing);
        }

        private User Enter()
        {
            int users;
            do
            {
                users = Volatile.Read(ref _users);
                ObjectDisposedException.ThrowIf(users == 0 || _disposed.IsCancellationRequested, this);
            }
            while (Interlocked.CompareExchange(ref _users, users + 1, users) != users);
            return new User(this);
        }

        private void Leave()
        {
            if (Interlocked.Decrement(ref _users) == 0)
                exchange.Dispose();
        }

        private readonly struct User(ExchangeStream stream) : IDisposable
        {
            public void Dispose() => stream.Leave();
        }
    }
}
