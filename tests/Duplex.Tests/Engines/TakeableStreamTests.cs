using System.Text;

namespace Duplex.Tests;

/// <summary>HttpClient's end of a connection: it reads no byte that belongs to the session, and lets the connection go.</summary>
public sealed class TakeableStreamTests
{
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";
    private const string Request = $"GET / HTTP/1.1\r\nSec-WebSocket-Key: {Key}\r\n\r\n";
    private const string Head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    private const string Frames = "\u0001a frame\r\n\r\nand another";

    public static TheoryData<int> Splits => [.. Enumerable.Range(1, Head.Length + Frames.Length)];

    [Theory, MemberData(nameof(Splits))]
    public async Task Wherever_the_bytes_are_parted_reads_end_with_the_head_and_the_session_gets_the_rest(int split)
    {
        var taker = new ConnectionTaker();
        using ConnectionTaker.Handshake handshake = taker.Expect(Key);
        string all = Head + Frames;
        var inner = new Chunks(all[..split], all[split..]);
        await using var stream = new TakeableStream(inner, taker);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Request));
        Assert.Equal(Request, inner.Written);

        string read = "";
        while (read.Length < Head.Length)
            read += await ReadAsync(stream);

        Assert.Equal(Head, read);
        Stream taken = (await handshake.TryTakeAsync())!;
        string rest = "";
        while (rest.Length < Frames.Length)
            rest += await ReadAsync(taken);
        Assert.Equal(Frames, rest);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Heads_that_come_before_are_read_one_by_one(bool isSynchronous)
    {
        const string Early = "HTTP/1.1 103 Early Hints\n\n"; // RFC 9112 §2.2: LF alone may end a line
        var taker = new ConnectionTaker();
        using ConnectionTaker.Handshake handshake = taker.Expect(Key);
        await using var stream = new TakeableStream(new Chunks(Early + Head + Frames), taker);
        if (isSynchronous)
        {
            stream.Write(Encoding.ASCII.GetBytes(Request));
            byte[] buffer = new byte[1000];
            Assert.Equal(Early.Length, stream.Read(buffer));
            Assert.Equal(Head.Length, stream.Read(buffer, 0, buffer.Length));
        }
        else
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Request));
            Assert.Equal(Early, await ReadAsync(stream));
            Assert.Equal(0, await stream.ReadAsync(Memory<byte>.Empty)); // asks whether more is there
            Assert.Equal(Head, await ReadAsync(stream));
        }

        Assert.Equal(Frames, await ReadAsync((await handshake.TryTakeAsync())!));
    }

    [Fact]
    public async Task A_connection_is_not_taken_in_the_midst_of_a_response()
    {
        var taker = new ConnectionTaker();
        using ConnectionTaker.Handshake handshake = taker.Expect(Key);
        await using var stream = new TakeableStream(new Chunks(Head[..^1], Head[^1..]), taker);
        Assert.Null(await handshake.TryTakeAsync()); // not sent
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Request));
        Assert.Null(await handshake.TryTakeAsync());
        await ReadAsync(stream);
        Assert.Null(await handshake.TryTakeAsync());
        await ReadAsync(stream);
        Assert.NotNull(await handshake.TryTakeAsync());
    }

    [Fact]
    public async Task Responses_to_other_requests_are_not_cut()
    {
        const string Answer = "HTTP/1.1 200 OK\r\n\r\na body\r\n\r\n";
        var taker = new ConnectionTaker();
        using ConnectionTaker.Handshake handshake = taker.Expect(Key);
        await using var stream = new TakeableStream(new Chunks(Answer, Answer, Answer), taker);
        await stream.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        Assert.Equal(Answer, await ReadAsync(stream));

        // A handshake is refused, and the connection used again.
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Request));
        Assert.Equal("HTTP/1.1 200 OK\r\n\r\n", await ReadAsync(stream));
        Assert.Equal("a body\r\n\r\n", await ReadAsync(stream));
        await stream.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        Assert.Equal(Answer, await ReadAsync(stream));
        Assert.Null(await handshake.TryTakeAsync());
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Only_a_connection_that_was_taken_outlives_this_stream(bool isTaken)
    {
        var taker = new ConnectionTaker();
        using ConnectionTaker.Handshake handshake = taker.Expect(Key);
        var inner = new Chunks(Head);
        await using (var stream = new TakeableStream(inner, taker))
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Request));
            await ReadAsync(stream);
            if (isTaken)
                Assert.Same(inner, await handshake.TryTakeAsync());
        }

        Assert.Equal(!isTaken, inner.IsDisposed);
    }

    [Fact]
    public async Task Through_a_tunnel_the_connection_in_it_is_taken()
    {
        var taker = new ConnectionTaker();
        using ConnectionTaker.Handshake handshake = taker.Expect(Key);
        var inner = new Chunks(Head + Frames);
        await using var outer = new TakeableStream(inner, taker);
        await using var stream = new TakeableStream(outer, taker);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Request));
        Assert.Equal(Head, await ReadAsync(stream));
        Stream taken = (await handshake.TryTakeAsync())!;
        Assert.Equal(Frames, await ReadAsync(taken));
        await taken.DisposeAsync();
        Assert.True(inner.IsDisposed);
    }

    [Fact]
    public async Task A_handshake_that_is_sent_again_takes_its_last_connection()
    {
        var taker = new ConnectionTaker();
        using ConnectionTaker.Handshake handshake = taker.Expect(Key);
        Chunks refusing = new("HTTP/1.1 401 Unauthorized\r\n\r\n"), opening = new(Head);
        await using TakeableStream first = new(refusing, taker), second = new(opening, taker);
        foreach (TakeableStream stream in (TakeableStream[])[first, second])
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Request));
            await ReadAsync(stream);
        }

        Assert.Same(opening, await handshake.TryTakeAsync());
    }

    private static async Task<string> ReadAsync(Stream stream)
    {
        byte[] buffer = new byte[1000];
        int count = await stream.ReadAsync(buffer);
        Assert.NotEqual(0, count);
        return Encoding.ASCII.GetString(buffer, 0, count);
    }

    // Each read gets one of them.
    private sealed class Chunks(params string[] chunks) : BareStream
    {
        private readonly Queue<string> _chunks = new(chunks.Where(chunk => chunk.Length > 0));
        private readonly StringBuilder _written = new();

        public string Written => _written.ToString();

        public bool IsDisposed { get; private set; }

        public override int Read(Span<byte> buffer) => buffer.IsEmpty ? 0 : Encoding.ASCII.GetBytes(_chunks.Dequeue(), buffer);

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
