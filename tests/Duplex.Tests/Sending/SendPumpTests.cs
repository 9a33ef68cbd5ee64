using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class SendPumpTests : IDisposable
{
    private readonly SessionReports _reports = new();
    private readonly FakeTimeProvider _time = new();
    private readonly CountingPool _pool = new();
    private readonly RecordingStream _stream = new();
    private SendPump _pump;

    public SendPumpTests() => _pump = NewPump(ChannelConfig.DefaultOutgoing);

    public void Dispose()
    {
        _pump.Stop();
        _stream.FailWrites(new IOException("over"));
        Assert.True(_pump.Ended.Wait(Patience.Limit));
        Assert.Equal(0, _pool.Rented);
        Assert.Null(_stream.Misuse);
    }

    [Fact]
    public void A_lone_send_is_written_and_flushed_on_the_callers_thread()
    {
        Assert.Equal(SendPump.Staged.WriteInline, Stage("lone"));
        _ = _pump.WriteInlineAsync();

        Assert.Equal(["6", "flush"], _stream.WriteCalls);
        Assert.Equal(Environment.CurrentManagedThreadId, _stream.WriteThread);

        _time.Advance(SendPump.BurstGap);
        Assert.Equal(SendPump.Staged.WriteInline, Stage("lone again"));
        _ = _pump.WriteInlineAsync();
        Assert.Equal(["6", "flush", "12", "flush"], _stream.WriteCalls);
    }

    [Fact]
    public async Task All_that_is_staged_before_a_write_begins_goes_out_in_it()
    {
        Assert.Equal(SendPump.Staged.WriteInline, Stage("1"));
        for (int i = 0; i < 9; i++)
            Assert.Equal(SendPump.Staged.Queued, Stage("next"));

        _ = _pump.WriteInlineAsync();
        await _pump.FlushAsync().Soon();

        Assert.Equal([$"{3 + (9 * 6)}", "flush"], _stream.WriteCalls);
    }

    [Fact]
    public async Task A_send_soon_behind_a_write_is_left_to_the_pool_however_long_the_write_took()
    {
        _stream.HoldWrites();
        Assert.Equal(SendPump.Staged.WriteInline, Stage("first"));
        Task writing = _pump.WriteInlineAsync();
        _time.Advance(TimeSpan.FromSeconds(1));
        _stream.PassWrites();
        await writing.Soon();

        _time.Advance(SendPump.BurstGap - TimeSpan.FromTicks(1));
        Assert.Equal(SendPump.Staged.Queued, Stage("second"));

        await _pump.FlushAsync().Soon();
        Assert.Equal(["7", "flush", "8", "flush"], _stream.WriteCalls);
    }

    [Fact]
    public async Task A_send_that_answers_what_has_just_come_is_written_by_its_caller()
    {
        _pump = NewPump(ChannelConfig.DefaultOutgoing);
        Stage("question");
        await _pump.WriteInlineAsync();

        _time.Advance(TimeSpan.FromTicks(1));
        _pump.OnReceived(_time.GetTimestamp());
        Assert.Equal(SendPump.Staged.WriteInline, Stage("answer"));
        _time.Advance(TimeSpan.FromTicks(1));
        await _pump.WriteInlineAsync();

        Assert.Equal(SendPump.Staged.Queued, Stage("more")); // the write was later
        await _pump.FlushAsync().Soon();
    }

    [Fact]
    public async Task What_is_staged_during_a_write_is_the_next_write()
    {
        _stream.HoldWrites();
        Assert.Equal(SendPump.Staged.WriteInline, Stage("first"));
        _ = _pump.WriteInlineAsync();
        for (int i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1)); // however far apart, a write is in progress
            Assert.Equal(SendPump.Staged.Queued, Stage("more"));
        }

        Assert.Equal(["7"], _stream.WriteCalls);
        Assert.Equal(7 + 18, _pump.BufferedBytes);
        _stream.PassWrites();
        await _pump.FlushAsync().Soon();

        Assert.Equal(["7", "flush", "18", "flush"], _stream.WriteCalls);
        Assert.Equal(0, _pump.BufferedBytes);
    }

    [Fact]
    public async Task An_inline_writer_writes_one_batch_and_leaves_the_rest_to_the_pool()
    {
        Stage("mine");
        _stream.HoldWrites();
        _ = _pump.WriteInlineAsync();
        Stage("others");
        _stream.PassOneWrite();
        await _stream.WriteHeld.Soon();
        _stream.PassWrites();
        await _pump.FlushAsync().Soon();

        Assert.Equal(["6", "flush", "8", "flush"], _stream.WriteCalls);
    }

    [Fact]
    public async Task No_write_is_larger_than_its_limit_and_the_batch_is_flushed_behind_the_last()
    {
        _pump = NewPump(ChannelConfig.Unlimited);
        byte[] payload = new byte[(2 * SendPump.MaxWrite) + 10];
        new Random(1).NextBytes(payload);
        Assert.Equal(SendPump.Staged.WriteInline, _pump.TryStage(Opcode.Binary, true, ReservedBits.None, payload, false, out _));
        _ = _pump.WriteInlineAsync();
        await _pump.FlushAsync().Soon();

        Assert.Equal([$"{SendPump.MaxWrite}", $"{SendPump.MaxWrite}", "20", "flush"], _stream.WriteCalls);
        Assert.Equal(payload, Assert.Single(WireFrame.ParseAll(_stream.Written)).Payload);
    }

    [Fact]
    public async Task Each_write_of_a_large_batch_has_its_own_beginning()
    {
        _pump = NewPump(ChannelConfig.Unlimited);
        Assert.Null(_pump.WriteBegan);
        _stream.HoldWrites();
        _pump.TryStage(Opcode.Binary, true, ReservedBits.None, new byte[2 * SendPump.MaxWrite], false, out _);
        long first = _time.GetTimestamp();
        _ = _pump.WriteInlineAsync();
        Assert.Equal(first, _pump.WriteBegan);

        // A slow peer that takes one piece after the other is alive.
        _time.Advance(TimeSpan.FromSeconds(19));
        long second = _time.GetTimestamp();
        _stream.PassOneWrite();
        await _stream.WriteHeld.Soon();

        Assert.Equal(second, _pump.WriteBegan);
        _stream.PassWrites();
        await _pump.FlushAsync().Soon();
        Assert.Null(_pump.WriteBegan);
    }

    [Fact]
    public async Task A_flush_completes_when_what_was_staged_before_it_is_accepted_and_not_sooner()
    {
        Assert.True(_pump.FlushAsync().IsCompletedSuccessfully);
        _stream.HoldWrites();
        Stage("first");
        _ = _pump.WriteInlineAsync();
        Task first = _pump.FlushAsync();
        Stage("second");
        Task second = _pump.FlushAsync();
        Assert.False(first.IsCompleted);

        _stream.PassOneWrite();
        await first.Soon();
        await _stream.WriteHeld.Soon();
        Assert.False(second.IsCompleted);

        _stream.PassWrites();
        await second.Soon();
        Assert.True(_pump.FlushAsync().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task The_milestone_of_a_control_frame_is_reached_when_the_frame_is_accepted()
    {
        var milestone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _stream.HoldWrites();
        Assert.True(_pump.TryStageControl(Opcode.Ping, "p"u8, milestone));
        await _stream.WriteHeld.Soon();
        Assert.False(milestone.Task.IsCompleted);

        _stream.PassWrites();

        await milestone.Task.Soon();
        Assert.Equal([0x89, 0x01, (byte)'p'], _stream.Written);
    }

    [Fact]
    public async Task Owed_pongs_are_written_by_one_kick()
    {
        _pump.OwePong("1"u8);
        _pump.OwePong("2"u8);
        Assert.Empty(_stream.WriteCalls);

        _pump.OnReceived(_time.GetTimestamp() - 1);
        await Patience.Until(() => _stream.WriteCalls.Length == 2);

        Assert.Equal(["6", "flush"], _stream.WriteCalls);
        _pump.OnReceived(_time.GetTimestamp() - 1); // nothing is owed
        Assert.True(_pump.FlushAsync().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_write_error_fails_the_pump_once_and_nothing_more_is_written()
    {
        var error = new IOException("broken");
        var ping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _stream.HoldWrites();
        Stage("lost");
        _ = _pump.WriteInlineAsync();
        Stage("never sent");
        Task flush = _pump.FlushAsync();
        Assert.True(_pump.TryStageControl(Opcode.Ping, [], ping));

        _stream.FailWrites(error);

        Assert.Same(error, await _reports.WriteFailed.Soon());
        Assert.Same(error, _pump.WriteError);
        await _pump.Ended.Soon();
        await Assert.ThrowsAsync<IOException>(() => flush.Soon());
        await Assert.ThrowsAsync<IOException>(() => ping.Task.Soon());
        await Assert.ThrowsAsync<IOException>(() => _pump.FlushAsync().Soon());
        Assert.Equal(SendPump.Staged.Closed, Stage("late"));
        Assert.False(_pump.TryStageControl(Opcode.Ping, []));
        _pump.OwePong([]);
        _pump.OnReceived(_time.GetTimestamp() - 1);
        Assert.Equal(["6"], _stream.WriteCalls);
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public async Task A_write_error_wakes_those_who_wait_for_room()
    {
        _pump = NewPump(ChannelConfig.Bounded(1, 100));
        _stream.HoldWrites();
        Stage("a");
        _ = _pump.WriteInlineAsync();
        Stage("b");
        Task begin = _pump.WaitForRoomAsync(0, default);
        Task append = _pump.WaitToAppendAsync();
        Assert.False(begin.IsCompleted);
        Assert.False(append.IsCompleted);

        _stream.FailWrites(new IOException("broken"));

        await begin.Soon();
        await append.Soon();
        Assert.Equal(SendPump.Staged.Closed, Stage("c"));
        Assert.Equal(SendPump.Staged.Closed, _pump.TryAppend("c"u8, out _));
    }

    [Fact]
    public async Task However_sends_race_with_a_write_that_fails_nothing_is_written_behind_it()
    {
        for (int round = 0; round < 100; round++)
        {
            // Its clock goes on at each look, so that every send that finds the pump idle is a lone one and writes at once.
            var time = new FakeTimeProvider { AutoAdvanceAmount = SendPump.BurstGap };
            var stream = new RecordingStream();
            var pump = new SendPump(stream, new SendBuffer(new FrameWriter(WebSocketRole.Server, pool: _pool), ChannelConfig.Unlimited), time, _reports, TestTelemetry.Of());
            stream.HoldWrites();
            Assert.Equal(SendPump.Staged.WriteInline, pump.TryStage(Opcode.Text, true, ReservedBits.None, "x"u8, false, out _));
            _ = pump.WriteInlineAsync();
            Task[] senders = [.. Enumerable.Range(0, 2).Select(sender => Task.Run(() =>
            {
                SendPump.Staged staged;
                while ((staged = pump.TryStage(Opcode.Text, true, ReservedBits.None, [], false, out int _)) != SendPump.Staged.Closed)
                {
                    if (staged == SendPump.Staged.WriteInline)
                        _ = pump.WriteInlineAsync();
                }
            }))];
            await Task.Yield();
            stream.FailWrites(new IOException("broken"));

            await Task.WhenAll(senders).Soon();
            await pump.Ended.Soon();
            Assert.Null(stream.Misuse);
        }

        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public async Task A_stop_when_idle_ends_at_once()
    {
        Assert.False(_pump.Ended.IsCompleted);

        _pump.Stop();
        _pump.Stop();

        await _pump.Ended.Soon();
        Assert.Empty(_stream.WriteCalls);
        Assert.Null(_pump.WriteError);
        Assert.False(_reports.WriteFailed.IsCompleted);
    }

    [Fact]
    public async Task A_stop_before_an_inline_write_began_ends_when_its_writer_comes()
    {
        Assert.Equal(SendPump.Staged.WriteInline, Stage("never"));

        _pump.Stop();
        Assert.False(_pump.Ended.IsCompleted);
        _ = _pump.WriteInlineAsync();

        await _pump.Ended.Soon();
        Assert.Empty(_stream.WriteCalls);
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public async Task A_stop_while_a_write_is_scheduled_ends()
    {
        Stage("inline");
        _ = _pump.WriteInlineAsync();

        Stage("scheduled");
        _pump.Stop();

        await _pump.Ended.Soon();
        Assert.Equal(0, _pool.Rented);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stop_during_a_write_ends_with_that_write_and_its_error_is_no_failure(bool inline)
    {
        _stream.HoldWrites();
        if (inline)
        {
            Stage("x");
            _ = _pump.WriteInlineAsync();
        }
        else
        {
            Assert.True(_pump.TryStageControl(Opcode.Ping, []));
        }

        await _stream.WriteHeld.Soon();
        Task flush = _pump.FlushAsync();

        _pump.Stop();

        await Assert.ThrowsAsync<IOException>(() => flush.Soon());
        Assert.False(_pump.Ended.IsCompleted);
        _stream.FailWrites(new ObjectDisposedException("the stream, which was released"));
        await _pump.Ended.Soon();
        Assert.Null(_pump.WriteError);
        Assert.False(_reports.WriteFailed.IsCompleted);
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public async Task Room_comes_back_when_a_batch_is_taken_not_when_it_is_accepted()
    {
        _pump = NewPump(ChannelConfig.Bounded(1, 100));
        _stream.HoldWrites();
        Stage("a");
        Assert.False(_pump.HasRoom);
        Assert.Equal(SendPump.Staged.NoRoom, Stage("b"));
        Task room = _pump.WaitForRoomAsync(0, default);
        Assert.False(room.IsCompleted);

        _ = _pump.WriteInlineAsync();

        await room.Soon();
        Assert.Equal(SendPump.Staged.Queued, Stage("b"));
        Assert.False(_pump.HasRoom);
    }

    [Fact]
    public async Task A_wait_for_room_lasts_until_the_frame_has_room_not_until_any_has()
    {
        _pump = NewPump(ChannelConfig.Bounded(100, 100));
        _stream.HoldWrites();
        Assert.Equal(SendPump.Staged.WriteInline, Stage("x"));
        byte[] fitsOnlyAlone = new byte[99];

        Assert.Equal(SendPump.Staged.NoRoom, _pump.TryStage(Opcode.Binary, true, ReservedBits.None, fitsOnlyAlone, false, out _));
        Task room = _pump.WaitForRoomAsync(fitsOnlyAlone.Length, default);
        Assert.False(room.IsCompleted);
        Assert.True(_pump.WaitForRoomAsync(97, default).IsCompleted);
        Assert.True(_pump.WaitForRoomAsync(101, default).IsCompleted); // goes in blocks

        _ = _pump.WriteInlineAsync();
        await room.Soon();
        Assert.Equal(SendPump.Staged.Queued, _pump.TryStage(Opcode.Binary, true, ReservedBits.None, fitsOnlyAlone, false, out int taken));
        Assert.Equal(99, taken);
    }

    [Fact]
    public async Task A_wait_for_room_ends_by_its_token_and_leaves_the_others_waiting()
    {
        _pump = NewPump(ChannelConfig.Bounded(1, 100));
        using var source = new CancellationTokenSource();
        Stage("a");
        Task cancelled = _pump.WaitForRoomAsync(0, source.Token);
        Task waiting = _pump.WaitForRoomAsync(0, default);

        source.Cancel();

        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.Soon());
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.False(waiting.IsCompleted);
        _ = _pump.WriteInlineAsync();
        await waiting.Soon();
    }

    [Fact]
    public async Task Our_close_ends_the_wait_of_those_who_would_begin_a_frame_behind_it()
    {
        _pump = NewPump(ChannelConfig.Bounded(1, 100));
        _stream.HoldWrites();
        Stage("a");
        Task room = _pump.WaitForRoomAsync(0, default);

        Assert.True(_pump.TryStageControl(Opcode.Close, []));

        await room.Soon();
        Assert.True(_pump.WaitForRoomAsync(50, default).IsCompleted);
        Assert.Equal(SendPump.Staged.Closed, Stage("b"));
        _ = _pump.WriteInlineAsync();
    }

    [Fact]
    public async Task A_frame_larger_than_the_bound_goes_in_blocks_and_a_control_frame_waits_for_no_more_than_its_end()
    {
        _pump = NewPump(ChannelConfig.Bounded(100, 10));
        byte[] payload = "abcdefghijklmnopqrstuvwxyz"u8.ToArray();
        _stream.HoldWrites();
        // Its sender would only wait for the pump, so it writes itself.
        Assert.Equal(SendPump.Staged.WriteInline, _pump.TryStage(Opcode.Text, true, ReservedBits.None, payload, false, out int taken));
        Assert.Equal(10, taken);
        _ = _pump.WriteInlineAsync();
        await _stream.WriteHeld.Soon();
        Assert.Equal(SendPump.Staged.Queued, _pump.TryAppend(payload.AsSpan(10), out taken));
        Assert.Equal(10, taken);
        var ping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Assert.True(_pump.TryStageControl(Opcode.Ping, "!"u8, ping));
        Assert.Equal(SendPump.Staged.NoRoom, _pump.TryAppend(payload.AsSpan(20), out _));
        _stream.PassWrites();

        for (int staged = 20; staged < payload.Length; staged += taken)
        {
            await _pump.WaitToAppendAsync().Soon();
            if (_pump.TryAppend(payload.AsSpan(staged), out taken) == SendPump.Staged.WriteInline)
                await _pump.WriteInlineAsync().Soon();
            Assert.InRange(taken, 1, 10);
        }

        await _pump.WaitForRoomAsync(4, default).Soon();
        if (Stage("next") == SendPump.Staged.WriteInline)
            _ = _pump.WriteInlineAsync();
        await ping.Task.Soon();
        await _pump.FlushAsync().Soon();
        Assert.Equal(["Text(26)", "Ping(!)", "Text(next)"], WireFrame.ParseAll(_stream.Written).Select(frame => frame.ToString()));
    }

    [Fact]
    public async Task Our_close_neither_stops_the_frame_in_progress_nor_lets_its_sender_spin()
    {
        _pump = NewPump(ChannelConfig.Bounded(100, 4));
        _stream.HoldWrites();
        Assert.Equal(SendPump.Staged.WriteInline, _pump.TryStage(Opcode.Text, true, ReservedBits.None, "12345678"u8, false, out int taken));
        _ = _pump.WriteInlineAsync();
        await _stream.WriteHeld.Soon();
        Assert.Equal(SendPump.Staged.Queued, _pump.TryAppend("5678"u8[..2], out taken));
        Assert.True(_pump.TryStageControl(Opcode.Close, []));
        Assert.True(_pump.WaitToAppendAsync().IsCompleted); // 2 bytes are free
        Assert.Equal(SendPump.Staged.Queued, _pump.TryAppend("78"u8, out taken));
        Assert.False(_pump.WaitToAppendAsync().IsCompleted);

        _stream.PassWrites();
        await _pump.FlushAsync().Soon();
        Assert.Equal(["Text(12345678)", "Close()"], WireFrame.ParseAll(_stream.Written).Select(frame => frame.ToString()));
    }

    [Fact]
    public void A_whole_frame_larger_than_the_bound_is_staged_at_once_if_asked_for()
    {
        _pump = NewPump(ChannelConfig.Bounded(100, 4));

        Assert.Equal(SendPump.Staged.WriteInline, _pump.TryStage(Opcode.Text, true, ReservedBits.None, "12345678"u8, wholeOnly: true, out int taken));
        Assert.Equal(8, taken);
        _ = _pump.WriteInlineAsync();

        Assert.Equal(["10", "flush"], _stream.WriteCalls);
    }

    private SendPump NewPump(ChannelConfig bounds) => new(_stream, new SendBuffer(new FrameWriter(WebSocketRole.Server, pool: _pool), bounds), _time, _reports, TestTelemetry.Of());

    private SendPump.Staged Stage(string text) =>
        _pump.TryStage(Opcode.Text, fin: true, ReservedBits.None, System.Text.Encoding.ASCII.GetBytes(text), wholeOnly: false, out _);
}
