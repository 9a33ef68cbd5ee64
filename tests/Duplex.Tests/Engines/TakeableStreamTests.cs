using System.Text;

namespace Duplex.Tests;

/// <summary>HttpClient's end of a connection: it reads no byte that belongs to the session, and lets the connection go.</summary>
public sealed class TakeableStreamTests
{
    private const string Request = "GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    private const string Head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    private const string Early = "HTTP/1.1 103 Early Hints\n\n"; // RFC 9112 §2.2: LF alone may end a line
    private const string Frames = "\u0001a frame\r\n\r\nand another";

    public static TheoryData<int> Splits => [.. Enumerable.Range(1, Head.Length + Frames.Length)];

    [Theory, MemberData(nameof(Splits))]
    public async Task Wherever_the_bytes_are_parted_reads_end_with_the_head_and_the_session_gets_the_rest(int split)
    {
        string all = Head + Frames;
        var inner = new Chunks(all[..split], all[split..]);
        await using var stream = new TakeableStream(inner);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Request));
        Assert.Equal(Request, inner.Written);
        await ReadHeadAsync(stream);
        Assert.Equal(Frames, await ReadAsync(await TakeAsync(stream), Frames.Length));
    }

    [Theory, MemberData(nameof(Splits))]
    public async Task A_read_that_began_before_the_request_is_cut_as_well(int split)
    {
        string all = Head + Frames;
        var inner = new Chunks(all[..split], all[split..]) { IsBlocked = true };
        await using var stream = new TakeableStream(inner);
        byte[] buffer = new byte[1000];
        ValueTask<int> ahead = stream.ReadAsync(buffer);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Request));
        inner.Unblock();
        string read = Encoding.ASCII.GetString(buffer, 0, await ahead);
        await ReadHeadAsync(stream, read);
        Assert.Equal(Frames, await ReadAsync(await TakeAsync(stream), Frames.Length));
    }

    [Fact]
    public async Task Heads_of_1xx_may_come_before()
    {
        await using var stream = new TakeableStream(new Chunks(Early + Early[..10], Early[10..] + Head + Frames));
        stream.Write(Encoding.ASCII.GetBytes(Request));
        byte[] buffer = new byte[1000];
        Assert.Equal(Early + Early[..10], Encoding.ASCII.GetString(buffer, 0, stream.Read(buffer)));
        Assert.Equal(0, await stream.ReadAsync(Memory<byte>.Empty)); // asks whether more is there
        Assert.Equal(Early[10..] + Head, Encoding.ASCII.GetString(buffer, 0, stream.Read(buffer, 0, buffer.Length)));
        Assert.Equal(Frames, await ReadAsync(await TakeAsync(stream), Frames.Length));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\na body\r\n\r\n")] // no handshake
    [InlineData("POST / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", Head + Frames)]
    [InlineData(Request, "HTTP/1.1 200 OK\r\n\r\na body\r\n\r\n")] // refused
    [InlineData(Request, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\nnot asked for")] // as much as HttpClient must see
    [InlineData(Request, "\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n")] // no head
    public async Task Other_responses_are_not_cut_and_their_connections_not_taken(string request, string response)
    {
        var inner = new Chunks(response, response, "next");
        await using var stream = new TakeableStream(inner);
        foreach (string _ in (string[])["first", "second"])
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
            Assert.Equal(response, await ReadAsync(stream, response.Length));
        }

        (Stream connection, bool isTaken) = await TakeableStream.TakeAsync(stream);
        Assert.False(isTaken);
        Assert.Equal("n", await ReadAsync(connection, 1)); // what the attempt has read comes first
    }

    [Fact]
    public async Task What_was_not_taken_is_read_as_it_is()
    {
        var inner = new Chunks(Head + Frames, "more", "end");
        await using var stream = new TakeableStream(inner);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Request));
        await ReadHeadAsync(stream);
        Assert.Equal(Frames + "more", await ReadAsync(stream, Frames.Length + 4));
        Assert.False((await TakeableStream.TakeAsync(stream)).IsTaken);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Only_a_connection_that_was_taken_outlives_this_stream(bool isTaken)
    {
        var inner = new Chunks(Head);
        await using (var stream = new TakeableStream(inner))
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Request));
            await ReadHeadAsync(stream);
            if (isTaken)
                Assert.Same(inner, await TakeAsync(stream));
        }

        Assert.Equal(!isTaken, inner.IsDisposed);
    }

    [Fact]
    public async Task Through_a_tunnel_the_connection_in_it_is_taken()
    {
        var inner = new Chunks(Head + Frames);
        await using var outer = new TakeableStream(inner);
        await using var stream = new TakeableStream(outer);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Request));
        await ReadHeadAsync(stream);
        Stream taken = await TakeAsync(stream);
        Assert.Same(outer, taken);
        Assert.Equal(Frames, await ReadAsync(taken, Frames.Length));
        await taken.DisposeAsync();
        Assert.True(inner.IsDisposed);
    }

    [Fact]
    public async Task A_read_that_waits_for_the_wire_becomes_the_sessions_first()
    {
        var inner = new Chunks("late", "r") { IsBlocked = true };
        (Stream connection, bool isTaken) = await TakeableStream.TakeAsync(inner);
        Assert.False(isTaken);
        Task<string> reading = ReadAsync(connection, 5);
        Assert.False(reading.IsCompleted);
        inner.Unblock();
        Assert.Equal("later", await reading);
    }

    [Fact]
    public async Task It_is_installed_where_nothing_is_in_its_way()
    {
        using var fresh = new SocketsHttpHandler();
        TakeableStream.TryInstall(fresh);
        Assert.True(TakeableStream.IsInstalled(fresh));

        using var filtering = new SocketsHttpHandler { PlaintextStreamFilter = (context, _) => new(context.PlaintextStream) };
        using var used = new SocketsHttpHandler { ConnectCallback = (_, _) => throw new IOException("unreachable") };
        using (var client = new HttpClient(used, disposeHandler: false))
            await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri("http://server.test/")));
        using var other = new HttpClientHandler();
        foreach (HttpMessageHandler? handler in (HttpMessageHandler?[])[filtering, used, other, null])
        {
            TakeableStream.TryInstall(handler);
            Assert.False(TakeableStream.IsInstalled(handler));
        }
    }

    private static async Task<Stream> TakeAsync(Stream stream)
    {
        (Stream connection, bool isTaken) = await TakeableStream.TakeAsync(stream);
        Assert.True(isTaken);
        return connection;
    }

    private static async Task ReadHeadAsync(Stream stream, string read = "")
    {
        Assert.Equal(Head, read + (read.Length < Head.Length ? await ReadAsync(stream, Head.Length - read.Length) : ""));
    }

    // As many bytes, in as many reads as they need, of which none may bring more.
    private static async Task<string> ReadAsync(Stream stream, int length)
    {
        byte[] buffer = new byte[1000];
        var read = new StringBuilder();
        while (read.Length < length)
        {
            int count = await stream.ReadAsync(buffer);
            Assert.NotEqual(0, count);
            read.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        return read.ToString();
    }

    // Each read gets one of them, or the part that it has room for.
    private sealed class Chunks(params string[] chunks) : BareStream
    {
        private readonly LinkedList<string> _chunks = new(chunks.Where(chunk => chunk.Length > 0));
        private readonly StringBuilder _written = new();
        private readonly TaskCompletionSource _unblocked = new();

        public string Written => _written.ToString();

        public bool IsDisposed { get; private set; }

        public bool IsBlocked { get; init; }

        public void Unblock() => _unblocked.SetResult();

        public override int Read(Span<byte> buffer)
        {
            if (buffer.IsEmpty)
                return 0;
            string next = _chunks.First!.Value;
            _chunks.RemoveFirst();
            if (next.Length > buffer.Length)
                _chunks.AddFirst(next[buffer.Length..]);
            return Encoding.ASCII.GetBytes(next.AsSpan(0, Math.Min(next.Length, buffer.Length)), buffer);
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (IsBlocked)
                await _unblocked.Task;
            return Read(buffer.Span);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.Span);
            return default;
        }

        public override void Write(ReadOnlySpan<byte> buffer) => _written.Append(Encoding.ASCII.GetString(buffer));

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }
}
