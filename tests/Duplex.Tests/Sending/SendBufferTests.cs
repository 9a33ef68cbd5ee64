using System.Text;

namespace Duplex.Tests;

public sealed class SendBufferTests : IDisposable
{
    private readonly CountingPool _pool = new();
    private SendBuffer _stage;

    public SendBufferTests() => _stage = NewStage(ChannelConfig.DefaultOutgoing);

    public void Dispose()
    {
        _stage.Dispose();
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public void Data_and_control_frames_are_taken_in_the_order_in_which_they_were_staged()
    {
        StageFrame(Opcode.Text, "one");
        Assert.True(_stage.TryWriteControl(Opcode.Ping, "p"u8, null));
        StageFrame(Opcode.Binary, "two", fin: false);
        StageFrame(Opcode.Continuation, "");

        Assert.Equal(["Text(one)", "Ping(p)", "Binary+(two)", "Continuation()"], TakeFrames());
        Assert.False(_stage.HasWork);
        Assert.Equal(0, _stage.StagedBytes);
    }

    [Fact]
    public void A_control_frame_waits_for_the_end_of_the_data_frame_in_progress()
    {
        _stage.Begin(Opcode.Text, fin: true, ReservedBits.None, 6, default);
        _stage.Append("abc"u8);
        Assert.True(_stage.TryWriteControl(Opcode.Ping, "1"u8, null));
        Assert.True(_stage.TryWriteControl(Opcode.Ping, "2"u8, null));
        byte[] head = TakeBytes();
        Assert.Equal(2 + 3, head.Length);

        _stage.Append("def"u8);

        Assert.Equal(["Text(abcdef)", "Ping(1)", "Ping(2)"], Show([.. head, .. TakeBytes()]));
    }

    [Fact]
    public void A_control_frame_goes_between_two_large_frames_that_leave_no_pause()
    {
        _stage.Begin(Opcode.Binary, fin: true, ReservedBits.None, 4, default);
        _stage.Append("aa"u8);
        _stage.OwePong("pong"u8);
        Assert.True(_stage.TryWriteControl(Opcode.Ping, "ping"u8, null));

        _stage.Append("aa"u8);
        _stage.Begin(Opcode.Binary, fin: true, ReservedBits.None, 4, default);
        _stage.Append("bb"u8);
        _stage.Append("bb"u8);

        Assert.Equal(["Binary(aaaa)", "Pong(pong)", "Ping(ping)", "Binary(bbbb)"], TakeFrames());
    }

    [Fact]
    public void Owed_pongs_are_work_and_are_staged_before_the_next_data_frame_or_when_a_write_takes()
    {
        Assert.False(_stage.HasWork);
        _stage.OwePong("1"u8);
        _stage.OwePong("2"u8);
        Assert.True(_stage.HasWork);
        Assert.Equal(0, _stage.StagedBytes);
        StageFrame(Opcode.Text, "data");

        // The data may answer what came after the pings.
        Assert.Equal(["Pong(1)", "Pong(2)", "Text(data)"], TakeFrames());
        Assert.False(_stage.HasWork);
        _stage.OwePong("3"u8);
        Assert.Equal(["Pong(3)"], TakeFrames());
    }

    [Fact]
    public void Inside_a_frame_owed_pongs_are_no_work_and_are_not_taken()
    {
        _stage.Begin(Opcode.Binary, fin: true, ReservedBits.None, 4, default);
        _stage.Append("aa"u8);
        byte[] head = TakeBytes();
        _stage.OwePong("p"u8);

        Assert.False(_stage.HasWork);
        Assert.Empty(TakeBytes());
        _stage.Append("aa"u8);
        Assert.Equal(["Binary(aaaa)", "Pong(p)"], Show([.. head, .. TakeBytes()]));
    }

    [Fact]
    public void Nothing_is_staged_behind_our_close()
    {
        Assert.True(_stage.TryWriteControl(Opcode.Close, [], null));

        Assert.True(_stage.IsClosed);
        Assert.False(_stage.TryWriteControl(Opcode.Ping, [], null));
        Assert.False(_stage.TryWriteControl(Opcode.Close, [], null));
        _stage.OwePong("late"u8);
        Assert.Equal(["Close()"], TakeFrames());
        Assert.False(_stage.HasWork);
    }

    [Fact]
    public void Pongs_that_are_owed_go_before_our_close()
    {
        _stage.OwePong("p"u8);
        Assert.True(_stage.TryWriteControl(Opcode.Close, [], null));

        Assert.Equal(["Pong(p)", "Close()"], TakeFrames());
    }

    [Fact]
    public void Our_close_waits_for_the_frame_in_progress_and_the_pongs_owed_before_it_still_go_before_it()
    {
        _stage.Begin(Opcode.Text, fin: false, ReservedBits.None, 4, default);
        _stage.Append("ab"u8);
        _stage.OwePong("owed"u8);
        Assert.True(_stage.TryWriteControl(Opcode.Close, [0x03, 0xE8], null));
        _stage.OwePong("late"u8);
        Assert.True(_stage.IsClosed);

        _stage.Append("cd"u8);

        Assert.Equal(["Text+(abcd)", "Pong(owed)", "Close(\u0003?)"], TakeFrames());
    }

    [Fact]
    public void Room_is_what_the_byte_bound_leaves_and_comes_back_with_a_take()
    {
        _stage = NewStage(ChannelConfig.Bounded(100, 20));
        Assert.Equal(20, _stage.MostRoom);
        Assert.Equal(20, _stage.Room);

        StageFrame(Opcode.Binary, "12345678"); // and a header of 2

        Assert.Equal(10, _stage.Room);
        Assert.True(_stage.TryWriteControl(Opcode.Ping, "123456789012345"u8, null));
        Assert.Equal(0, _stage.Room);
        TakeBytes();
        Assert.Equal(20, _stage.Room);
    }

    [Fact]
    public void A_frame_has_room_if_all_of_it_fits_or_if_all_of_it_can_never_fit()
    {
        _stage = NewStage(ChannelConfig.Bounded(100, 20));
        StageFrame(Opcode.Binary, "12345678");

        Assert.True(_stage.HasRoomFor(0));
        Assert.True(_stage.HasRoomFor(10));
        Assert.False(_stage.HasRoomFor(11));
        Assert.False(_stage.HasRoomFor(20));
        Assert.True(_stage.HasRoomFor(21));
        StageFrame(Opcode.Binary, "12345678");
        Assert.False(_stage.HasRoomFor(0));
        Assert.False(_stage.HasRoomFor(21));
    }

    [Fact]
    public void The_frame_bound_counts_data_frames_since_the_last_take_and_never_stops_a_frame_halfway()
    {
        _stage = NewStage(ChannelConfig.Bounded(2, 1000));
        StageFrame(Opcode.Binary, "1");
        Assert.True(_stage.TryWriteControl(Opcode.Ping, [], null));
        Assert.NotEqual(0, _stage.Room);

        _stage.Begin(Opcode.Binary, fin: true, ReservedBits.None, 2, default);
        _stage.Append("a"u8);
        Assert.NotEqual(0, _stage.Room);
        _stage.Append("b"u8);

        Assert.Equal(0, _stage.Room);
        TakeBytes();
        Assert.Equal(1000, _stage.Room);
    }

    [Fact]
    public void Unlimited_is_bounded_by_what_one_array_holds_and_by_nothing_else()
    {
        _stage = NewStage(ChannelConfig.Unlimited);
        for (int i = 0; i < 10_000; i++)
            StageFrame(Opcode.Binary, "1234");

        Assert.InRange(_stage.MostRoom, 2_000_000_000, Array.MaxLength - (1 << 19));
        Assert.Equal(_stage.MostRoom - _stage.StagedBytes, _stage.Room);
        Assert.Equal(10_000, TakeFrames().Length);
    }

    [Fact]
    public void Milestones_are_reached_in_order_and_exactly_when_the_bytes_before_them_are_accepted()
    {
        TaskCompletionSource frame = new(), ping = new(), both = new();
        StageFrame(Opcode.Text, "one");
        _stage.Mark(frame);
        Assert.True(_stage.TryWriteControl(Opcode.Ping, "p"u8, ping));
        _stage.Mark(both);

        Assert.Equal(8, _stage.Position);
        Assert.Null(_stage.NextFlushed(4));
        Assert.Same(frame, _stage.NextFlushed(5));
        Assert.Null(_stage.NextFlushed(7));
        Assert.Same(ping, _stage.NextFlushed(8));
        Assert.Same(both, _stage.NextFlushed(8));
        Assert.Null(_stage.NextFlushed(long.MaxValue));
    }

    [Fact]
    public void The_milestone_of_a_control_frame_that_had_to_wait_lies_behind_that_frame()
    {
        TaskCompletionSource half = new(), ping = new(), whole = new();
        _stage.Begin(Opcode.Binary, fin: true, ReservedBits.None, 4, default);
        _stage.Append("ab"u8);
        _stage.Mark(half);
        Assert.True(_stage.TryWriteControl(Opcode.Ping, "p"u8, ping));
        Assert.Same(half, _stage.NextFlushed(4));
        Assert.Null(_stage.NextFlushed(long.MaxValue));

        _stage.Append("cd"u8);
        _stage.Mark(whole);

        Assert.Null(_stage.NextFlushed(8));
        Assert.Same(ping, _stage.NextFlushed(9));
        Assert.Same(whole, _stage.NextFlushed(9));
    }

    [Fact]
    public void Positions_count_owed_pongs_too()
    {
        _stage.OwePong("p"u8);
        Assert.Equal(0, _stage.Position);

        Assert.Equal(3, TakeBytes().Length);

        Assert.Equal(3, _stage.Position);
    }

    [Fact]
    public void Abandoning_names_every_milestone_that_is_missed_and_stages_nothing_more()
    {
        TaskCompletionSource reached = new(), marked = new(), deferred = new();
        _stage.Mark(reached);
        Assert.Same(reached, _stage.NextFlushed(0));
        _stage.Begin(Opcode.Binary, fin: true, ReservedBits.None, 4, default);
        _stage.Append("ab"u8);
        _stage.Mark(marked);
        Assert.True(_stage.TryWriteControl(Opcode.Ping, [], null));
        Assert.True(_stage.TryWriteControl(Opcode.Close, [], deferred));
        _stage.OwePong([]);

        Assert.Equal([marked, deferred], _stage.Abandon());

        Assert.Empty(_stage.Abandon());
        Assert.True(_stage.IsClosed);
        Assert.Null(_stage.NextFlushed(long.MaxValue));
        Assert.False(_stage.TryWriteControl(Opcode.Ping, [], null));
    }

    [Fact]
    public void What_was_staged_and_not_taken_is_given_back_when_it_is_disposed()
    {
        StageFrame(Opcode.Binary, "some");
        Assert.Equal(1, _pool.Rented);

        _stage.Dispose();

        Assert.Equal(0, _pool.Rented);
        Assert.Equal(0, _stage.StagedBytes);
    }

    private SendBuffer NewStage(ChannelConfig bounds) => new(new FrameWriter(WebSocketRole.Server, pool: _pool), bounds);

    private void StageFrame(Opcode opcode, string payload, bool fin = true)
    {
        _stage.Begin(opcode, fin, ReservedBits.None, payload.Length, default);
        _stage.Append(Encoding.ASCII.GetBytes(payload));
    }

    private byte[] TakeBytes()
    {
        ArraySegment<byte> taken = _stage.Take();
        byte[] bytes = [.. taken];
        _stage.Return(taken);
        return bytes;
    }

    private string[] TakeFrames() => Show(TakeBytes());

    private static string[] Show(byte[] bytes) => [.. WireFrame.ParseAll(bytes).Select(frame => frame.ToString())];
}
