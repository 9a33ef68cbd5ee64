namespace Duplex.Tests;

/// <summary>Who waits for frames is run on the receive loop's own thread. Whatever it does there, the loop goes on: with pings, pongs and closes, and for everybody else. Threads of the pool that block keep other tests from running, so none may run beside it.</summary>
[CollectionDefinition(nameof(BlockedConsumerTests), DisableParallelization = true)]
[Collection(nameof(BlockedConsumerTests))]
public sealed class BlockedConsumerTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_consumer_that_blocks_its_thread_stops_neither_pongs_nor_the_closing_handshake(bool isLone)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        using var gate = new ManualResetEventSlim();
        Task consuming = BlockAfterFirstAsync(test.Session, gate);
        if (isLone)
            test.Time.Advance(TimeSpan.FromSeconds(1));
        test.Peer.SendHex("81 01 61");

        test.Peer.SendFrame(Opcode.Ping, "alive?"u8);
        Assert.Equal("Pong(616C6976653F)", await test.SentAsync());
        test.Peer.SendClose(CloseReason.Normal);
        Assert.Equal(CloseReason.Normal, Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason());
        test.Peer.SendEof();
        await test.Session.Completion.Soon();

        Assert.False(consuming.IsCompleted);
        gate.Set();
        await consuming.Soon();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_consumer_that_waits_for_a_pong_without_leaving_its_thread_gets_it(bool isLone)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        Task consuming = Task.Run(async () =>
        {
            await test.Session.Incoming.WaitToReadAsync().ConfigureAwait(false);
            test.Session.PingAsync().Soon().GetAwaiter().GetResult();
        });
        if (isLone)
            test.Time.Advance(TimeSpan.FromSeconds(1));
        test.Peer.SendHex("81 01 61");

        Frame ping = await test.Peer.ReceiveAsync();
        test.Peer.SendFrame(Opcode.Pong, ping.Data.Span);

        await consuming.Soon();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_consumer_that_blocks_does_not_keep_frames_from_others(bool isLone)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        using var gate = new ManualResetEventSlim();
        Task consuming = BlockAfterFirstAsync(test.Session, gate);
        if (isLone)
            test.Time.Advance(TimeSpan.FromSeconds(1));
        test.Peer.SendHex("81 01 61");
        await Patience.Until(() => test.Peer.IsDrained && test.Session.Incoming.Count == 0);

        test.Peer.SendHex("81 01 62");
        Frame other = await test.Session.Incoming.ReadAsync().Soon();
        Assert.Equal([(byte)'b'], other.ReadBytes());
        other.Recycle();

        gate.Set();
        test.Session.Abort();
        await Assert.ThrowsAnyAsync<WebSocketException>(() => consuming).Soon();
    }

    [Fact]
    public async Task After_a_lone_message_the_next_read_begins_before_its_consumer_runs()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        test.Time.Advance(TimeSpan.FromSeconds(1));
        Task<int> consuming = CountReadsAsync();
        await Patience.Until(() => test.Peer.ReadSizes.Count == 1);

        test.Peer.SendHex("81 01 61");

        Assert.Equal(3, await consuming.Soon()); // two that wait, and one that takes the message

        async Task<int> CountReadsAsync()
        {
            await test.Session.Incoming.WaitToReadAsync().ConfigureAwait(false);
            return test.Peer.ReadSizes.Count;
        }
    }

    [Fact]
    public async Task The_end_of_the_stream_after_a_lone_message_is_noticed_after_its_consumer_has_run()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        test.Time.Advance(TimeSpan.FromSeconds(1));
        ValueTask<bool> waiting = test.Session.Incoming.WaitToReadAsync();
        test.Peer.SendHex("81 01 61");
        test.Peer.SendEof();

        Assert.True(await waiting.Soon());
        Assert.Equal("a", await test.ReceiveAsync());
        await Assert.ThrowsAnyAsync<WebSocketException>(() => test.ReceiveAsync()).Soon();
        Assert.IsType<EndOfStreamException>((await test.Session.Completion.Soon()).Error);
    }

    [Fact]
    public async Task What_a_consumer_has_ambient_does_not_flow_into_the_reads_that_it_begins()
    {
        var ambient = new AsyncLocal<string?>();
        var stream = new AmbientStream(ambient);
        await using var session = DefaultWebSocketSession.Over(stream, stream, new SessionSettings { PingInterval = Timeout.InfiniteTimeSpan });
        Task consuming = Task.Run(async () =>
        {
            ambient.Value = "the consumer's";
            await foreach (Frame frame in session.Incoming)
            {
            }
        });

        await stream.Done.Soon();

        Assert.All(stream.Seen, Assert.Null);
        session.Abort();
        await Assert.ThrowsAnyAsync<WebSocketException>(() => consuming).Soon();
    }

    [Fact]
    public async Task A_pong_that_was_not_read_because_a_consumer_kept_the_thread_is_not_missed()
    {
        TimeSpan interval = TimeSpan.FromSeconds(10);
        TimeSpan timeout = TimeSpan.FromSeconds(5);
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { PingInterval = interval, PingTimeout = timeout });
        await test.Time.Pass(interval);
        Frame ping = await test.Peer.ReceiveAsync();
        await test.Time.Armed(timeout);
        test.Peer.SendHex("81 01 60"); // the next is no lone message
        await test.ReceiveAsync();
        ValueTask<bool> waiting = test.Session.Incoming.WaitToReadAsync();
        Task consuming = ConsumeAsync();

        test.Peer.SendHex("81 01 61");

        await consuming.Soon();
        await Patience.Until(() => test.Session.LastRoundTripTime is not null);
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);

        async Task ConsumeAsync()
        {
            // From here on we are on the loop's thread. The pong has come, and the deadline with it, before anybody can read on.
            await waiting.ConfigureAwait(false);
            test.Peer.SendFrame(Opcode.Pong, ping.Data.Span);
            test.Time.Advance(timeout);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_consumer_in_a_context_of_its_own_does_not_take_the_reads_of_the_connection_there(bool isScheduler)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        ValueTask<bool> first = test.Session.Incoming.WaitToReadAsync();
        var second = new TaskCompletionSource<Task<bool>>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task consuming = ConsumeAsync();

        test.Peer.SendHex("81 01 61");
        Task<bool> waiting = await second.Task.Soon();
        await consuming.Soon();
        test.Peer.SendHex("81 01 62");

        Assert.True(await waiting.Soon());

        async Task ConsumeAsync()
        {
            await first.ConfigureAwait(false);
            Assert.True(test.Session.Incoming.TryRead(out Frame? frame));
            frame.Recycle();
            if (isScheduler)
            {
                // Runs this one task here, and none that a stream's await may give it.
                new Task(() => second.SetResult(test.Session.Incoming.WaitToReadAsync().AsTask())).Start(new EndedScheduler());
                return;
            }

            SynchronizationContext? before = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(new EndedContext());
            second.SetResult(test.Session.Incoming.WaitToReadAsync().AsTask());
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    [Fact]
    public async Task What_a_consumer_leaves_ambient_on_the_thread_does_not_flow_into_the_loops_reads()
    {
        var ambient = new AsyncLocal<string?>();
        var begin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var stream = new AmbientStream(ambient, begin.Task);
        await using var session = DefaultWebSocketSession.Over(stream, stream, new SessionSettings { PingInterval = Timeout.InfiniteTimeSpan });
        OnReadable(session, () =>
        {
            ambient.Value = "the consumer's";
            SynchronizationContext.SetSynchronizationContext(new EndedContext());
        });

        begin.SetResult();
        await stream.Done.Soon();

        Assert.All(stream.Seen, Assert.Null);
        session.Abort();
    }

    [Fact]
    public async Task A_wait_for_a_frame_gives_its_caller_the_thread_back_however_many_pings_come_meanwhile()
    {
        var begin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var stream = new PingStream(begin.Task);
        await using var session = DefaultWebSocketSession.Over(stream, stream, new SessionSettings { PingInterval = Timeout.InfiniteTimeSpan });
        ValueTask<bool> first = session.Incoming.WaitToReadAsync();
        Task<int> consuming = ConsumeAsync();

        begin.SetResult();

        Assert.InRange(await consuming.Soon(), 0, 1000);
        session.Abort();

        async Task<int> ConsumeAsync()
        {
            await first.ConfigureAwait(false);
            Assert.True(session.Incoming.TryRead(out _));
            int before = stream.ReadsHere;
            ValueTask<bool> second = session.Incoming.WaitToReadAsync();
            int during = stream.ReadsHere - before;
            _ = second.AsTask().ContinueWith(static ended => ended.Exception, TaskScheduler.Default); // it fails at the end of the test
            return during;
        }
    }

    public static TheoryData<SessionKind, Blocking> BlockingCalls =>
        [.. from kind in Enum.GetValues<SessionKind>() from call in Enum.GetValues<Blocking>() where kind != SessionKind.Raw || call != Blocking.Ping select (kind, call)];

    public enum Blocking
    {
        Close,
        Dispose,
        Abort,
        Ping,
        Send,
        Flush,
        Read,
        ReadMany,
    }

    [Theory, MemberData(nameof(BlockingCalls))]
    public async Task A_consumer_may_wait_for_anything_without_leaving_its_thread(SessionKind kind, Blocking call)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind, settings => settings with
        {
            Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(4, 4000) },
        });
        WebSocketSession session = test.Session;
        ValueTask<bool> first = session.Incoming.WaitToReadAsync();
        Task consuming = ConsumeAsync();
        Task peer = Task.Run(AnswerAsync);

        test.Peer.SendHex("81 01 61");

        await consuming.Soon();
        session.Abort();
        await peer.Soon();

        async Task ConsumeAsync()
        {
            await first.ConfigureAwait(false);
            Assert.True(session.Incoming.TryRead(out Frame? frame));
            frame.Recycle();
            Wait(call switch
            {
                Blocking.Close => session.CloseAsync(),
                Blocking.Dispose => session.DisposeAsync().AsTask(),
                Blocking.Abort => AbortAsync(),
                Blocking.Ping => ((DefaultWebSocketSession)session).PingAsync(),
                Blocking.Send => session.SendAsync(new byte[40_000]).AsTask(),
                Blocking.Flush => Task.WhenAll(session.SendAsync("x").AsTask(), session.FlushAsync()),
                _ => session.SendAsync("x").AsTask(),
            });
            for (int i = 0; i < call switch { Blocking.Read => 1, Blocking.ReadMany => 20, _ => 0 }; i++)
            {
                Frame echo = session.Incoming.ReadAsync().Soon().GetAwaiter().GetResult();
                Assert.Equal("x", echo.ReadBytes().Select(b => $"{(char)b}").Single());
                echo.Recycle();
                Wait(session.SendAsync("x").AsTask());
            }
        }

        static void Wait(Task task) => task.Soon().GetAwaiter().GetResult();

        Task AbortAsync()
        {
            session.Abort();
            return session.Completion;
        }

        async Task AnswerAsync()
        {
            await foreach (Frame frame in test.Peer.ReceiveAllAsync())
            {
                switch (frame)
                {
                    case Frame.Ping:
                        test.Peer.SendFrame(Opcode.Pong, frame.Data.Span);
                        break;
                    case Frame.Text:
                        test.Peer.SendFrame(Opcode.Text, frame.Data.Span);
                        break;
                    case Frame.Close:
                        test.Peer.SendClose(CloseReason.Normal);
                        test.Peer.SendEof();
                        break;
                }
            }
        }
    }

    // As an await does it, but without what restores the ambient context behind it.
    private static void OnReadable(WebSocketSession session, Action action) => session.Incoming.WaitToReadAsync().ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(action);

    private static async Task BlockAfterFirstAsync(WebSocketSession session, ManualResetEventSlim gate)
    {
        await Task.Yield();
        await foreach (Frame frame in session.Incoming.ConfigureAwait(false))
        {
            gate.Wait(Patience.Limit);
            frame.Recycle();
        }
    }

    // Gives a frame for each read, each time after a wait, and notes what is ambient behind it.
    private sealed class AmbientStream(AsyncLocal<string?> ambient, Task? begin = null) : BareStream
    {
        private const int Reads = 50; // enough for loop and consumer to have begun some each

        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<string?> Seen { get; } = [];

        public Task Done => _done.Task;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (begin is not null)
                await begin;
            await Task.Yield();
            if (Seen.Count == Reads)
            {
                _done.TrySetResult();
                return 0;
            }

            Seen.Add(ambient.Value);
            if (buffer.IsEmpty)
                return 0;
            new byte[] { 0x82, 0x01, 0x61 }.CopyTo(buffer);
            return 3;
        }
    }

    // A frame, and then pings without a moment's wait, a great many.
    private sealed class PingStream(Task begin) : BareStream
    {
        private const int Most = 100_000; // so that the test ends, whatever happens

        private readonly ThreadLocal<int> _readsHere = new();
        private int _reads;

        /// <summary>How many reads there were on this thread.</summary>
        public int ReadsHere => _readsHere.Value;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!begin.IsCompleted)
                return WaitAsync(buffer);
            if (buffer.IsEmpty)
                return new ValueTask<int>(0);
            _readsHere.Value++;
            if (++_reads > Most)
                return new ValueTask<int>(0);
            (_reads == 1 ? (ReadOnlySpan<byte>)[0x81, 0x00] : [0x89, 0x00]).CopyTo(buffer.Span);
            return new ValueTask<int>(2);
        }

        private async ValueTask<int> WaitAsync(Memory<byte> buffer)
        {
            await begin.ConfigureAwait(false);
            return await ReadAsync(buffer).ConfigureAwait(false);
        }
    }

    // The contexts of a loop that has ended: nothing that is given to them is run.
    private sealed class EndedContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }
    }

    private sealed class EndedScheduler : TaskScheduler
    {
        // Set by the first task, which is run where it is begun.
        private bool _hasRun;

        protected override void QueueTask(Task task)
        {
            if (_hasRun)
                return;
            _hasRun = true;
            TryExecuteTask(task);
        }

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }
}
