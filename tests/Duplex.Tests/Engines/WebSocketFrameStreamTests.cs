using System.Diagnostics;
using System.Net.WebSockets;

namespace Duplex.Tests;

public sealed class WebSocketFrameStreamTests : IDisposable
{
    private readonly FakeSocket _socket = new();
    private readonly WebSocketFrameStream _stream;

    public WebSocketFrameStreamTests() => _stream = new WebSocketFrameStream(_socket);

    public void Dispose()
    {
        _stream.Dispose();
        Assert.Empty(_socket.Misuse);
    }

    [Theory]
    [InlineData(0, "8200")]
    [InlineData(1, "8201")]
    [InlineData(125, "827D")]
    [InlineData(126, "827E007E")]
    [InlineData(65_000, "827EFDE8")]
    public async Task What_is_received_becomes_a_frame_with_the_shortest_header(int length, string header)
    {
        byte[] payload = Bytes(length);
        _socket.Give(payload);

        byte[] buffer = new byte[70_000];
        int read = await _stream.ReadAsync(buffer);

        Assert.Equal(header, Convert.ToHexString(buffer.AsSpan(0, header.Length / 2)));
        Assert.Equal(payload, buffer[(header.Length / 2)..read]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(4096)]
    [InlineData(65_536)]
    [InlineData(200_000)]
    public async Task Reads_of_any_size_give_the_same_messages(int size)
    {
        byte[][] messages = [Bytes(0), Bytes(1), Bytes(125), Bytes(126), Bytes(1020), Bytes(1021), Bytes(5000), Bytes(65_535), Bytes(65_536), Bytes(150_000)];
        foreach (byte[] message in messages)
            _socket.Give(message);
        _socket.GiveClose(WebSocketCloseStatus.NormalClosure, "");

        List<Frame> frames = Parse(await ReadToEndAsync(size).Soon());

        Assert.Equal(messages, frames.SkipLast(1).Select(frame => frame.ReadBytes()));
        Assert.IsType<Frame.Close>(frames[^1]);
    }

    [Fact]
    public async Task A_read_of_no_bytes_waits_for_some_and_takes_none()
    {
        Task<int> waiting = _stream.ReadAsync(Memory<byte>.Empty).AsTask();
        Assert.False(waiting.IsCompleted);

        _socket.Give("abc"u8, WebSocketMessageType.Text);
        Assert.Equal(0, await waiting.Soon());
        Assert.Equal(0, await _stream.ReadAsync(Memory<byte>.Empty)); // they are still there
        Assert.Equal(1, _socket.ReceiveCount);

        byte[] buffer = new byte[2000];
        Assert.Equal(5, await _stream.ReadAsync(buffer));
        Assert.Equal("8103616263", Convert.ToHexString(buffer.AsSpan(0, 5)));
    }

    [Fact]
    public async Task Parts_of_a_message_are_continuations_whatever_type_they_come_with()
    {
        _socket.Give("a"u8, WebSocketMessageType.Text, end: false);
        _socket.Give([], WebSocketMessageType.Text, end: false); // says nothing
        _socket.Give("b"u8, WebSocketMessageType.Binary, end: false);
        _socket.Give([], WebSocketMessageType.Binary);
        _socket.Give("c"u8);
        _socket.GiveClose(null, null);

        Assert.Equal("010161" + "000162" + "8000" + "820163" + "8800", Convert.ToHexString(await ReadToEndAsync(4096)));
    }

    [Theory]
    [InlineData(null, null, "8800")]
    [InlineData(1005, null, "8800")]
    [InlineData(1000, null, "880203E8")]
    [InlineData(1000, "", "880203E8")]
    [InlineData(4321, "bye", "880510E1627965")]
    [InlineData(1004, "", "880203EC")] // judged by whoever parses it
    public async Task The_peers_close_is_a_frame_that_says_what_it_said_and_then_the_end(int? status, string? text, string expected)
    {
        _socket.GiveClose((WebSocketCloseStatus?)status, text);

        Assert.Equal(expected, Convert.ToHexString(await ReadToEndAsync(2000)));
        Assert.Equal(0, await _stream.ReadAsync(new byte[2000]));
        Assert.Equal(0, await _stream.ReadAsync(Memory<byte>.Empty));
        Assert.Equal(1, _socket.ReceiveCount);
    }

    [Fact]
    public async Task A_reason_that_is_longer_than_a_frame_holds_is_a_violation()
    {
        _socket.GiveClose(WebSocketCloseStatus.NormalClosure, new string('x', 70_000));

        byte[] read = await ReadToEndAsync(2000);

        var reader = new FrameReader(WebSocketRole.Client);
        Span<byte> input = read;
        Assert.False(reader.TryRead(ref input, out _));
        Assert.Equal(CloseCode.ProtocolError, reader.Violation!.Code);
    }

    [Fact]
    public async Task An_end_without_a_close_is_the_end_of_the_stream()
    {
        _socket.Give("a"u8, end: false);
        _socket.GiveError(new System.Net.WebSockets.WebSocketException(WebSocketError.ConnectionClosedPrematurely));

        Assert.Equal("020161", Convert.ToHexString(await ReadToEndAsync(2000)));
        Assert.Equal(0, await _stream.ReadAsync(new byte[2000]));
    }

    [Fact]
    public async Task A_connection_that_broke_is_an_error()
    {
        var broken = new System.Net.WebSockets.WebSocketException(WebSocketError.ConnectionClosedPrematurely, new IOException("reset"));
        _socket.GiveError(broken);

        Assert.Same(broken, await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() => _stream.ReadAsync(new byte[2000]).AsTask()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(1000)]
    [InlineData(int.MaxValue)]
    public async Task Frames_cut_anywhere_become_the_same_messages(int size)
    {
        int most = size < 1000 ? 3000 : 70_000; // each cut is a call to be kept
        var writer = new FrameWriter(WebSocketRole.Server);
        writer.Write(Opcode.Text, "grüße"u8);
        writer.Write(Opcode.Binary, []);
        writer.Write(Opcode.Text, "a"u8, fin: false);
        writer.Write(Opcode.Continuation, [], fin: false);
        writer.Write(Opcode.Continuation, "b"u8);
        writer.Write(Opcode.Binary, Bytes(126));
        writer.Write(Opcode.Binary, Bytes(most));
        writer.Write(Opcode.Text, "c"u8, fin: false);
        writer.Write(Opcode.Close, [0x10, 0xE1, (byte)'b', (byte)'y', (byte)'e']);

        await WriteAsync(writer, size);

        string text = Convert.ToHexString("grüße"u8), small = Convert.ToHexString(Bytes(126)), large = Convert.ToHexString(Bytes(most));
        Assert.Equal([$"Text {text}", "Binary ", "Text 6162", $"Binary {small}", $"Binary {large}", "Text 63…", "Close 4321 bye"], Joined(_socket.Calls));
    }

    [Fact]
    public async Task What_there_is_of_a_payload_is_sent_at_once()
    {
        await _stream.WriteAsync(new byte[] { 0x82, 3, 1 });
        Assert.Equal(["Binary 01…"], _socket.Calls);
        await _stream.WriteAsync(new byte[] { 2, 3, 0x82 });
        Assert.Equal(["Binary 01…", "Binary 0203"], _socket.Calls);
        await _stream.WriteAsync(new byte[] { 1 });
        Assert.Equal(2, _socket.Calls.Count); // a header says nothing yet
        await _stream.WriteAsync(new byte[] { 4 });
        await _stream.FlushAsync();
        Assert.Equal("Binary 04", _socket.Calls[^1]);
    }

    [Theory]
    [InlineData("8800", "Close 1000 -")]
    [InlineData("880203E8", "Close 1000 -")]
    [InlineData("880203E9", "Close 1001 -")]
    public async Task Our_close_is_the_sockets_and_an_empty_one_says_1000(string frame, string call)
    {
        await _stream.WriteAsync(Convert.FromHexString(frame));

        Assert.Equal([call], _socket.Calls);
    }

    [Theory]
    [InlineData("8900")]
    [InlineData("8A00")]
    public async Task A_ping_or_pong_that_was_staged_all_the_same_is_our_own_mistake(string frame) =>
        await Assert.ThrowsAsync<UnreachableException>(() => _stream.WriteAsync(Convert.FromHexString(frame)).AsTask());

    [Fact]
    public async Task Disposing_ends_what_is_in_progress()
    {
        Task reading = _stream.ReadAsync(new byte[2000]).AsTask();

        _stream.Dispose();

        await Assert.ThrowsAnyAsync<Exception>(() => reading.Soon());
        Assert.Equal(["Abort", "Dispose"], _socket.Calls);
    }

    [Fact]
    public void A_socket_that_has_ended_politely_is_not_aborted()
    {
        _socket.SetState(WebSocketState.Closed);

        _stream.Dispose();

        Assert.Equal(["Dispose"], _socket.Calls);
    }

    [Fact]
    public async Task A_session_over_it_masks_nothing_itself_and_gives_its_memory_back()
    {
        var pool = new CountingPool();
        var settings = new SessionSettings
        {
            Connection = new ConnectionSettings { Pool = pool, Time = new TestClock(), Engine = new EngineProfile("Fake", EngineCapability.WebSocket) { Masks = false } },
            PingInterval = Timeout.InfiniteTimeSpan,
        };
        DefaultWebSocketSession session = DefaultWebSocketSession.Over(_stream, _stream, settings);
        Assert.True(session.Masking);

        await session.SendAsync("abc");
        _socket.Give("def"u8, WebSocketMessageType.Text);
        Frame frame = await session.Incoming.ReadAsync().Soon();
        Assert.Equal("def", Assert.IsType<Frame.Text>(frame).ReadText());
        frame.Recycle();
        _socket.GiveClose(WebSocketCloseStatus.EndpointUnavailable, "off");
        CloseResult end = await session.Completion.Soon();

        Assert.True(end.WasClean);
        Assert.Equal(["Text 616263", "Close 1001 off", "Abort", "Dispose"], _socket.Calls);
        Assert.Equal(0, pool.Rented);
    }

    [Fact]
    public void It_is_a_stream_of_a_connection_and_nothing_else()
    {
        Assert.True(_stream.CanRead && _stream.CanWrite && !_stream.CanSeek);
        Assert.Throws<NotSupportedException>(() => _stream.Length);
        Assert.Throws<NotSupportedException>(() => _stream.Position);
        Assert.Throws<NotSupportedException>(() => _stream.Position = 0);
        Assert.Throws<NotSupportedException>(() => _stream.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => _stream.SetLength(0));
        Assert.Throws<NotSupportedException>(() => _stream.Read([], 0, 0));
        Assert.Throws<NotSupportedException>(() => _stream.Write([], 0, 0));
        _stream.Flush();
    }

    private static byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private async Task<byte[]> ReadToEndAsync(int size)
    {
        var all = new List<byte>();
        byte[] buffer = new byte[size];
        while (await _stream.ReadAsync(buffer) is var read and > 0)
            all.AddRange(buffer.AsSpan(0, read));
        return [.. all];
    }

    private static List<Frame> Parse(byte[] bytes)
    {
        var reader = new FrameReader(WebSocketRole.Client);
        using var assembler = new MessageAssembler();
        List<Frame> frames = [];
        Span<byte> input = bytes;
        while (reader.TryRead(ref input, out FramePiece piece))
        {
            if (assembler.TryAccept(piece, out Frame? frame))
                frames.Add(frame);
        }

        Assert.Null(reader.Violation ?? assembler.Violation);
        Assert.Equal(0, input.Length);
        return frames;
    }

    private async Task WriteAsync(FrameWriter writer, int size)
    {
        ArraySegment<byte> bytes = writer.Take();
        for (int i = 0; i < bytes.Count; i += Math.Min(size, bytes.Count - i))
            await _stream.WriteAsync(bytes.AsMemory(i, Math.Min(size, bytes.Count - i)));
        writer.Return(bytes);
    }

    // Where a message is cut is not what this is about.
    private static List<string> Joined(IEnumerable<string> calls)
    {
        List<string> joined = [];
        foreach (string call in calls)
        {
            if (joined.Count > 0 && joined[^1].EndsWith('…') && call.StartsWith(joined[^1].Split(' ')[0], StringComparison.Ordinal))
                joined[^1] = joined[^1][..^1] + call.Split(' ')[1];
            else
                joined.Add(call);
        }

        return joined;
    }
}
