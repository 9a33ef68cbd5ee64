using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class ReceiveLoopTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly CountingPool _pool = new();
    private readonly ScriptedPeer _peer = new();
    private readonly Receiver _receiver = new();
    private readonly ReceiveLoop _loop;
    private Task<ReceiveEnd>? _running;

    public ReceiveLoopTests() => _loop = new ReceiveLoop(_peer, new FrameReader(WebSocketRole.Client), new MessageAssembler(pool: _pool), _pool, _time);

    // Whatever a test did: nothing that the loop took is left behind.
    public async ValueTask DisposeAsync()
    {
        _receiver.GiveRoom();
        await _peer.DisposeAsync();
        if (_running is not null)
            await _running.Soon();
        _loop.Release();
        foreach (Frame frame in _receiver.Frames)
            frame.Recycle();
        Assert.Equal(0, _pool.Rented);
        Assert.Empty(_peer.Misuse);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(7), InlineData(1000)]
    public async Task Frames_are_the_same_however_their_bytes_are_cut(int chunk)
    {
        byte[] wire = [.. Enumerable.Range(0, 40).SelectMany(length => new byte[] { 0x82, (byte)length }.Concat(Enumerable.Repeat((byte)length, length)))];
        Run();

        foreach (byte[] part in wire.Chunk(chunk))
            _peer.Send(part);
        await Patience.Until(() => _receiver.Frames.Count == 40);

        Assert.All(_receiver.Frames.Index(), item => Assert.Equal(Enumerable.Repeat((byte)item.Index, item.Index), item.Item.ReadBytes()));
    }

    [Fact]
    public async Task A_batch_ends_once_for_all_that_one_read_brought()
    {
        Run();
        await Patience.Until(() => _receiver.Batches == 1); // nothing has come yet

        _peer.SendHex("81 01 61  81 01 62  81 01 63");
        await Patience.Until(() => _receiver.Frames.Count == 3);

        await Patience.Until(() => _receiver.Batches == 2);
    }

    [Fact]
    public async Task A_large_frame_is_read_straight_into_its_message()
    {
        byte[] payload = new byte[1 << 20];
        new Random(1).NextBytes(payload);
        Run();

        _peer.SendFrame(Opcode.Binary, payload);
        await Patience.Until(() => _receiver.Frames.Count == 1);

        Assert.True(_receiver.Frames[0].Data.Span.SequenceEqual(payload));
        // Through the buffer came what the first read brought; the rest went past it.
        Assert.Contains(_peer.ReadSizes, size => size > ReceiveLoop.BufferSize);
    }

    [Fact]
    public async Task Where_large_frames_come_only_their_heads_are_read_into_the_buffer()
    {
        byte[] payload = new byte[256 * 1024];
        Run();
        _peer.SendFrame(Opcode.Binary, payload);
        await Patience.Until(() => _receiver.Frames.Count == 1);
        await Patience.Until(() => _peer.ReadSizes[^1] == ReceiveLoop.LargeFrameHead);

        _peer.SendFrame(Opcode.Binary, payload);
        await Patience.Until(() => _receiver.Frames.Count == 2);
        _peer.SendHex("81 01 61");
        await Patience.Until(() => _receiver.Frames.Count == 3);

        Assert.Equal(payload.Length, _receiver.Frames[1].Data.Length);
        await Patience.Until(() => _peer.ReadSizes[^1] == ReceiveLoop.BufferSize); // a small one ends that
    }

    [Fact]
    public async Task While_its_receiver_has_no_room_it_reads_nothing_and_loses_nothing()
    {
        _receiver.Room = 2;
        Run();
        _peer.SendHex("81 01 61  81 01 62  81 01 63");
        _peer.SendHex("81 01 64");

        await Patience.Until(() => _loop.IsPaused);
        Assert.Equal(2, _receiver.Frames.Count);
        _time.Advance(TimeSpan.FromSeconds(7));
        _receiver.GiveRoom();
        await Patience.Until(() => _receiver.Frames.Count == 4);

        Assert.Equal(["a", "b", "c", "d"], _receiver.Frames.Select(frame => ((Frame.Text)frame).ReadText()));
        Assert.False(_loop.IsPaused);
        Assert.Equal(_time.GetTimestamp(), _loop.LastResume);
    }

    [Theory, InlineData(""), InlineData("81"), InlineData("82 7e 01"), InlineData("82 05 01 02"), InlineData("81 01 61")]
    public async Task The_end_of_the_stream_is_an_error_wherever_it_comes(string before)
    {
        Run();
        _peer.SendHex(before);
        _peer.SendEof();

        ReceiveEnd end = await _running!.Soon();

        Assert.IsType<EndOfStreamException>(end.Error);
        Assert.Null(end.Violation);
    }

    [Fact]
    public async Task A_read_that_fails_is_an_error_and_any_other_exception_becomes_one_of_IO()
    {
        Run();
        _peer.FailReads(new InvalidOperationException("odd"));

        ReceiveEnd end = await _running!.Soon();

        Assert.Equal("odd", Assert.IsType<IOException>(end.Error).InnerException!.Message);
    }

    [Fact]
    public async Task A_violation_ends_the_parsing_behind_the_frames_before_it()
    {
        Run();
        _peer.SendHex("81 01 61  83 00  81 01 62");

        ReceiveEnd end = await _running!.Soon();

        Assert.Equal(CloseCode.ProtocolError, end.Violation!.Code);
        Assert.Single(_receiver.Frames);
    }

    [Fact]
    public async Task It_stops_where_its_receiver_wants_no_more_and_drains_the_rest_until_the_end()
    {
        _receiver.Wanted = 1;
        Run();
        _peer.SendHex("81 01 61  81 01 62");

        Assert.Equal(default, await _running!.Soon());
        Task draining = _loop.DrainAsync();
        _peer.SendHex("81 01 63");
        Assert.False(draining.IsCompleted);
        _peer.SendEof();
        await draining.Soon();

        Assert.Single(_receiver.Frames);
    }

    [Fact]
    public async Task In_silence_it_waits_without_memory_and_in_traffic_with_its_buffer_in_place()
    {
        Run();
        await Patience.Until(() => _peer.ReadSizes.Count == 1);
        Assert.Equal(0, _peer.ReadSizes[0]);
        Assert.Equal(0, _pool.Rented);

        // The first bytes after a silence, then others at once: from then on the buffer stays.
        _time.Advance(TimeSpan.FromSeconds(1));
        _peer.SendHex("89 00");
        await Patience.Until(() => _peer.ReadSizes.Count == 3);
        Assert.Equal([0, ReceiveLoop.BufferSize, 0], _peer.ReadSizes);
        _peer.SendHex("89 00");
        await Patience.Until(() => _peer.ReadSizes.Count == 5);
        Assert.Equal([ReceiveLoop.BufferSize, ReceiveLoop.BufferSize], _peer.ReadSizes.TakeLast(2));
        Assert.Equal(1, _pool.Rented);

        // And goes when silence has come between.
        _time.Advance(TimeSpan.FromSeconds(1));
        _peer.SendHex("89 00");
        await Patience.Until(() => _peer.ReadSizes.Count == 6);
        Assert.Equal(0, _peer.ReadSizes[^1]);
        Assert.Equal(0, _pool.Rented);
    }

    [Theory, InlineData("82 7f 00 00 00 00 03 c0 00 00 01 02 03"), InlineData("02 7f 00 00 00 00 03 c0 00 00")]
    public async Task A_declared_length_takes_no_memory_before_its_bytes_come(string wire)
    {
        Run();
        _peer.SendHex(wire);
        await Patience.Until(() => _peer.ReadSizes.Count >= 3);

        Assert.InRange(_pool.PeakBytes, 0, ReceiveLoop.BufferSize + PayloadBuilderReservation);
    }

    // What one message may reserve beyond what has come: as much as one read.
    private const long PayloadBuilderReservation = 64 * 1024;

    private void Run() => _running = Task.Run(() => _loop.RunAsync(_receiver));

    private sealed class Receiver : IFrameReceiver
    {
        private readonly List<Frame> _frames = [];
        private readonly TaskCompletionSource _roomy = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Room { get; set; } = int.MaxValue;

        public int Wanted { get; set; } = int.MaxValue;

        public int Batches { get; private set; }

        public IReadOnlyList<Frame> Frames
        {
            get
            {
                lock (_frames)
                    return [.. _frames];
            }
        }

        public bool HasRoom => Room > 0;

        public void GiveRoom()
        {
            Room = int.MaxValue;
            _roomy.TrySetResult();
        }

        public bool OnFrame(Frame frame)
        {
            Room--;
            lock (_frames)
                _frames.Add(frame);
            return _frames.Count < Wanted;
        }

        public void OnBatchEnd() => Batches++;

        public Task WaitForRoomAsync() => _roomy.Task;
    }
}
