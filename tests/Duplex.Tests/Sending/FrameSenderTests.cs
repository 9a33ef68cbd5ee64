using System.Buffers;
using System.Buffers.Binary;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class FrameSenderTests : IDisposable
{
    private readonly SessionReports _reports = new();
    private readonly FakeTimeProvider _time = new();
    private readonly CountingPool _pool = new();
    private readonly RecordingStream _stream = new();
    private readonly CloseState _closeState = new();
    private SendPump _pump = null!;
    private FrameSender _sender = null!;

    public FrameSenderTests() => Use(ChannelConfig.DefaultOutgoing);

    public void Dispose()
    {
        _pump.Stop();
        _stream.FailWrites(new IOException("over"));
        Assert.True(_pump.Ended.Wait(Patience.Limit));
        Assert.Equal(0, _pool.Rented);
        Assert.Null(_stream.Misuse);
    }

    [Fact]
    public async Task A_lone_send_is_on_the_wire_when_it_returns()
    {
        Assert.True(_sender.SendAsync(Text("hello"), default).IsCompletedSuccessfully);

        Assert.Equal(["Text(hello)"], await SentAsync());
        Assert.Equal(Environment.CurrentManagedThreadId, _stream.WriteThread);
    }

    [Fact]
    public async Task Unawaited_sends_of_one_thread_keep_their_order()
    {
        Use(ChannelConfig.Bounded(3, 40));
        var random = new Random(7);
        List<Task> sends = [];
        for (int i = 0; i < 500; i++)
            sends.Add(_sender.SendAsync(new Data(FrameType.Binary, Numbered(0, i, random.Next(8, 90))), default).AsTask());

        await Task.WhenAll(sends).Soon();

        await _pump.FlushAsync().Soon();
        Assert.Equal(Enumerable.Range(0, 500), WireFrame.ParseAll(_stream.Written).Select(frame => NumberOf(frame).Number));
    }

    [Fact]
    [KtorParity("session/outgoing")]
    public async Task Each_of_16_concurrent_senders_keeps_its_order_and_all_10_000_frames_are_whole()
    {
        const int Senders = 16, Each = 625;
        Use(ChannelConfig.Bounded(64, 2048));

        await Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            var random = new Random(sender);
            for (int i = 0; i < Each; i++)
                await _sender.SendAsync(new Data(FrameType.Binary, Numbered(sender, i, random.Next(8, 200))), default);
        }))).Soon();

        await _pump.FlushAsync().Soon();
        int[] next = new int[Senders];
        foreach (WireFrame frame in WireFrame.ParseAll(_stream.Written))
        {
            (int sender, int number) = NumberOf(frame);
            Assert.Equal(next[sender]++, number);
            AssertWhole(frame);
        }

        Assert.All(next, count => Assert.Equal(Each, count));
    }

    [Fact]
    [KtorParity("test-channels/server-WebSocketBackpressureTest-suspension")]
    public async Task A_frame_that_does_not_fit_now_waits_without_spinning_until_what_is_staged_is_taken()
    {
        Use(ChannelConfig.Bounded(100, 100));
        _stream.HoldWrites();
        await _sender.SendAsync(Text("first"), default); // its write is held up
        await _sender.SendAsync(new Data(FrameType.Binary, new byte[60]), default);

        Task send = await CallAsync(new Data(FrameType.Binary, new byte[70]), default); // 34 bytes are free
        Assert.False(send.IsCompleted);

        _stream.PassWrites();
        await send.Soon();
        Assert.Equal(["Text(first)", "Binary(60)", "Binary(70)"], await SentAsync());
    }

    [Fact]
    public async Task A_token_withdraws_a_frame_that_does_not_fit_yet_and_the_next_goes_in_its_place()
    {
        Use(ChannelConfig.Bounded(100, 100));
        using var source = new CancellationTokenSource();
        _stream.HoldWrites();
        await _sender.SendAsync(Text("first"), default);
        await _sender.SendAsync(new Data(FrameType.Binary, new byte[60]), default);
        Task withdrawn = await CallAsync(new Data(FrameType.Binary, new byte[70]), source.Token);
        Task next = _sender.SendAsync(Text("next"), default).AsTask();
        Assert.False(next.IsCompleted);

        source.Cancel();

        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => withdrawn.Soon());
        Assert.Equal(source.Token, error.CancellationToken);
        await next.Soon();
        _stream.PassWrites();
        Assert.Equal(["Text(first)", "Binary(60)", "Text(next)"], await SentAsync());
    }

    [Fact]
    public async Task A_token_withdraws_a_frame_that_waits_its_turn()
    {
        Use(ChannelConfig.Bounded(1, 100));
        using var source = new CancellationTokenSource();
        _stream.HoldWrites();
        await _sender.SendAsync(Text("1"), default);
        await _sender.SendAsync(Text("2"), default);
        Task third = _sender.SendAsync(Text("3"), default).AsTask();
        Task fourth = _sender.SendAsync(Text("4"), source.Token).AsTask();
        Task fifth = _sender.SendAsync(Text("5"), default).AsTask();

        source.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fourth.Soon());
        _stream.PassWrites();
        await Task.WhenAll(third, fifth).Soon();
        Assert.Equal(["Text(1)", "Text(2)", "Text(3)", "Text(5)"], await SentAsync());
    }

    [Fact]
    public async Task A_token_that_was_cancelled_before_sends_nothing()
    {
        ValueTask send = _sender.SendAsync(Text("no"), new CancellationToken(canceled: true));

        Assert.True(send.IsCanceled);
        await _sender.SendAsync(Text("yes"), default);
        Assert.Equal(["Text(yes)"], await SentAsync());
    }

    [Fact]
    public async Task A_token_is_ignored_once_part_of_the_frame_is_staged()
    {
        Use(ChannelConfig.Bounded(100, 10));
        using var source = new CancellationTokenSource();
        _stream.HoldWrites();
        Task send = _sender.SendAsync(new Data(FrameType.Text, "abcdefghijklmnopqrstuvwxyz"u8.ToArray()), source.Token).AsTask();
        Assert.False(send.IsCompleted);

        source.Cancel();
        Assert.False(send.IsCompleted);
        _stream.PassWrites();

        await send.Soon();
        Assert.Equal(["Text(26)"], await SentAsync());
    }

    [Fact]
    public async Task A_frame_larger_than_the_bound_goes_in_blocks_and_pings_go_between_frames_only()
    {
        Use(ChannelConfig.Bounded(100, 1000));
        byte[] payload = Numbered(0, 1, 20_000);
        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < 4; i++)
                await _sender.SendAsync(new Data(FrameType.Binary, payload), default);
        });
        int pings = 0;
        while (!sending.IsCompleted)
        {
            await _pump.WaitForRoomAsync(0, default).Soon();
            Assert.True(_pump.TryStageControl(Opcode.Ping, "ping"u8));
            pings++;
            await Task.Yield();
        }

        await sending.Soon();
        await _pump.FlushAsync().Soon();
        List<WireFrame> frames = WireFrame.ParseAll(_stream.Written);
        Assert.Equal(4, frames.Count(frame => frame.Opcode == Opcode.Binary));
        Assert.Equal(pings, frames.Count(frame => frame.Opcode == Opcode.Ping));
        Assert.All(frames.Where(frame => frame.Opcode == Opcode.Binary), AssertWhole);

        // The bound is for payload: a header goes beyond it, and pings do.
        int most = 1000 + FrameHeader.MaxSize + (pings * 10);
        Assert.All(_stream.WriteCalls.Where(call => call != "flush"), call => Assert.InRange(int.Parse(call, null), 1, most));
    }

    [Fact]
    [KtorParity("weakness/8-leniency")]
    public async Task The_fragments_of_a_message_have_the_opcode_0_but_for_the_first()
    {
        await _sender.SendAsync(Text("a", fin: false), default);
        await _sender.SendAsync(Text("b", fin: false), default);
        Assert.True(_pump.TryStageControl(Opcode.Ping, []));
        await _sender.SendAsync(Text("c"), default);
        await _sender.SendAsync(new Data(FrameType.Binary, "d"u8.ToArray(), Fin: false), default);
        await _sender.SendAsync(new Data(FrameType.Binary, default), default);
        await _sender.SendAsync(Text("e"), default);

        Assert.Equal(["Text+(a)", "Continuation+(b)", "Ping()", "Continuation(c)", "Binary+(d)", "Continuation()", "Text(e)"], await SentAsync());
    }

    [Fact]
    public async Task A_frame_of_the_other_type_inside_a_fragmented_message_is_refused_and_the_message_can_be_finished()
    {
        await _sender.SendAsync(Text("a", fin: false), default);

        InvalidOperationException error =
            await Assert.ThrowsAsync<InvalidOperationException>(() => _sender.SendAsync(new Data(FrameType.Binary, default), default).Soon());

        Assert.Contains("Text", error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => _sender.TrySend(new Data(FrameType.Binary, default)));
        await _sender.SendAsync(Text("b"), default);
        await _sender.SendAsync(new Data(FrameType.Binary, "c"u8.ToArray()), default);
        Assert.Equal(["Text+(a)", "Continuation(b)", "Binary(c)"], await SentAsync());
    }

    [Theory]
    [InlineData("80")]
    [InlineData("C0 AF")]
    [InlineData("ED A0 80")]
    [InlineData("41 E2 82")]
    public async Task Text_that_is_not_utf8_is_refused_and_nothing_is_staged(string hex)
    {
        byte[] invalid = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => _sender.SendAsync(new Data(FrameType.Text, invalid), default).Soon());

        Assert.Contains("UTF-8", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => _sender.TrySend(new Data(FrameType.Text, invalid)));
        Assert.Equal(0, _pump.BufferedBytes);
        await _sender.SendAsync(new Data(FrameType.Binary, invalid), default);
        Assert.Equal(invalid, Assert.Single(WireFrame.ParseAll(_stream.Written)).Payload);
    }

    [Fact]
    public async Task A_character_may_be_split_over_fragments_but_must_be_finished_by_the_last()
    {
        await _sender.SendAsync(Fragment([0xE2, 0x82], fin: false), default);

        // Each of these would make the message invalid, and none of them leaves a trace.
        await Assert.ThrowsAsync<ArgumentException>(() => _sender.SendAsync(Fragment([0x41], fin: false), default).Soon());
        await Assert.ThrowsAsync<ArgumentException>(() => _sender.SendAsync(Fragment([], fin: true), default).Soon());
        await Assert.ThrowsAsync<ArgumentException>(() => _sender.SendAsync(FrameType.Text, new byte[] { 0x41 }, default, default, isValidText: true).Soon());
        await _sender.SendAsync(Fragment([0xAC], fin: false), default);
        await _sender.SendAsync(Fragment([], fin: true), default);

        // The next message begins anew.
        await Assert.ThrowsAsync<ArgumentException>(() => _sender.SendAsync(Fragment([0xAC], fin: true), default).Soon());
        await _sender.SendAsync(Text("ok"), default);
        await _pump.FlushAsync().Soon();
        Assert.Equal([[0xE2, 0x82], [0xAC], [], [(byte)'o', (byte)'k']], WireFrame.ParseAll(_stream.Written).Select(frame => frame.Payload));

        static Data Fragment(byte[] bytes, bool fin) => new(FrameType.Text, bytes, fin);
    }

    [Fact]
    public async Task A_reserved_bit_that_nobody_owns_is_refused_and_an_owned_one_is_sent()
    {
        var sender = NewSender(_pump, ChannelConfig.DefaultOutgoing, new CounterExtension().Identified());

        await Assert.ThrowsAsync<ArgumentException>(() => _sender.SendAsync(Text("x") with { Reserved = ReservedBits.Rsv1 }, default).Soon());
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => sender.SendAsync(Text("x") with { Reserved = ReservedBits.Rsv1 | ReservedBits.Rsv3 }, default).Soon());
        Assert.Contains("RSV3", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _pump.BufferedBytes);

        await sender.SendAsync(Text("x") with { Reserved = ReservedBits.Rsv1 }, default);
        await _pump.FlushAsync().Soon();
        Assert.Equal([0x80 | 0x40 | 0x01, 0x81], _stream.Written[..2]);
    }

    [Fact]
    public async Task Without_room_a_queue_that_closes_on_overflow_says_so_at_once_and_the_gate_stays_passable()
    {
        Use(ChannelConfig.Bounded(1, 100, ChannelOverflow.Close));
        _stream.HoldWrites();
        await _sender.SendAsync(Text("1"), default);
        await _sender.SendAsync(Text("2"), default);

        ChannelOverflowException error = await Assert.ThrowsAsync<ChannelOverflowException>(() => _sender.SendAsync(Text("3"), default).Soon());
        Assert.Throws<ChannelOverflowException>(() => _sender.TrySend(Text("4")));

        Assert.Equal(2, _reports.Overflows.Count);
        Assert.Same(error, _reports.Overflows[0]);
        _stream.PassWrites();
        await _pump.FlushAsync().Soon();
        await _sender.SendAsync(Text("5"), default);
        Assert.Equal(["Text(1)", "Text(2)", "Text(5)"], await SentAsync());
    }

    [Fact]
    public async Task A_try_never_waits_neither_for_room_nor_for_its_turn()
    {
        Use(ChannelConfig.Bounded(1, 10));
        _stream.HoldWrites();
        Assert.True(_sender.TrySend(Text("1")));
        Assert.True(_sender.TrySend(Text("2")));
        Assert.False(_sender.TrySend(Text("no room")));
        Task large = _sender.SendAsync(new Data(FrameType.Binary, new byte[50]), default).AsTask();
        Assert.False(_sender.TrySend(Text("no turn")));

        _stream.PassWrites();
        await large.Soon();
        await _pump.FlushAsync().Soon();
        Assert.True(_sender.TrySend(new Data(FrameType.Binary, new byte[50]))); // it could never wait for enough room, so it goes whole
        Assert.Equal(["Text(1)", "Text(2)", "Binary(50)", "Binary(50)"], await SentAsync());
    }

    [Fact]
    [KtorParity("test-protocol/WriterTest.testWriteDataAfterClose")]
    public async Task After_our_close_every_send_says_that_the_session_is_closed()
    {
        _closeState.TryBegin(CloseCause.Local(CloseReason.Normal));
        Assert.True(_pump.TryStageControl(Opcode.Close, [0x03, 0xE8]));

        WebSocketClosedException error = await Assert.ThrowsAsync<WebSocketClosedException>(() => _sender.SendAsync(Text("late"), default).Soon());

        Assert.Equal(CloseInitiator.Local, error.Result.Initiator);
        Assert.False(_sender.TrySend(Text("late")));
        await _pump.FlushAsync().Soon();
        Assert.Equal(Opcode.Close, Assert.Single(WireFrame.ParseAll(_stream.Written)).Opcode);
    }

    [Fact]
    public async Task When_the_connection_goes_those_who_wait_and_the_one_halfway_learn_it()
    {
        Use(ChannelConfig.Bounded(1, 10));
        _stream.HoldWrites();
        await _sender.SendAsync(Text("1"), default);
        Task halfway = _sender.SendAsync(new Data(FrameType.Binary, new byte[50]), default).AsTask();
        Task atTheGate = _sender.SendAsync(Text("2"), default).AsTask();
        Assert.False(halfway.IsCompleted || atTheGate.IsCompleted);

        _pump.Stop();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => halfway.Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => atTheGate.Soon());
    }

    [Fact]
    public async Task Our_close_ends_the_wait_of_a_frame_that_is_not_begun_and_lets_the_one_halfway_finish()
    {
        Use(ChannelConfig.Bounded(1, 10));
        _stream.HoldWrites();
        await _sender.SendAsync(Text("1"), default);
        Task halfway = _sender.SendAsync(new Data(FrameType.Binary, new byte[50]), default).AsTask();
        Task notBegun = _sender.SendAsync(Text("2"), default).AsTask();

        Assert.True(_pump.TryStageControl(Opcode.Close, []));
        _stream.PassWrites();

        await halfway.Soon();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => notBegun.Soon());
        Assert.Equal(["Text(1)", "Binary(50)", "Close()"], await SentAsync());
    }

    [Fact]
    [KtorParity("untested/cancellation-in-each-phase")]
    public void However_sends_cancellations_and_a_slow_peer_interleave_each_frame_is_whole_there_once_or_not_at_all()
    {
        Gen.Int[0, 1_000_000].Sample(seed => InterleaveAsync(seed).WaitAsync(Patience.Limit).GetAwaiter().GetResult(), iter: 60, threads: 1);

        async Task InterleaveAsync(int seed)
        {
            const int Senders = 4, Each = 25;
            var random = new Random(seed);
            var stream = new RecordingStream();
            var bounds = ChannelConfig.Bounded(random.Next(1, 8), random.Next(16, 300));
            var pump = new SendPump(stream, new SendBuffer(new FrameWriter(WebSocketRole.Client, pool: _pool), bounds), TimeProvider.System, _reports, TestTelemetry.Of());
            FrameSender sender = NewSender(pump, ChannelConfig.DefaultOutgoing);
            var sent = new HashSet<(int, int)>();
            stream.HoldWrites();

            Task[] sending = [.. Enumerable.Range(0, Senders).Select(id => SendAllAsync(id, new Random(seed + id + 1)))];
            Task all = Task.WhenAll(sending);
            while (!all.IsCompleted)
            {
                if (random.Next(3) == 0)
                    pump.TryStageControl(Opcode.Ping, "p"u8);
                stream.PassOneWrite();
                await Task.Yield();
            }

            await all;
            stream.PassWrites();
            await pump.FlushAsync();
            pump.Stop();
            await pump.Ended;

            Assert.Null(stream.Misuse);
            WireFrame[] frames = [.. WireFrame.ParseAll(stream.Written).Where(frame => frame.Opcode != Opcode.Ping)];
            Assert.All(frames, AssertWhole);
            Assert.Equal(frames.Length, sent.Count);
            Assert.Equal(sent, frames.Select(NumberOf).ToHashSet());
            for (int id = 0; id < Senders; id++)
            {
                int[] order = [.. frames.Select(NumberOf).Where(frame => frame.Sender == id).Select(frame => frame.Number)];
                Assert.Equal(order.Order(), order);
            }

            async Task SendAllAsync(int id, Random mine)
            {
                await Task.Yield();
                for (int number = 0; number < Each; number++)
                {
                    using var source = new CancellationTokenSource();
                    ValueTask send = sender.SendAsync(new Data(FrameType.Binary, Numbered(id, number, mine.Next(8, 400))), source.Token);
                    switch (mine.Next(4))
                    {
                        case 0:
                            source.Cancel();
                            break;
                        case 1:
                            await Task.Yield();
                            source.Cancel();
                            break;
                    }

                    try
                    {
                        await send;
                        lock (sent)
                            sent.Add((id, number));
                    }
                    catch (OperationCanceledException)
                    {
                    }
                }
            }
        }
    }

    [Fact]
    public async Task A_message_that_was_entered_holds_the_gate_until_it_is_left_and_control_frames_pass_it()
    {
        await _sender.EnterMessageAsync(default);
        Task waiting = _sender.SendAsync(Text("other"), default).AsTask();
        Assert.False(_sender.TrySend(Text("no")));
        Assert.False(_sender.IsUnfinished);

        await _sender.SendFragmentAsync(FrameType.Text, "a"u8.ToArray(), fin: false, default, default);
        Assert.True(_sender.IsUnfinished);
        Assert.True(_pump.TryStageControl(Opcode.Ping, []));
        await _sender.SendFragmentAsync(FrameType.Text, "b"u8.ToArray(), fin: true, default, default);
        Assert.False(_sender.IsUnfinished);
        Assert.False(waiting.IsCompleted);
        _sender.ExitMessage();

        await waiting.Soon();
        Assert.Equal(["Text+(a)", "Ping()", "Continuation(b)", "Text(other)"], await SentAsync());
    }

    [Fact]
    public async Task A_message_waits_its_turn_and_a_token_cancels_the_wait()
    {
        using var source = new CancellationTokenSource();
        await _sender.EnterMessageAsync(default);
        Task withdrawn = _sender.EnterMessageAsync(source.Token).AsTask();
        Task second = _sender.EnterMessageAsync(default).AsTask();

        source.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => withdrawn.Soon());
        Assert.False(second.IsCompleted);
        _sender.ExitMessage();
        await second.Soon();
        _sender.ExitMessage();
        await _sender.SendAsync(Text("free"), default);
        Assert.Equal(["Text(free)"], await SentAsync());
    }

    [Fact]
    public async Task A_message_is_refused_inside_one_that_was_begun_by_hand_and_leaves_the_gate()
    {
        await _sender.SendAsync(Text("a", fin: false), default);

        await Assert.ThrowsAsync<InvalidOperationException>(() => _sender.EnterMessageAsync(default).AsTask().Soon());

        await _sender.SendAsync(Text("b"), default);
        Assert.Equal(["Text+(a)", "Continuation(b)"], await SentAsync());
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Shutting_tells_the_sender_of_a_message_and_lets_in_no_other(bool asksBefore)
    {
        await _sender.EnterMessageAsync(default);
        await _sender.SendFragmentAsync(FrameType.Text, "a"u8.ToArray(), fin: false, default, default);
        var stopped = new TaskCompletionSource();
        if (asksBefore)
            Register();
        _closeState.TryBegin(CloseCause.Local(CloseReason.Normal));
        Assert.True(_pump.TryStageControl(Opcode.Close, []));

        _sender.Shut();

        if (!asksBefore)
            Register();
        await stopped.Task.Soon();
        Assert.True(_sender.IsClosed);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => _sender.SendFragmentAsync(FrameType.Text, "b"u8.ToArray(), fin: true, default, default).AsTask().Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => _sender.EnterMessageAsync(default).AsTask().Soon());
        _sender.ExitMessage();
        _sender.Shut();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => _sender.SendAsync(Text("late"), default).AsTask().Soon());
        Assert.Equal(["Text+(a)", "Close()"], await SentAsync());

        void Register()
        {
            if (asksBefore)
                _sender.Stopped.Register(() => throw new InvalidOperationException("a callback of the user's"));
            _sender.Stopped.Register(stopped.SetResult);
        }
    }

    [Fact]
    public async Task Wire_order_is_call_order_is_transform_order_however_many_send_at_once()
    {
        const int Senders = 8, Each = 200;
        var counter = new CounterExtension().Identified();
        Use(ChannelConfig.Bounded(16, 2048), counter);

        await Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            var random = new Random(sender);
            for (int i = 0; i < Each; i++)
            {
                using var source = new CancellationTokenSource();
                var frame = new Data(
                    FrameType.Binary, Numbered(sender, i, random.Next(8, 300)), Transform: random.Next(5) == 0 ? SendTransform.Never : SendTransform.Default);
                Task send = _sender.SendAsync(frame, source.Token).AsTask();
                if (random.Next(10) == 0)
                    source.Cancel();
                try
                {
                    await send;
                }
                catch (OperationCanceledException)
                {
                    i--; // withdrawn: once more
                }
            }
        }))).Soon();

        await _pump.FlushAsync().Soon();
        List<byte[]> received = Receive(_stream.Written);
        int[] next = new int[Senders];
        foreach (byte[] payload in received)
        {
            (int sender, int number) = (BinaryPrimitives.ReadInt32LittleEndian(payload), BinaryPrimitives.ReadInt32LittleEndian(payload.AsSpan(4)));
            Assert.Equal(next[sender]++, number);
            Assert.Equal(Numbered(sender, number, payload.Length), payload);
        }

        Assert.All(next, count => Assert.Equal(Each, count));
        Assert.Null(counter.Misuse);
    }

    [Fact]
    public async Task Fragments_are_transformed_as_one_message_with_the_bit_on_the_first_alone()
    {
        Use(ChannelConfig.DefaultOutgoing, new CounterExtension().Identified());

        await _sender.SendAsync(Text("\u0001", fin: false), default);
        await _sender.SendAsync(Text("", fin: false), default);
        await _sender.SendAsync(Text("\u0001"), default);

        await _pump.FlushAsync().Soon();
        WireFrame[] frames = [.. WireFrame.ParseAll(_stream.Written)];
        Assert.Equal([ReservedBits.Rsv1, ReservedBits.None, ReservedBits.None], frames.Select(frame => frame.Reserved));
        Assert.Equal(["01", "", "0000"], frames.Select(frame => Convert.ToHexString(frame.Payload)));
    }

    [Fact]
    public async Task Text_is_checked_before_it_is_transformed_and_a_refused_frame_is_not_transformed()
    {
        var counter = new CounterExtension().Identified();
        Use(ChannelConfig.DefaultOutgoing, counter);

        await Assert.ThrowsAsync<ArgumentException>(() => _sender.SendAsync(new Data(FrameType.Text, new byte[] { 0xFF }), default).Soon());
        await _sender.SendAsync(new Data(FrameType.Text, new byte[] { 0xE2 }, Fin: false), default);
        await Assert.ThrowsAsync<ArgumentException>(() => _sender.SendAsync(new Data(FrameType.Text, new byte[] { 0x41 }), default).Soon());
        await Assert.ThrowsAsync<InvalidOperationException>(() => _sender.SendAsync(new Data(FrameType.Binary, default), default).Soon());
        await Assert.ThrowsAsync<ArgumentException>(() => _sender.SendAsync(new Data(FrameType.Text, new byte[] { 0x82, 0xAC }, Reserved: ReservedBits.Rsv1), default).Soon());
        await _sender.SendAsync(new Data(FrameType.Text, new byte[] { 0x82, 0xAC }), default);

        await _pump.FlushAsync().Soon();
        Assert.Equal(["E282AC"], Receive(_stream.Written).Select(Convert.ToHexString));
        Assert.Equal(2, counter.Transformations);
    }

    [Fact]
    public async Task A_token_withdraws_a_frame_before_its_transformation_and_is_ignored_from_then_on()
    {
        var counter = new CounterExtension().Identified();
        Use(ChannelConfig.Bounded(100, 100), counter);
        using CancellationTokenSource early = new(), late = new();
        _stream.HoldWrites();
        await _sender.SendAsync(Text("first"), default); // its write is held up
        await _sender.SendAsync(new Data(FrameType.Binary, new byte[59]), default); // 60 bytes are staged

        Task withdrawn = await CallAsync(new Data(FrameType.Binary, new byte[70]), early.Token);
        early.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => withdrawn.Soon());
        Assert.Equal((2, 3), (counter.Transformations, counter.Decisions));

        int room = 100 - 60 - 2 * 6; // what the headers leave
        Task tooLate = await CallAsync(new Data(FrameType.Binary, new byte[room]), late.Token); // fits as it is, and is a byte longer behind the toy
        Assert.Equal(3, counter.Transformations);
        late.Cancel();
        _stream.PassWrites();
        await tooLate.Soon();

        await _pump.FlushAsync().Soon();
        Assert.Equal([5, 59, room], Receive(_stream.Written).Select(payload => payload.Length));
    }

    [Fact]
    public async Task A_try_that_finds_no_room_transforms_nothing_and_one_that_does_is_taken_whole()
    {
        var counter = new CounterExtension().Identified();
        Use(ChannelConfig.Bounded(100, 100), counter);
        _stream.HoldWrites();
        Assert.True(_sender.TrySend(Text("first")));
        Assert.True(_sender.TrySend(new Data(FrameType.Binary, new byte[59])));

        Assert.False(_sender.TrySend(new Data(FrameType.Binary, new byte[70])));
        Assert.Equal(2, counter.Transformations);
        int room = 100 - 60 - 2 * 6;
        Assert.True(_sender.TrySend(new Data(FrameType.Binary, new byte[room])));

        _stream.PassWrites();
        await _pump.FlushAsync().Soon();
        Assert.Equal([5, 59, room], Receive(_stream.Written).Select(payload => payload.Length));
    }

    [Fact]
    public async Task An_overflow_is_noticed_before_the_transformation()
    {
        var counter = new CounterExtension().Identified();
        Use(ChannelConfig.Bounded(1, 100, ChannelOverflow.Close), counter);
        _stream.HoldWrites();
        await _sender.SendAsync(Text("1"), default);
        await _sender.SendAsync(Text("2"), default);

        await Assert.ThrowsAsync<ChannelOverflowException>(() => _sender.SendAsync(Text("3"), default).Soon());

        Assert.Equal(2, counter.Transformations);
        _stream.PassWrites();
    }

    [Fact]
    public async Task A_decision_that_throws_fails_that_send_alone()
    {
        var counter = new CounterExtension().Identified();
        Use(ChannelConfig.DefaultOutgoing, counter);
        var error = new FormatException();

        counter.DecisionError = error;
        Assert.Same(error, await Assert.ThrowsAsync<FormatException>(() => _sender.SendAsync(Text("no"), default).Soon()));
        Assert.Same(error, Assert.Throws<FormatException>(() => _sender.TrySend(Text("no"))));
        counter.DecisionError = null;
        await _sender.SendAsync(Text("yes"), default);

        await _pump.FlushAsync().Soon();
        Assert.Equal("yes"u8.ToArray(), Assert.Single(Receive(_stream.Written)));
    }

    [Fact]
    public async Task A_transformation_that_throws_is_a_fault_and_the_gate_stays_passable()
    {
        var counter = new CounterExtension { Error = new FormatException() }.Identified();
        Use(ChannelConfig.DefaultOutgoing, counter);

        WebSocketException error = await Assert.ThrowsAsync<WebSocketException>(() => _sender.SendAsync(Text("no"), default).Soon());

        Assert.Equal((CloseCode.InternalError, error), Assert.Single(_reports.Faults));
        Assert.Same(counter.Error, error.InnerException);
        await _sender.SendAsync(Text("as it is") with { Transform = SendTransform.Never }, default);
        Assert.Equal(["Text(as it is)"], await SentAsync());
    }

    private void Use(ChannelConfig outgoing, CounterExtension extension)
    {
        Use(outgoing);
        _sender = NewSender(_pump, outgoing, extension);
    }

    private FrameSender NewSender(SendPump pump, ChannelConfig outgoing, CounterExtension? extension = null) => new(
        pump, _closeState, new ConnectionSettings { Outgoing = outgoing, Pool = _pool, Extensions = extension is null ? null : new ExtensionChain(extension) }, _reports, TestTelemetry.Of());

    // What the other end makes of it, through a toy of its own.
    private static List<byte[]> Receive(byte[] wire)
    {
        var chain = new ExtensionChain(new CounterExtension().Identified());
        var reader = new FrameReader(WebSocketRole.Server, ownedBits: chain.OwnedBits);
        using var assembler = new MessageAssembler(new IncomingTransform(chain, ArrayPool<byte>.Shared), AssemblerOutput.Messages, null, WebSocketLimits.DefaultMaxSize, WebSocketLimits.DefaultMaxFragments);
        List<byte[]> received = [];
        Span<byte> input = wire;
        while (reader.TryRead(ref input, out FramePiece piece))
        {
            if (assembler.TryAccept(piece, out Frame? frame))
                received.Add(frame.ReadBytes());
        }

        Assert.Null(reader.Violation ?? assembler.Violation);
        return received;
    }

    private void Use(ChannelConfig outgoing)
    {
        _pump = new SendPump(_stream, new SendBuffer(new FrameWriter(WebSocketRole.Client, pool: _pool), outgoing), _time, _reports, TestTelemetry.Of());
        _sender = NewSender(_pump, outgoing);
    }

    // Sends on another thread, so that a call that does not come back fails the test. In an array, or Task.Run would wait for the send itself.
    private async Task<Task> CallAsync(Data frame, CancellationToken token) => (await Task.Run(() => new[] { _sender.SendAsync(frame, token).AsTask() }).Soon())[0];

    private async Task<string[]> SentAsync()
    {
        await _pump.FlushAsync().Soon();
        return [.. WireFrame.ParseAll(_stream.Written).Select(frame => frame.ToString())];
    }

    private static Data Text(string text, bool fin = true) => new(FrameType.Text, System.Text.Encoding.UTF8.GetBytes(text), fin);

    // A payload that says whose it is, and whose every further byte follows from that.
    private static byte[] Numbered(int sender, int number, int length)
    {
        byte[] payload = new byte[length];
        BinaryPrimitives.WriteInt32LittleEndian(payload, sender);
        BinaryPrimitives.WriteInt32LittleEndian(payload.AsSpan(4), number);
        for (int i = 8; i < length; i++)
            payload[i] = (byte)(sender + number + i);
        return payload;
    }

    private static (int Sender, int Number) NumberOf(WireFrame frame) =>
        (BinaryPrimitives.ReadInt32LittleEndian(frame.Payload), BinaryPrimitives.ReadInt32LittleEndian(frame.Payload.AsSpan(4)));

    private static void AssertWhole(WireFrame frame)
    {
        (int sender, int number) = NumberOf(frame);
        Assert.Equal(Numbered(sender, number, frame.Payload.Length), frame.Payload);
    }
}

/// <summary>A data frame to be sent, with what its sender asks for.</summary>
internal readonly record struct Data(
    FrameType Type, ReadOnlyMemory<byte> Payload, bool Fin = true, ReservedBits Reserved = ReservedBits.None, SendTransform Transform = SendTransform.Default)
{
    public Frame ToFrame() => Frame.Create(Type, Fin, Payload, Reserved);
}

internal static class DataSending
{
    public static ValueTask SendAsync(this FrameSender sender, Data frame, CancellationToken token) =>
        sender.SendAsync(frame.ToFrame(), new SendOptions { Transform = frame.Transform }, token);

    public static bool TrySend(this FrameSender sender, Data frame) => sender.TrySend(frame.ToFrame());
}
