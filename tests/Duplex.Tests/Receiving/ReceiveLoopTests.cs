using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class ReceiveLoopTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly CountingPool _pool = new();
    private readonly ScriptedPeer _peer = new();
    private readonly RecordingStream _stream = new();
    private Receiver _receiver = new();

    public void Dispose()
    {
        _peer.Dispose();
        _stream.Dispose();
    }

    [Fact]
    public void However_the_bytes_are_cut_the_same_frames_come()
    {
        byte[] wire = Wire(
            (Opcode.Text, "Hello"u8.ToArray()),
            (Opcode.Ping, "p"u8.ToArray()),
            (Opcode.Binary, Pattern(200)),
            (Opcode.Binary, []),
            (Opcode.Binary, Pattern(70_000)),
            (Opcode.Text, "end"u8.ToArray()));

        Gen.Int[1, 80_000].Array[1, 30].Sample(
            cuts =>
            {
                var pool = new CountingPool();
                var peer = new ScriptedPeer();
                var receiver = new Receiver();
                ReceiveLoop loop = NewLoop(peer, pool: pool, receiver: receiver);
                int sent = 0;
                foreach (int cut in cuts)
                {
                    int count = Math.Min(cut, wire.Length - sent);
                    if (count > 0)
                        peer.Send(wire.AsSpan(sent, count));
                    sent += count;
                }

                if (sent < wire.Length)
                    peer.Send(wire.AsSpan(sent));
                peer.SendEof();

                (ProtocolViolation? Violation, Exception? Error) end = RunAsync(loop, receiver).Soon().GetAwaiter().GetResult();

                Assert.IsType<EndOfStreamException>(end.Error);
                Assert.Equal([5, 1, 200, 0, 70_000, 3], receiver.Frames.Select(frame => frame.Data.Length));
                Assert.Equal(Pattern(70_000), receiver.Frames[4].ReadBytes());
                receiver.RecycleAll();
                loop.Release();
                Assert.Equal(0, pool.Rented);
                Assert.Empty(peer.Misuse);
            },
            iter: 60,
            threads: 1);
    }

    [Fact]
    public async Task Every_frame_also_comes_byte_by_byte()
    {
        byte[] wire = Wire((Opcode.Text, "Hello"u8.ToArray()), (Opcode.Ping, []), (Opcode.Binary, Pattern(300)));
        foreach (byte b in wire)
            _peer.Send(b);
        _peer.SendEof();

        await RunAsync(NewLoop(_peer)).Soon();

        Assert.Equal([5, 0, 300], _receiver.Frames.Select(frame => frame.Data.Length));
        Assert.Equal(Pattern(300), _receiver.Frames[2].ReadBytes());
    }

    [Fact]
    public async Task The_frames_of_one_read_are_one_batch()
    {
        _peer.Send(Wire((Opcode.Text, "a"u8.ToArray()), (Opcode.Text, "b"u8.ToArray()), (Opcode.Text, "c"u8.ToArray())));
        _peer.SendEof();

        await RunAsync(NewLoop(_peer)).Soon();

        Assert.Equal([0, 3, 3], _receiver.Batches.Take(2).Append(_receiver.Frames.Count)); // before the first read there is nothing
    }

    [Fact]
    public async Task The_reads_of_a_large_payload_ask_for_its_own_bytes_only_and_for_as_many_as_have_come_before()
    {
        byte[] payload = Pattern(200_000);
        byte[] wire = Wire((Opcode.Binary, payload));
        Task running = RunAsync(NewLoop(_stream));
        _stream.Send(wire.AsSpan(0, 1010)); // a header of 10 bytes, and 1000 of the payload

        int sent = 1010;
        for (int reads = 3; sent < wire.Length; reads++)
        {
            await Patience.Until(() => _stream.ReadSizes.Length == reads);
            int wanted = _stream.ReadSizes[^1];
            _stream.Send(wire.AsSpan(sent, wanted));
            sent += wanted;
        }

        await _receiver.Got(1);
        Assert.Equal([0, InputBuffer.BufferSize, 65_536 - 1000, 65_536, 200_000 - (2 * 65_536)], _stream.ReadSizes.Take(5));
        Assert.Equal(payload, _receiver.Frames[0].ReadBytes());
        Assert.False(running.IsCompleted);
    }

    [Fact]
    public async Task The_memory_that_a_direct_read_fills_is_the_memory_of_the_frame()
    {
        byte[] payload = Pattern(40_000); // small enough to be reserved at once, so that it is never moved
        byte[] wire = Wire((Opcode.Binary, payload));
        Task running = RunAsync(NewLoop(_stream));
        _stream.Send(wire.AsSpan(0, 4)); // the header
        await Patience.Until(() => _stream.ReadSizes is [.., 40_000]);

        _stream.Send(wire.AsSpan(4));

        await _receiver.Got(1);
        Assert.True(_receiver.Frames[0].Data.Span.Overlaps(_stream.LastRead.Span, out int offset));
        Assert.Equal(0, offset);
        Assert.Equal(payload, _receiver.Frames[0].ReadBytes());
        Assert.False(running.IsCompleted);
    }

    [Fact]
    public async Task Without_room_nothing_is_read_and_after_it_everything_comes()
    {
        using var probe = new MeterProbe();
        _receiver = new Receiver { Room = 2, IsHeld = true };
        ReceiveLoop loop = NewLoop(_peer, instruments: probe.Instruments);
        _peer.Send(Wire([.. Enumerable.Range(0, 5).Select(i => (Opcode.Binary, new[] { (byte)i }))]));
        Task running = RunAsync(loop);
        await _receiver.Paused.Soon();
        Assert.True(loop.IsPaused);
        Assert.Equal(2, _receiver.Queue.Count);
        Assert.Equal(2, _receiver.Batches[^1]); // what came before is visible while it waits
        long inbound = loop.LastInbound;
        _peer.Send(Wire((Opcode.Binary, [5])));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(inbound, loop.LastInbound);

        long resumed = _time.GetTimestamp();
        _receiver.IsHeld = false;
        _receiver.Take();
        await _receiver.Got(6);

        Assert.Equal(resumed, loop.LastResume);
        Assert.False(loop.IsPaused);
        Assert.Equal("60", probe.Of("duplex.receive.pause.duration")[0]);
        Assert.Equal([0, 1, 2, 3, 4, 5], _receiver.Frames.Select(frame => frame.Data.Span[0]));
        _peer.SendEof();
        await running.Soon();
    }

    [Fact]
    public async Task Room_that_comes_back_right_after_parsing_stopped_for_it_leaves_no_frame_lying()
    {
        // The consumer takes a frame just after the loop has found no room, so that there is some when the loop is about to wait for it.
        _receiver = new Receiver { Room = 1, TakesWhenStuck = true };
        Task running = RunAsync(NewLoop(_peer));
        _peer.Send(Wire((Opcode.Text, "a"u8.ToArray()), (Opcode.Text, "b"u8.ToArray()), (Opcode.Text, "c"u8.ToArray())));

        await _receiver.Got(3);

        Assert.False(running.IsCompleted);
    }

    [Fact]
    public async Task Room_that_comes_back_while_the_buffer_is_full_is_not_taken_for_the_end_of_the_stream()
    {
        byte[] full = Wire([.. Enumerable.Range(0, InputBuffer.BufferSize / 4).Select(i => (Opcode.Binary, new[] { (byte)i, (byte)(i >> 8) }))]);
        Assert.Equal(InputBuffer.BufferSize, full.Length);
        _receiver = new Receiver { Room = 1, TakesWhenStuck = true };
        Task running = RunAsync(NewLoop(_stream));
        _stream.Send(full);

        await _receiver.Got(full.Length / 4);

        Assert.False(running.IsCompleted);
    }

    [Theory]
    [InlineData("")]
    [InlineData("82")]
    [InlineData("82 7E 01")]
    [InlineData("82 05 01 02")]
    [InlineData("82 01 FF")]
    [InlineData("02 01 FF")]
    public async Task The_end_of_the_stream_is_an_end_wherever_it_comes(string hex)
    {
        if (hex.Length > 0)
            _peer.SendHex(hex);
        _peer.SendEof();
        ReceiveLoop loop = NewLoop(_peer);

        (ProtocolViolation? Violation, Exception? Error) end = await RunAsync(loop).Soon();

        Assert.IsType<EndOfStreamException>(end.Error);
        Assert.Null(end.Violation);
        _receiver.RecycleAll();
        loop.Release();
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public async Task The_end_of_the_stream_inside_a_large_payload_is_an_end()
    {
        _peer.Send(Wire((Opcode.Binary, Pattern(100_000))).AsSpan(0, 50_000));
        _peer.SendEof();
        ReceiveLoop loop = NewLoop(_peer);

        Assert.IsType<EndOfStreamException>((await RunAsync(loop).Soon()).Error);

        loop.Release();
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public async Task A_read_error_is_given_as_it_is_and_any_other_exception_inside_an_io_exception()
    {
        var reset = new IOException("reset");
        _peer.FailReads(reset);
        Assert.Same(reset, (await RunAsync(NewLoop(_peer)).Soon()).Error);

        var disposed = new ObjectDisposedException("stream");
        _peer.FailReads(disposed);
        _receiver = new Receiver();
        Assert.Same(disposed, Assert.IsType<IOException>((await RunAsync(NewLoop(_peer)).Soon()).Error).InnerException);
    }

    [Fact]
    public async Task What_was_parsed_before_memory_ran_out_is_delivered()
    {
        byte[] large = new byte[5000];
        _peer.Send([.. Wire((Opcode.Text, "a"u8.ToArray())), .. Wire((Opcode.Binary, large))]);
        var pool = new ScarcePool(large.Length);
        ReceiveLoop loop = NewLoop(_peer, new FrameReader(WebSocketRole.Client), new MessageAssembler(AssemblerOutput.Messages, pool), _receiver, pool);

        (_, Exception? error) = await RunAsync(loop).Soon();

        Assert.IsType<InsufficientMemoryException>(Assert.IsType<IOException>(error).InnerException);
        _receiver.Take();
        Assert.Equal("a", Assert.IsType<Frame.Text>(Assert.Single(_receiver.Frames)).ReadText());
    }

    [Theory]
    [InlineData("81 01 61  83 00  81 01 62", CloseCode.ProtocolError)] // a reserved opcode
    [InlineData("81 01 61  81 02 C3 28  81 01 62", CloseCode.InvalidFramePayloadData)]
    [InlineData("81 01 61  88 02 03 EC  81 01 62", CloseCode.ProtocolError)] // a close code that must not be sent
    public async Task Behind_a_violation_nothing_is_parsed_and_what_came_before_it_is_delivered(string hex, CloseCode code)
    {
        _peer.SendHex(hex);

        (ProtocolViolation? Violation, Exception? Error) end = await RunAsync(NewLoop(_peer)).Soon();

        Assert.Equal(code, end.Violation?.Code);
        Assert.Null(end.Error);
        Assert.Equal("a", Assert.IsType<Frame.Text>(Assert.Single(_receiver.Frames)).ReadText());
        Assert.Equal(1, _receiver.Batches[^1]);
    }

    [Fact]
    public async Task After_the_peers_close_nothing_is_parsed()
    {
        _peer.Send(Wire((Opcode.Text, "a"u8.ToArray()), (Opcode.Close, []), (Opcode.Text, "c"u8.ToArray())));

        (ProtocolViolation? Violation, Exception? Error) end = await RunAsync(NewLoop(_peer)).Soon();

        Assert.Equal((null, null), end);
        Assert.Equal([FrameType.Text, FrameType.Close], _receiver.Frames.Select(frame => frame.Type));
        Assert.Equal(1, _receiver.Batches[^1]); // the Close is no part of a batch
    }

    [Fact]
    public async Task In_silence_the_loop_waits_without_memory_and_while_hot_with_its_buffer_in_place()
    {
        ReceiveLoop loop = NewLoop(_stream);
        Task running = RunAsync(loop);
        await Patience.Until(() => _stream.ReadSizes.Length == 1);
        Assert.Equal([0], _stream.ReadSizes);
        Assert.Equal(0, _pool.Rented);

        // The first bytes come after a silence, the next ones at once.
        _time.Advance(TimeSpan.FromSeconds(1));
        _stream.Send(Wire((Opcode.Text, "a"u8.ToArray())));
        await Patience.Until(() => _stream.ReadSizes.Length == 3);
        Assert.Equal([0, InputBuffer.BufferSize, 0], _stream.ReadSizes);
        _receiver.RecycleAll();
        Assert.Equal(0, _pool.Rented); // neither the buffer nor the slab

        _time.Advance(InputBuffer.HotPeriod);
        _stream.Send(Wire((Opcode.Text, "b"u8.ToArray())));
        await Patience.Until(() => _stream.ReadSizes.Length == 5);
        Assert.Equal([0, InputBuffer.BufferSize, 0, InputBuffer.BufferSize, InputBuffer.BufferSize], _stream.ReadSizes);
        Assert.Equal(2, _pool.Rented); // the buffer and the slab

        _time.Advance(InputBuffer.HotPeriod + TimeSpan.FromTicks(1));
        _stream.Send(Wire((Opcode.Text, "c"u8.ToArray())));
        await Patience.Until(() => _stream.ReadSizes.Length == 6);
        Assert.Equal(0, _stream.ReadSizes[^1]);
        _receiver.RecycleAll();
        Assert.Equal(0, _pool.Rented);
        Assert.Equal(_time.GetTimestamp(), loop.LastInbound);
        Assert.False(running.IsCompleted);
    }

    [Fact]
    public async Task A_consumer_on_the_loops_thread_reads_on_itself_and_gets_what_has_come_before_more_is_read()
    {
        // On a busy machine the watch may reclaim the loop from a consumer that was held up for 10 ms. Not every time.
        (int Frames, int Reads)[] seen = [];
        for (int again = 0; again < 20 && seen is not [(1, 2), (2, 2), (2, 3)]; again++)
            seen = await ReadOnAsync();

        Assert.Equal([(1, 2), (2, 2), (2, 3)], seen);
    }

    // After each wait of a consumer that runs on the loop's thread: how many frames it had, and how many reads were begun.
    private async Task<(int Frames, int Reads)[]> ReadOnAsync()
    {
        using var stream = new RecordingStream();
        var receiver = new Receiver { IsHeld = true };
        ReceiveLoop loop = NewLoop(stream, receiver: receiver);
        Task<(int, int)[]> consumer = ConsumeAsync();
        stream.Send(Wire([.. Enumerable.Range(0, ReceiveLoop.BatchSize + 1).Select(i => (Opcode.Binary, new[] { (byte)i }))]));
        loop.Start();
        return await consumer.Soon();

        async Task<(int, int)[]> ConsumeAsync()
        {
            List<(int, int)> seen = [];
            int batches = 0;
            for (int i = 0; i < 3; i++)
            {
                ValueTask<bool> wait = loop.WaitForFrameAsync(CancellationToken.None);
                if (i < 2)
                    Assert.True(await wait);
                for (bool any = false; receiver.Queue.TryTake() is { } frame; any = true)
                {
                    frame.Recycle();
                    batches += any ? 0 : 1;
                }

                seen.Add((batches, stream.ReadSizes.Length));
            }

            return [.. seen];
        }
    }

    [Fact]
    public async Task Part_of_a_frame_survives_a_silence()
    {
        ReceiveLoop loop = NewLoop(_stream);
        Task running = RunAsync(loop);
        foreach (byte b in Wire((Opcode.Binary, Pattern(300))))
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            int reads = _stream.ReadSizes.Length;
            _stream.Send(b);
            await Patience.Until(() => _stream.ReadSizes.Length > reads);
        }

        await _receiver.Got(1);
        Assert.Equal(Pattern(300), _receiver.Frames[0].ReadBytes());
        Assert.False(running.IsCompleted);
    }

    [Fact]
    public async Task A_peer_that_declares_60_mib_and_sends_nothing_reserves_nothing()
    {
        ReceiveLoop loop = NewLoop(_stream);
        Task running = RunAsync(loop);
        _time.Advance(TimeSpan.FromSeconds(1));
        _stream.Send(0x82, 0x7F, 0, 0, 0, 0, 0x03, 0xC0, 0, 0);
        await Patience.Until(() => _stream.ReadSizes.Length == 3);

        Assert.Equal([0, InputBuffer.BufferSize, 0], _stream.ReadSizes);
        Assert.Equal(0, _pool.Rented);

        // Memory grows with what arrived.
        _time.Advance(TimeSpan.FromSeconds(1));
        _stream.Send(new byte[1000]);
        await Patience.Until(() => _stream.ReadSizes.Length == 5);
        Assert.InRange(_pool.RentedBytes, 1000, 128 * 1024);
        Assert.False(running.IsCompleted);
    }

    [Fact]
    public async Task While_hot_a_declared_size_reserves_no_more_than_one_read_would()
    {
        Task running = RunAsync(NewLoop(_stream));
        _stream.Send(0x82, 0x7F, 0, 0, 0, 0, 0x03, 0xC0, 0, 0);
        await Patience.Until(() => _stream.ReadSizes.Length == 3);

        Assert.NotEqual(0, _stream.ReadSizes[^1]);
        Assert.InRange(_pool.RentedBytes, 1, 64 * 1024);
        Assert.False(running.IsCompleted);
    }

    [Fact]
    public async Task A_peer_that_declares_more_than_the_limit_is_told_so_before_anything_is_reserved()
    {
        _peer.Send(0x82, 0x7F, 0x40, 0, 0, 0, 0, 0, 0, 0);

        (ProtocolViolation? Violation, Exception? Error) end = await RunAsync(NewLoop(_peer)).Soon();

        Assert.Equal(CloseCode.MessageTooBig, end.Violation?.Code);
        Assert.InRange(_pool.PeakBytes, 0, InputBuffer.BufferSize);
    }

    [Fact]
    public async Task A_violation_of_a_frame_that_both_limits_refuse_names_both()
    {
        _peer.Send(0x82, 0x7F, 0x40, 0, 0, 0, 0, 0, 0, 0);
        var assembler = new MessageAssembler(AssemblerOutput.Messages, _pool);
        ReceiveLoop loop = NewLoop(_peer, new FrameReader(WebSocketRole.Client), assembler, _receiver, _pool, isRaw: false);

        (ProtocolViolation? violation, _) = await RunAsync(loop).Soon();

        Assert.Contains("MaxFrameSize", violation!.Message, StringComparison.Ordinal);
        Assert.Contains("MaxMessageSize", violation.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Draining_reads_until_the_end_of_the_stream_and_forgives_its_error()
    {
        ReceiveLoop loop = NewLoop(_peer);
        _peer.Send(Wire((Opcode.Close, []), (Opcode.Text, "unparsed"u8.ToArray())));
        await RunAsync(loop).Soon();

        Task drain = loop.DrainAsync();
        _peer.Send(new byte[100_000]);
        Assert.False(drain.IsCompleted);
        _peer.SendEof();
        await drain.Soon();

        _peer.FailReads(new IOException("reset"));
        await loop.DrainAsync().Soon();
        Assert.Single(_receiver.Frames);
        _receiver.RecycleAll();
        loop.Release();
        Assert.Equal(0, _pool.Rented);
        Assert.Empty(_peer.Misuse);
    }

    [Fact]
    public async Task Releasing_gives_back_everything_but_what_the_receiver_holds()
    {
        ReceiveLoop loop = NewLoop(_peer);
        _peer.Send(Wire((Opcode.Binary, Pattern(5_000))));
        _peer.SendHex("01 02 61 62  09 7D 01 02"); // a message and a ping that stay unfinished
        _peer.SendEof();
        await RunAsync(loop).Soon();

        loop.Release();
        loop.Release();

        Assert.Equal(1, _pool.Rented);
        Assert.Equal(Pattern(5_000), _receiver.Frames[0].ReadBytes());
        _receiver.RecycleAll();
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public async Task In_pieces_each_batch_passes_on_what_came_as_one_frame_before_it_ends()
    {
        _peer.Send([0x02, 0x01, 0x00, .. Enumerable.Repeat((byte[])[0x00, 0x01, 0x07], 10_000).SelectMany(fragment => fragment)]);
        _peer.SendHex("00 02 08");
        _peer.SendHex("09 80 00");
        _peer.SendEof();

        ReceiveLoop loop = NewLoop(_peer, output: AssemblerOutput.Pieces);
        await RunAsync(loop).Soon();

        Assert.Equal([10_001, 1, 1], _receiver.Frames.Select(frame => frame.Data.Length));
        Assert.Equal([false, false, true], _receiver.Frames.Select(frame => frame.Fin));
        Assert.Equal([0, 1, 2, 3], _receiver.Batches.Distinct());
        _receiver.RecycleAll();
        loop.Release();
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public async Task In_pieces_a_close_comes_behind_what_came_before_it_in_the_same_batch()
    {
        _peer.SendHex("02 01 01 88 00");

        await RunAsync(NewLoop(_peer, output: AssemblerOutput.Pieces)).Soon();

        Assert.Equal([FrameType.Binary, FrameType.Close], _receiver.Frames.Select(frame => frame.Type));
    }

    [Fact]
    public async Task In_pieces_a_large_frame_is_read_straight_into_them_and_bytes_that_trickle_share_an_array()
    {
        ReceiveLoop loop = NewLoop(_peer, output: AssemblerOutput.Pieces);
        Task running = RunAsync(loop);
        _peer.SendHex("82 7F 00 00 00 01 00 00 00 00"); // 4 GiB
        for (int i = 0; i < 300; i++)
            _peer.Send(Pattern(100));
        await Patience.Until(() => _receiver.Frames.Sum(frame => frame.Data.Length) == 30_000);

        Assert.Equal(PieceSink.SlabSize, _pool.RentedBytes);
        Assert.Contains(_peer.ReadSizes, size => size == PieceSink.SlabSize); // into the array, not into the buffer, which is given back
        Assert.Equal(Enumerable.Repeat(Pattern(100), 300).SelectMany(bytes => bytes), _receiver.Frames.SelectMany(frame => frame.ReadBytes()));

        _peer.SendEof();
        await running.Soon();
        _receiver.RecycleAll();
        loop.Release();
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public async Task In_pieces_bytes_that_were_read_before_there_was_no_room_are_not_copied_and_not_lost()
    {
        _receiver = new Receiver { Room = 1, IsHeld = true };
        ReceiveLoop loop = NewLoop(_peer, output: AssemblerOutput.Pieces);
        Task running = RunAsync(loop);
        _peer.SendHex("82 7F 00 00 00 00 00 02 00 00 01"); // 128 KiB, of which one byte is here
        _peer.Send(Pattern(20_000));
        await _receiver.Paused.Soon();
        Assert.Equal(1, _receiver.Queue.Count);

        _receiver.IsHeld = false;
        _receiver.Take();
        _peer.Send(Pattern(10));
        await Patience.Until(() => _receiver.Frames.Count == 3);

        Assert.Equal([1, .. Pattern(20_000), .. Pattern(10)], _receiver.Frames.SelectMany(frame => frame.ReadBytes()));
        _peer.SendEof();
        await running.Soon();
        _receiver.RecycleAll();
        loop.Release();
        Assert.Equal(0, _pool.Rented);
    }

    private ReceiveLoop NewLoop(Stream stream, CountingPool? pool = null, AssemblerOutput output = AssemblerOutput.Messages, Receiver? receiver = null, Instruments? instruments = null)
    {
        receiver ??= _receiver;
        pool ??= _pool;
        var assembler = new MessageAssembler(output, pool, output == AssemblerOutput.Pieces ? long.MaxValue : WebSocketLimits.DefaultMaxSize);
        return NewLoop(stream, new FrameReader(WebSocketRole.Client, long.MaxValue), assembler, receiver, pool, instruments);
    }

    private ReceiveLoop NewLoop(
        Stream stream, FrameReader reader, MessageAssembler assembler, Receiver receiver, System.Buffers.ArrayPool<byte> pool, Instruments? instruments = null, bool isRaw = true)
    {
        var settings = new ConnectionSettings { Pool = pool, Time = _time };
        return new ReceiveLoop(
            new InputBuffer(stream, reader, assembler, settings), reader, assembler, receiver.Queue, isRaw, receiver, TestTelemetry.Of(instruments: instruments), settings);
    }

    private Task<(ProtocolViolation? Violation, Exception? Error)> RunAsync(ReceiveLoop loop, Receiver? receiver = null)
    {
        loop.Start();
        return (receiver ?? _receiver).ReceiveEnd;
    }

    private static byte[] Wire(params (Opcode Opcode, byte[] Payload)[] frames)
    {
        using var writer = new FrameWriter(WebSocketRole.Server);
        foreach ((Opcode opcode, byte[] payload) in frames)
            writer.Write(opcode, payload);
        ArraySegment<byte> taken = writer.Take();
        byte[] bytes = [.. taken];
        writer.Return(taken);
        return bytes;
    }

    [Fact]
    public async Task Where_large_frames_come_only_their_heads_are_read_into_the_buffer_and_a_small_one_ends_that()
    {
        ReceiveLoop loop = NewLoop(_peer);
        Task running = RunAsync(loop);
        byte[] payload = Pattern(256 * 1024);
        _peer.SendFrame(Opcode.Binary, payload);
        await Patience.Until(() => _receiver.Frames.Count == 1 && _peer.ReadSizes[^1] == InputBuffer.LargeFrameHead);

        _peer.SendFrame(Opcode.Binary, payload);
        await Patience.Until(() => _receiver.Frames.Count == 2);
        Assert.True(_receiver.Frames[1].Data.Span.SequenceEqual(payload));
        Assert.Contains(_peer.ReadSizes, size => size == payload.Length - InputBuffer.LargeFrameHead + 10); // the rest in one read, straight into the message; the header has 10 bytes
        _peer.SendHex("81 01 61");
        await Patience.Until(() => _receiver.Frames.Count == 3 && _peer.ReadSizes[^1] == InputBuffer.BufferSize);

        _peer.SendEof();
        await running.Soon();
        _receiver.RecycleAll();
        loop.Release();
        Assert.Equal(0, _pool.Rented);
    }

    private static byte[] Pattern(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];

    // Takes what is published at the end of each batch, unless it is held or its room is used up.
    private sealed class Receiver : SessionReports
    {
        private readonly Lock _sync = new();
        private readonly List<Frame> _frames = [];
        private readonly List<int> _batches = [];
        private bool _wasStuck;

        public FrameQueue Queue { get; private set; } = new(ChannelConfig.Unlimited, new CloseState());

        public IReadOnlyList<Frame> Frames
        {
            get
            {
                lock (_sync)
                    return [.. _frames];
            }
        }

        // How many frames had come at the end of each batch.
        public IReadOnlyList<int> Batches
        {
            get
            {
                lock (_sync)
                    return [.. _batches];
            }
        }

        // Whether frames stay in the queue.
        public bool IsHeld { get; set; }

        // Whether frames are taken only once the loop has found no room, right before it waits for some.
        public bool TakesWhenStuck { get; init; }

        public int Room
        {
            init => Queue = new FrameQueue(ChannelConfig.Bounded(value, long.MaxValue), new CloseState());
        }

        public Task Paused => Patience.Until(() => Queue.IsFull);

        public Task Got(int count) => Patience.Until(() => Frames.Count >= count);

        public void Take()
        {
            lock (_sync)
            {
                while (Queue.TryTake() is { } frame)
                    _frames.Add(frame);
            }
        }

        public void RecycleAll()
        {
            foreach (Frame frame in Frames)
                frame.Recycle();
        }

        public override void OnBatchEnd(long lastInbound)
        {
            bool isStuck = !Queue.MayAdd;
            if (!IsHeld && (!TakesWhenStuck || _wasStuck || !isStuck))
                Take();
            _wasStuck = isStuck;
            lock (_sync)
                _batches.Add(_frames.Count + Queue.Count);
        }

        public override void OnPeerClose(CloseReason reason)
        {
            Queue.Publish();
            Take();
        }
    }

    // Has no memory of one size.
    private sealed class ScarcePool(int size) : System.Buffers.ArrayPool<byte>
    {
        public override byte[] Rent(int minimumLength) =>
            minimumLength == size ? throw new InsufficientMemoryException() : new byte[minimumLength];

        public override void Return(byte[] array, bool clearArray = false)
        {
        }
    }
}
